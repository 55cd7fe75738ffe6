"""Starting the process that trains, listening to it, ending it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import psutil

from engine import i18n
from engine.i18n import N_, translate
from engine.paths import ROOT
from engine.training.events import LAST, Event, follow
from engine.training.folder import RunFolder

FLAG = "--train-worker"
PATIENCE_S = 1.5
"""So long a process that is to end at once may take to do so by itself."""


class Training:
    """A process that trains.

    Args:
        folder: Made for it.
    """

    def __init__(self, folder: RunFolder) -> None:
        """Start the process; it lives on when this one ends."""
        self.folder = folder
        frozen = getattr(sys, "frozen", False)
        program = [sys.executable] if frozen else [sys.executable, str(ROOT / "main.py")]
        environment = os.environ | {"LABSIGHT_LANG": i18n.language(), "PYTHONUNBUFFERED": "1"}
        with folder.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*program, FLAG, str(folder.path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                # Of its own, so that Ctrl-C in a terminal reaches this process alone.
                start_new_session=os.name != "nt",
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )

    def events(self) -> Iterator[Event | None]:
        """Yield what it tells as it comes, None now and then where nothing came.

        The last event is one of `engine.training.events.LAST`, also where the process was killed.
        """
        last: Event | None = None
        for event in follow(self.folder.events, lambda: self._process.poll() is None):
            last = event or last
            yield event
        if last is None or last["event"] not in LAST:
            code = self._process.wait()
            yield {
                "event": "failed",
                "run": self.folder.name,
                "message": translate(
                    N_("The process that trained ended without a word (code {code}).")
                ).format(code=code),
                "hint": translate(N_("{log} tells more.")).format(log=self.folder.log),
            }

    def stop(self) -> None:
        """Let it end after this batch and keep the best weights."""
        self.folder.command("stop")

    def cancel(self) -> None:
        """End it within two seconds, with all processes that it started."""
        self.folder.command("cancel")
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            if self._process.poll() is not None:
                return
            time.sleep(0.02)
        with suppress(psutil.Error):
            first = psutil.Process(self._process.pid)
            tree = [*first.children(recursive=True), first]
            for process in tree:
                with suppress(psutil.Error):
                    process.kill()
            psutil.wait_procs(tree[:-1], timeout=PATIENCE_S)
        self._process.wait()

    def wait(self) -> int:
        """Wait for its end; return its exit code."""
        return self._process.wait()
