"""Starting the process that trains, listening to it, ending it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import suppress

import psutil

from engine.errors import TrainingError
from engine.i18n import N_, translate
from engine.process import Process
from engine.training.events import LAST, Event, follow
from engine.training.folder import RunFolder

FLAG = "--train-worker"
DISK_FULL = 28
"""Exit code of a process that could not even write why it ended."""


class Training:
    """A process that trains.

    Args:
        folder: Of the run.
        process: What works on it.
        start: Byte of the events at which what it says begins.
    """

    def __init__(self, folder: RunFolder, process: Process, start: int) -> None:
        """Take a process that is there; `begin`, `go_on` and `attach` find one."""
        self.folder = folder
        self._process = process
        self._start = start

    @classmethod
    def begin(cls, folder: RunFolder) -> Training:
        """Start the process of a run; it lives on when this one ends.

        Args:
            folder: Made for it, or of a run that goes on.

        Raises:
            TrainingError: The run is under way already, or the folder cannot be written.
        """
        if folder.is_running():
            raise TrainingError(
                N_("The training {name} is under way."), N_("Stop it first."), name=folder.name
            )
        folder.forget_commands()
        start = folder.events.stat().st_size if folder.events.exists() else 0
        process = Process.start(FLAG, folder.path, folder.log)
        # Said for it, so that nobody takes it for dead before it has come to say so itself.
        with suppress(psutil.Error):
            folder.beat(process.pid)
        return cls(folder, process, start)

    @classmethod
    def go_on(cls, folder: RunFolder, epochs: int | None = None) -> Training:
        """Start a run again where it stopped, from its start where nothing was kept of it.

        Args:
            folder: Of a run that was cancelled, interrupted, stopped or finished.
            epochs: All that are wanted now, by default as many as before.

        Raises:
            TrainingError: It has all epochs already, or is under way.
        """
        config = folder.config()
        wanted = config.epochs if epochs is None else epochs
        done = folder.summary().epoch
        if wanted <= done:
            raise TrainingError(
                N_("{name} has {done} epochs already."),
                N_("Ask for more than that."),
                name=folder.name,
                done=done,
            )
        if wanted != config.epochs:
            folder.write_config(dataclasses.replace(config, epochs=wanted))
        return cls.begin(folder)

    @classmethod
    def attach(cls, folder: RunFolder) -> Training | None:
        """Take the process that works on a run, None where there is none."""
        pid = folder.pid()
        with suppress(psutil.Error):
            return None if pid is None else cls(folder, Process.find(pid), 0)
        return None

    @property
    def alive(self) -> bool:
        """Whether the process still works."""
        return self._process.alive

    def events(self) -> Iterator[Event | None]:
        """Yield what it tells as it comes, None now and then where nothing came.

        The last event is one of `engine.training.events.LAST`, also where the process was killed.
        """
        for event in follow(self.folder.events, lambda: self.alive, start=self._start):
            yield event
            if event is not None and event["event"] in LAST:
                return
        yield self._silent_end()

    def stop(self) -> None:
        """Let it end after this batch and keep the best weights."""
        self.folder.command("stop")

    def cancel(self) -> None:
        """End it within two seconds, with all processes that it started."""
        self.folder.command("cancel")
        self._process.end()

    def wait(self) -> int | None:
        """Wait for its end; return its exit code, None where another process started it."""
        return self._process.wait()

    def _silent_end(self) -> Event:
        code = self._process.wait()
        message, hint = (
            (N_("The disk is full."), N_("Free some space; the weights so far are kept."))
            if code == DISK_FULL
            else (
                N_("The process that trained ended without a word (code {code})."),
                N_("{log} tells more."),
            )
        )
        return {
            "event": "failed",
            "run": self.folder.name,
            "message": translate(message).format(code=code),
            "hint": translate(hint).format(log=self.folder.log),
        }
