"""`self-test --window`: the real window, driven; what fails is named and the rest is tried."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.paths import ROOT

PARTS = (
    "window", "icons", "styles", "translations", "tabs", "drop", "detection", "excel", "training",
    "close", "log",
)  # fmt: skip
SABOTAGE = """
import sys
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QPixmap
from desktop import icons, self_test

def empty(name, size, token="text", ratio=1.0):
    result = QPixmap(size, size)
    result.fill(Qt.GlobalColor.transparent)
    return result

icons.pixmap = empty
self_test._Drive._detect = lambda drive: drive._button("no such words")
self_test._Drive._export = lambda drive: None
self_test._Drive._train = lambda drive: 1 / 0
sys.exit(self_test.main())
"""


def drive(tmp_path: Path, *command: str, **variables: str) -> tuple[int, dict[str, Any], str]:
    """Run a command with a home of its own; return code, the line, and what else was said."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = os.environ | {"TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)} | variables
    done = subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, check=False
    )
    assert list(temporary.iterdir()) == []
    return done.returncode, json.loads(done.stdout), done.stderr


@pytest.mark.slow
def test_a_sound_window(tmp_path: Path) -> None:
    code, line, said = drive(tmp_path, str(ROOT / "main.py"), "self-test", "--window")
    assert line["parts"] == dict.fromkeys(PARTS, "ok")
    assert (code, line["ok"], said) == (0, True, "")


@pytest.mark.slow
def test_parts_that_fail_are_named_and_the_others_are_tried(tmp_path: Path) -> None:
    code, line, said = drive(tmp_path, "-c", SABOTAGE)
    parts = line["parts"]
    assert (code, line["ok"], said) == (1, False, "")
    assert parts["icons"].startswith("_Failed: nothing is drawn of ['camera', ")
    assert parts["detection"] == "_Failed: no button says no such words"
    assert parts["training"] == "ZeroDivisionError: division by zero"
    sound = set(PARTS) - {"icons", "detection", "training"}
    assert {name: parts[name] for name in sound} == dict.fromkeys(sound, "ok")


def test_without_a_screen_it_says_so(tmp_path: Path) -> None:
    variables = {"QT_QPA_PLATFORM": "xcb", "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    words = ("self-test", "--lang", "zh_CN", "--window")
    code, line, _ = drive(tmp_path, str(ROOT / "main.py"), *words, **variables)
    assert (code, line["parts"]) == (1, {"window": "there is no display"})


@pytest.mark.slow
def test_what_the_log_says_counts(tmp_path: Path) -> None:
    warned = (
        "import logging, sys\n"
        "from desktop import self_test\n"
        "for name in ('_detect', '_export', '_train', '_tabs'):\n"
        "    setattr(self_test._Drive, name, lambda drive: None)\n"
        "warn = lambda drive: logging.getLogger('labsight').warning('something is odd')\n"
        "self_test._Drive._drop = warn\n"
        "sys.exit(self_test.main())"
    )
    code, line, _ = drive(tmp_path, "-c", warned)
    assert code == 1
    assert line["parts"]["drop"] == "ok"
    assert line["parts"]["log"].endswith("WARNING something is odd")
