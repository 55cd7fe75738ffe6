"""Processes of this program that work without a window, and live on when it is closed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from engine import i18n
from engine.paths import ROOT

PATIENCE_S = 1.5
"""So long a process that is to end at once may take to do so by itself."""
_FOR_THE_TREE_S = 0.4

# Who starts a process and looks at another one does not leave it without a parent that asks how it
# ended; until then the system keeps what is left of it.
_started: list[subprocess.Popen[bytes]] = []


class Process:
    """A process, started here or found.

    Args:
        process: As psutil knows it.
        popen: The same where it was started here.
    """

    def __init__(self, process: psutil.Process, popen: subprocess.Popen[bytes] | None) -> None:
        """Take it."""
        self.pid = process.pid
        self._process = process
        self._popen = popen

    @classmethod
    def start(cls, flag: str, folder: Path, log: Path) -> Process:
        """Start this program again, chosen by a flag before anything of Qt is imported.

        Args:
            flag: What `main.py` tells its kinds of work by.
            folder: Of the work.
            log: Gets what the process prints: one that writes to a pipe dies with its reader.
        """
        frozen = getattr(sys, "frozen", False)
        program = [sys.executable] if frozen else [sys.executable, str(ROOT / "main.py")]
        environment = os.environ | {"LABSIGHT_LANG": i18n.language(), "PYTHONUNBUFFERED": "1"}
        with log.open("ab") as file:
            popen = subprocess.Popen(
                [*program, flag, str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env=environment,
                # Of its own, so that Ctrl-C in a terminal reaches this process alone.
                start_new_session=os.name != "nt",
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        _started[:] = [each for each in _started if each.poll() is None] + [popen]
        return cls(psutil.Process(popen.pid), popen)

    @classmethod
    def find(cls, pid: int) -> Process:
        """Take a process that another one started.

        Raises:
            psutil.Error: There is none.
        """
        return cls(psutil.Process(pid), None)

    @property
    def alive(self) -> bool:
        """Whether it still works."""
        if self._popen is not None:
            return self._popen.poll() is None
        with suppress(psutil.Error):
            return bool(
                self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE
            )
        return False

    def wait(self) -> int | None:
        """Wait for its end; return its exit code, None where another process started it."""
        if self._popen is not None:
            return self._popen.wait()
        with suppress(psutil.Error):
            self._process.wait()
        return None

    def end(self) -> None:
        """Give it a moment to end by itself, then kill it with all processes that it started."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            if not self.alive:
                return
            time.sleep(0.02)
        with suppress(psutil.Error):
            tree = [*self._process.children(recursive=True), self._process]
            for process in tree:
                with suppress(psutil.Error):
                    process.kill()
            # Where nobody asks how they ended, what is left of them stays for a while.
            psutil.wait_procs(tree[:-1], timeout=_FOR_THE_TREE_S)
        self.wait()
