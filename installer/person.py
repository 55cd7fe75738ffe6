"""Somebody at a screen who starts an installed program, looks at its window and closes it."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from installer.frozen import Failure

PATIENCE_S = 60


class Person:
    """Somebody with an empty home and none of this Python's surroundings.

    Args:
        home: The home.
        display: The screen.
        program: The folder of the program.
        title: Of its window.
    """

    def __init__(self, home: Path, *, display: str, program: Path, title: str) -> None:
        """Sit down."""
        self.home = home
        self._program = program
        self._title = title
        self._environment = {
            "DISPLAY": display,
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PATH": "/usr/bin:/bin",
        }

    def run(self, *command: str) -> str:
        """Run a command and return what it printed.

        Raises:
            Failure: It ended with an error.
        """
        done = subprocess.run(
            command,
            env=self._environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failure(f"{shlex.join(command)} ended with {done.returncode}: {done.stderr}")
        return done.stdout.strip()

    @contextmanager
    def window(self, *command: str) -> Iterator[psutil.Process]:
        """Start the program by a command, wait for its window, close that by its keys at the end.

        Raises:
            Failure: There is no window, or it does not close.
        """
        launcher = subprocess.Popen(
            command,
            env=self._environment,
            cwd=self.home,
            # What is on standard output is for those who read the check.
            stdout=sys.stderr,
            start_new_session=True,
        )
        try:
            wait("the window", lambda: bool(self._windows()))
            process = next(self._running())
            yield process
            # There is no window manager that would give it the keyboard.
            self._hand("windowfocus", "--sync", self._windows()[0])
            self._hand("key", "ctrl+q")
            wait("the end of the program", lambda: _is_over(process))
        finally:
            for each in list(self._running()):
                with suppress(psutil.Error):
                    each.kill()
            launcher.wait()

    def _running(self) -> Iterator[psutil.Process]:
        """Yield the processes of the program, the oldest first."""
        begin = f"{self._program}/"
        for process in sorted(psutil.process_iter(), key=lambda each: each.pid):
            with suppress(psutil.Error):
                # A script's interpreter goes before its name.
                if any(word.startswith(begin) for word in process.cmdline()[:2]):
                    yield process

    def _windows(self) -> list[str]:
        return self._hand("search", "--onlyvisible", "--name", self._title).split()

    def _hand(self, *words: str) -> str:
        done = subprocess.run(
            ["xdotool", *words],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout


def wait(what: str, until: Callable[[], bool]) -> None:
    """Wait for something.

    Raises:
        Failure: It does not come.
    """
    end = time.monotonic() + PATIENCE_S
    while not until():
        if time.monotonic() > end:
            raise Failure(f"{what} did not come within {PATIENCE_S} s")
        time.sleep(0.05)


def holds(process: psutil.Process, file: Path) -> bool:
    """Tell whether a process, or one that it started, has a file open."""
    with suppress(psutil.Error):
        tree = [process, *process.children(recursive=True)]
        return any(Path(each.path) == file for member in tree for each in member.open_files())
    return False


def _is_over(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
