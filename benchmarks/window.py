"""The window: how soon it is there, and whether it ever stands still during a run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.harness import Measurement, Plan, at_most, in_fresh_process
from benchmarks.screen import missing_tools, virtual_screen
from engine.paths import ROOT

PEER = "LABELME"
START_RATIO = 0.6
RUN_S = 30
GAP_MS, LOADING_MS = 50.0, 300.0
GAP_RUNS = 3
TICK_MS = 5
PICTURES = 400
SIZE = (1280, 720)


def measure_start(plan: Plan) -> list[Measurement]:
    """Measure from the start of the process to its window on screen, turn by turn with a peer.

    The environment variable LABELME names the peer's command; without it only our own start is
    measured.
    """
    tools = missing_tools()
    if tools:
        raise SystemExit(f"needs {' and '.join(tools)}")
    peer = os.environ.get(PEER) or shutil.which("labelme")
    commands = {"LabSight": ([sys.executable, str(ROOT / "main.py")], "LabSight")}
    if peer:
        commands["labelme"] = ([peer], "[Ll]abelme")
    times: dict[str, list[float]] = {name: [] for name in commands}
    with virtual_screen() as environment, tempfile.TemporaryDirectory() as home:
        environment |= {
            "HOME": home,
            "LABSIGHT_HOME": f"{home}/LabSight",
            "LABSIGHT_DATA": f"{home}/data",
            "XDG_CONFIG_HOME": f"{home}/config",
        }
        # The first start of each fills the caches of files and of compiled modules.
        for turn in range(plan.repeats + 1):
            for name, (command, title) in commands.items():
                seconds = until_window(command, title, environment)
                if turn:
                    times[name].append(seconds)
    ours = median(times["LabSight"])
    found = [Measurement("start to visible window", ours, "s")]
    if peer:
        theirs = median(times["labelme"])
        found.append(Measurement("labelme: start to visible window", theirs, "s"))
        found.append(at_most("start, share of labelme's", ours / theirs, "", START_RATIO))
    return found


def until_window(command: Sequence[str], title: str, environment: dict[str, str]) -> float:
    """Start a program, wait for its window, end it, and return the seconds that it took."""
    began = time.perf_counter()
    program = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        search = ["xdotool", "search", "--onlyvisible", "--name", title]
        while subprocess.run(search, env=environment, capture_output=True, check=False).returncode:
            if program.poll() is not None or time.perf_counter() - began > 60:
                raise SystemExit(f"{command[0]} showed no window")
            time.sleep(0.005)
        return time.perf_counter() - began
    finally:
        program.kill()
        program.wait()


def measure_ticks(plan: Plan) -> list[Measurement]:
    """Measure the longest time between two ticks of the window while a run is under way."""
    pictures = plan.made("window-pictures", lambda folder: render(folder, PICTURES))
    seconds = max(2, plan.size(RUN_S))
    runs = [
        in_fresh_process(run_with_window, pictures, seconds)
        for _ in range(min(plan.repeats, GAP_RUNS))
    ]
    return [
        at_most(
            "longest gap between ticks of a run", median(run.gap_ms for run in runs), "ms", GAP_MS
        ),
        at_most(
            "longest gap while loading", max(run.loading_ms for run in runs), "ms", LOADING_MS
        ),
        Measurement("pictures in the run", median(run.pictures for run in runs), ""),
    ]


def render(folder: Path, count: int) -> None:
    """Fill a folder with rendered pictures."""
    from engine.media import write_picture
    from engine.scenes.tubes import render_tubes

    images = [render_tubes(900_000 + number, SIZE).image for number in range(8)]
    for number in range(count):
        write_picture(images[number % len(images)], folder / f"{number:04}.jpg")


@dataclass(frozen=True, slots=True)
class Ticks:
    """The longest times between ticks, in milliseconds, and the pictures worked on."""

    loading_ms: float
    gap_ms: float
    pictures: int


def run_with_window(pictures: Path, seconds: int) -> Ticks:
    """Detect in pictures for some seconds with the window shown off screen."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"LABSIGHT_HOME": f"{home}/sessions", "LABSIGHT_DATA": f"{home}/data"}
        return _ticks(pictures, seconds)


def _ticks(pictures: Path, seconds: int) -> Ticks:
    from PyQt6.QtCore import Qt, QTimer
    from PyQt6.QtWidgets import QApplication

    from desktop.app import Application
    from desktop.settings import Settings
    from engine.session import Phase

    app = QApplication(["benchmark"])
    application = Application(app, Settings())
    application.show()
    state = application.state
    gaps: dict[Any, float] = {}
    last = time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        gaps[state.phase] = max(gaps.get(state.phase, 0.0), (now - last) * 1000)
        last = now

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    application.controller.open([pictures])
    begun = False

    def begin() -> None:
        nonlocal begun, last
        if not begun and state.sources and state.model is not None and not state.model_busy:
            begun = True
            last = time.perf_counter()
            timer.start(TICK_MS)
            application.controller.detect()

    def running() -> None:
        if state.phase is Phase.RUNNING:
            QTimer.singleShot(seconds * 1000, application.controller.current.runs.stop)

    starter = QTimer()
    starter.timeout.connect(begin)
    starter.start(20)
    state.phase_changed.connect(running)
    application.controller.current.runs.run_ended.connect(lambda phase: app.quit())
    app.exec()
    timer.stop()
    starter.stop()
    worked = sum(1 for outcome in state.outcomes.values() if outcome.counts is not None)
    application.close()
    return Ticks(gaps.get(Phase.LOADING, 0.0), gaps.get(Phase.RUNNING, 0.0), worked)
