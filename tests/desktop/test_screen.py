"""The whole window on a real screen, with a real network: see `tests/desktop/screen`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.screen import virtual_screen

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = Path(__file__).resolve().parent / "screen"
SCENES = ("scenes.py", "video_scenes.py", "camera_scenes.py", "training_scenes.py")


@pytest.mark.slow
@pytest.mark.tool("Xvfb")
@pytest.mark.tool("xdotool")
@pytest.mark.tool("ffprobe")
@pytest.mark.parametrize("scenes", SCENES)
def test_a_person_at_a_real_screen(scenes: str) -> None:
    with virtual_screen(1440, 1000) as environment:
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        command.append(str(FOLDER / scenes))
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
