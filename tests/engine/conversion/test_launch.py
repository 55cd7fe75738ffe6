"""The process that exports: heard to its end, cancelled at once, gone with the one that waits."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.conversion.config import ConversionConfig
from engine.conversion.launch import Export
from engine.paths import ROOT
from engine.training.events import Event

SLEEPER = "import time; time.sleep(60)"
WAITER = """
import sys, time
from pathlib import Path
from engine.conversion.config import ConversionConfig
from engine.conversion.launch import Export
weights, out = map(Path, sys.argv[1:])
export = Export(ConversionConfig(weights=weights, format="openvino", out=out))
print(export._process.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that temporary files go to, for child processes too."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setenv("TEMP", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def instead(
    monkeypatch: pytest.MonkeyPatch, lively: Path, tmp_path: Path
) -> Callable[[str], Export]:
    """Return a function that starts an export whose process runs another program."""
    plain = subprocess.Popen

    def start_instead(program: str) -> Export:
        def popen(arguments: list[str], **options: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401
            return plain([sys.executable, "-c", program, arguments[-1]], **options)

        with monkeypatch.context() as patch:
            patch.setattr(subprocess, "Popen", popen)
            return Export(ConversionConfig(weights=lively, out=tmp_path / "out"))

    return start_instead


def told(export: Export) -> list[Event]:
    return [event for event in export.events() if event is not None]


@pytest.mark.slow
def test_an_export_is_heard_to_its_end(lively: Path, tmp_path: Path, temporary: Path) -> None:
    export = Export(ConversionConfig(weights=lively, input_size=64, out=tmp_path / "出 out"))
    events = told(export)
    assert [event["event"] for event in events] == ["stage"] * 6 + ["finished"]
    assert {event["run"] for event in events} == {lively.stem}
    assert Path(events[-1]["path"]) == export.target
    assert export.target.stat().st_size == events[-1]["bytes"]
    assert export.wait() == 0
    assert list(temporary.glob("labsight-export-*")) == []


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["read", "trace", "convert"])
def test_an_export_that_is_cancelled_leaves_nothing(
    lively: Path, tmp_path: Path, temporary: Path, stage: str
) -> None:
    out = tmp_path / "out"
    export = Export(ConversionConfig(weights=lively, format="openvino", out=out))
    events = export.events()
    while (event := next(events)) is None or event["stage"] != stage:
        pass
    began = time.monotonic()
    export.cancel()
    assert time.monotonic() - began < 2
    assert [event["event"] for event in events if event] == ["cancelled"]
    assert not out.exists()
    assert list(temporary.glob("labsight-export-*")) == []
    export.cancel()


def test_a_child_that_does_not_listen_is_ended_within_two_seconds(
    instead: Callable[[str], Export], temporary: Path
) -> None:
    export = instead(SLEEPER)
    began = time.monotonic()
    export.cancel()
    assert time.monotonic() - began < 2
    assert not psutil.pid_exists(export._process.pid)
    assert list(temporary.iterdir()) == []


def test_a_child_is_ended_with_its_own(instead: Callable[[str], Export], temporary: Path) -> None:
    child = f"[sys.executable, '-c', {SLEEPER!r}]"
    export = instead(f"import subprocess, sys; subprocess.Popen({child}); {SLEEPER}")
    parent = psutil.Process(export._process.pid)
    while not parent.children():
        time.sleep(0.01)
    (grandchild,) = parent.children()
    export.cancel()
    assert not parent.is_running()
    assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE
    assert list(temporary.iterdir()) == []


def test_a_child_that_dies_is_a_failure_whose_log_is_kept(
    instead: Callable[[str], Export], temporary: Path
) -> None:
    (event,) = told(instead("print('last words', flush=True); raise SystemExit(7)"))
    assert event["event"] == "failed"
    assert "7" in event["message"]
    (log,) = temporary.glob("labsight-export-*/log.txt")
    assert str(log) in event["hint"]
    assert log.read_text(encoding="utf-8") == "last words\n"
    assert not (log.parent / "made").exists()


@pytest.mark.slow
def test_it_ends_with_the_process_that_waits(lively: Path, tmp_path: Path, temporary: Path) -> None:
    command = [sys.executable, "-c", WAITER, str(lively), str(tmp_path / "out")]
    waiter = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert waiter.stdout is not None
    child = psutil.Process(int(waiter.stdout.readline()))
    waiter.kill()
    waiter.communicate()
    child.wait(10)
    assert not (tmp_path / "out").exists()
    assert list(temporary.glob("labsight-export-*")) == []
