"""What the installed program does before anything else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine import bundle
from engine.paths import ROOT


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing that is changed outlive a test."""
    monkeypatch.setenv("PYINSTALLER_RESET_ENVIRONMENT", "")
    for name in ("LD_LIBRARY_PATH", "LD_LIBRARY_PATH_ORIG"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_it_is_called_by_what_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bundle.program() == "main.py"
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "argv", ["/usr/bin/labsight", "doctor"])
    assert bundle.program() == "labsight"


def test_streams_that_are_not_there_take_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = sys.stderr
    monkeypatch.setattr(sys, "stdout", None)
    bundle._open_streams()
    assert sys.stdout is not None
    assert sys.stdout.write("试管\n")
    assert sys.stderr is kept
    sys.stdout.close()


@pytest.mark.parametrize("before", ["", "/opt/own/lib"])
def test_programs_that_are_started_get_the_libraries_of_the_system(
    monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", f"/opt/labsight/_internal:{before}")
    if before:
        monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", before)
    bundle._free_children()
    assert os.environ.get("LD_LIBRARY_PATH", "") == before
    assert "LD_LIBRARY_PATH_ORIG" not in os.environ
    assert os.environ["PYINSTALLER_RESET_ENVIRONMENT"] == "1"


def test_a_search_path_that_nobody_changed_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    bundle._free_children()
    assert "LD_LIBRARY_PATH" not in os.environ


def test_main_settles_in_where_it_is_frozen_only(tmp_path: Path) -> None:
    code = (
        "import sys; sys.frozen = {}; sys.argv = ['LabSight', '--version']\n"
        "from engine import bundle; bundle.settle_in = lambda: print('settled')\n"
        "import main; main.main()"
    )
    said = {}
    for frozen in (True, False):
        command = [sys.executable, "-c", code.format(frozen)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        said[frozen] = done.stdout.splitlines()[0]
    assert said[True] == "settled"
    assert said[False].startswith("LabSight ")
