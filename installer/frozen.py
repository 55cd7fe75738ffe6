"""The frozen program where nothing of a developer's machine is at hand.

It gets an empty home, a screen, and an environment of five variables; programs cannot be found and
there is no network. Whatever it says that nobody has allowed counts as a failure.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.version import NAME

ALLOWED: tuple[str, ...] = ()
"""What may stand on standard error and in the logs of child processes: patterns of whole lines."""
PATIENCE_S = 600


class Failure(Exception):
    """What the program did not do as it should."""


class Frozen:
    """A bundle and the place that it is tried in.

    Args:
        folder: Of the bundle.
        home: An empty folder.
        display: The screen.

    Attributes:
        program: Its executable.
        environment: What it finds.
    """

    def __init__(self, folder: Path, home: Path, display: str) -> None:
        """Make the place."""
        self.program = folder / NAME
        self.home = home
        self.scratch = home / "tmp"
        self.scratch.mkdir()
        self.environment = {
            "DISPLAY": display,
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PATH": "/nonexistent",
            "TMPDIR": str(self.scratch),
        }

    @property
    def data(self) -> Path:
        """Where it keeps settings, logs and reports of crashes."""
        return self.home / ".local" / "share" / NAME.lower()

    def command(self, *words: object) -> list[str]:
        """Return a command line that starts it without a network."""
        return [*without_network(), str(self.program), *map(str, words)]

    def say(self, *words: object) -> str:
        """Run a command and return what it printed.

        Raises:
            Failure: It failed or said something that it should not.
        """
        done = subprocess.run(
            self.command(*words),
            env=self.environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=PATIENCE_S,
            check=False,
        )
        if done.returncode != 0:
            told = (done.stderr or done.stdout).strip()[-2000:]
            raise Failure(f"{shlex.join(map(str, words))} ended with {done.returncode}: {told}")
        refuse_others(done.stderr.splitlines(), "standard error")
        return done.stdout

    def tell(self, *words: object) -> list[dict[str, Any]]:
        """Run a command that prints one JSON object a line, and return them.

        Raises:
            Failure: It failed, or printed something else.
        """
        lines = self.say(*words).splitlines()
        try:
            found = [json.loads(line) for line in lines]
        except ValueError as error:
            raise Failure(f"{shlex.join(map(str, words))} printed {lines!r}") from error
        if not found:
            raise Failure(f"{shlex.join(map(str, words))} printed nothing")
        return found

    def sweep(self) -> None:
        """Clear away what a window left that was killed and could not do so itself."""
        for path in self.scratch.iterdir():
            shutil.rmtree(path)

    @contextmanager
    def started(self, log: Path, *words: object) -> Iterator[subprocess.Popen[bytes]]:
        """Start the window or a command, and kill what is left of it in the end.

        Args:
            log: Gets what it prints.
            words: The command, none for the window.
        """
        with log.open("wb") as file:
            process = subprocess.Popen(
                self.command(*words), env=self.environment, cwd=self.home, stdout=file, stderr=file
            )
            try:
                yield process
            finally:
                process.kill()
                process.wait()
                self.sweep()


def without_network() -> list[str]:
    """Return what goes before a command that is to have no network."""
    # By its whole path: the program that it starts finds no programs.
    command = [shutil.which("unshare") or "unshare", "--net"]
    return command if os.geteuid() == 0 else [*command, "--map-root-user"]


def refuse_others(lines: Iterable[str], where: str, allowed: Sequence[str] = ALLOWED) -> None:
    """Refuse lines that nobody has allowed; empty ones are nothing.

    Raises:
        Failure: There are some.
    """
    others = [
        line
        for line in lines
        if line.strip() and not any(re.fullmatch(pattern, line) for pattern in allowed)
    ]
    if others:
        raise Failure(f"{where}: {'; '.join(others[:5])}")


def until(what: str, holds: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for something.

    Raises:
        Failure: It does not come.
    """
    last = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > last:
            raise Failure(f"{what} did not come within {seconds:g} s")
        time.sleep(0.05)
