"""What a command line said, in this process or in one of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent

WITHOUT_NETWORK = """
import sys
from engine.cli import detect, run
from engine.inference.fake import FakeDetector
detect.open_detector = lambda config: FakeDetector(20)
sys.exit(run(sys.argv[1:]))
"""
"""A program that is `main.py` with a detector that needs no torch and so starts in a moment."""

Command = Callable[..., "Said"]


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The lines of stdout, each of which must be one JSON object."""
        lines = self.out.split("\n")
        assert lines.pop() == ""
        found = [json.loads(line, parse_constant=_refuse) for line in lines]
        assert all(isinstance(each, dict) for each in found)
        return found

    @property
    def results(self) -> list[dict[str, Any]]:
        """The lines of pictures and frames."""
        *found, last = self.objects
        assert list(last) == ["summary"]
        assert not any("summary" in each for each in found)
        return found

    @property
    def summary(self) -> dict[str, Any]:
        """What the last line says."""
        (summary,) = self.objects[-1].values()
        assert isinstance(summary, dict)
        return summary

    @property
    def session(self) -> Path:
        """The session file."""
        return Path(self.summary["session"])


def _refuse(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def start(
    *arguments: object, code: str | None = None, variables: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start `main.py`, or the code given, in a process with pipes for both streams."""
    program = [str(ROOT / "main.py")] if code is None else ["-c", code]
    # One thread: on a machine that is busy with other tests more of them wait for one another.
    environment = {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "error::ResourceWarning"}
    return subprocess.Popen(
        [sys.executable, *program, *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | environment | dict(variables or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def finish(process: subprocess.Popen[str], before: str = "") -> Said:
    """Wait for a process and return all it said, `before` being what was read already."""
    out, err = process.communicate(timeout=300)
    return Said(process.returncode, before + (out or ""), err or "")
