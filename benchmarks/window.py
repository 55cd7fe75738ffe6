"""The window: how soon it is there, and whether it ever stands still during a run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.harness import Measurement, Plan, at_most, in_fresh_process
from benchmarks.offscreen import Gaps, open_files, rest, shown_window, until
from benchmarks.screen import missing_tools, virtual_screen
from engine.paths import ROOT

PEER = "LABELME"
START_RATIO = 0.6
RUN_S = 30
GAP_MS, LOADING_MS = 50.0, 300.0
GAP_RUNS = 3
IDLE_S = 1.0
"""So long nobody presses anything, in which the window gets ready what it needs later."""
PICTURES = 400
SIZE = (1280, 720)
VIDEO_FRAMES = 900
VIDEO_SIZE = (1920, 1080)


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
    """Measure the longest time between two ticks while a run over pictures is under way."""
    pictures = plan.made("window-pictures", lambda folder: render(folder, PICTURES))
    runs = _repeated(plan, work_through, pictures)
    return [*_figures("a run", runs), _median("pictures in the run", [run.done for run in runs])]


def measure_video_ticks(plan: Plan) -> list[Measurement]:
    """Measure the same while a video at 1080p is worked through, and while it is played."""
    from benchmarks.video import render as render_video

    count = plan.size(VIDEO_FRAMES)
    video = plan.made(
        f"video-1080-{count}",
        lambda folder: render_video(folder / "video.mp4", count, VIDEO_SIZE),
    )
    figures = []
    for what, use in {"a run over a video": work_through, "playing a video": play}.items():
        runs = _repeated(plan, use, video / "video.mp4")
        figures += _figures(what, runs)
        figures.append(_median(f"frames in {what}", [run.done for run in runs]))
    return figures


def render(folder: Path, count: int) -> None:
    """Fill a folder with rendered pictures."""
    from engine.media import write_picture
    from engine.scenes.tubes import render_tubes

    images = [render_tubes(900_000 + number, SIZE).image for number in range(8)]
    for number in range(count):
        write_picture(images[number % len(images)], folder / f"{number:04}.jpg")


@dataclass(frozen=True, slots=True)
class Ticks:
    """The longest times between ticks, in milliseconds, and how much was done.

    Attributes:
        loading_ms: While the network was loaded.
        gap_ms: From then on.
        done: Pictures or frames worked on or shown with what was found in them.
    """

    loading_ms: float
    gap_ms: float
    done: int


def work_through(source: Path, seconds: float) -> Ticks:
    """Detect in pictures or a video for some seconds, with the window shown off screen."""
    from engine.session import Phase

    with shown_window() as application:
        open_files(application, source)
        rest(application, IDLE_S, lambda: False)
        controller = application.controller
        state = controller.current.state
        gaps = Gaps(lambda: state.phase)
        controller.detect()
        until(application, lambda: state.phase not in (Phase.IDLE, Phase.LOADING))
        rest(application, seconds, lambda: not state.phase.busy)
        controller.stop()
        until(application, lambda: not state.phase.busy)
        gaps.stop()
        done = 0 if state.progress is None else state.progress.done
    return Ticks(gaps.longest_ms[Phase.LOADING], gaps.longest_ms[Phase.RUNNING], done)


def play(video: Path, seconds: float) -> Ticks:
    """Play a video with detection, again and again, with the window shown off screen."""
    from engine.types import Result

    with shown_window() as application:
        open_files(application, video)
        videos = application.controller.videos
        found: list[int] = []

        def note(result: Result) -> None:
            if detecting():
                found.append(result.frame.index)

        def detecting() -> bool:
            return videos.status is not None and videos.status.detecting

        until(application, lambda: videos.status is not None and videos.status.index is not None)
        rest(application, IDLE_S, lambda: False)
        videos.result_came.connect(note)
        videos.set_loop(True)
        gaps = Gaps(lambda: "playing" if detecting() else "loading")
        videos.set_detecting(True)
        videos.play()
        until(application, detecting)
        rest(application, seconds, lambda: False)
        gaps.stop()
    return Ticks(gaps.longest_ms["loading"], gaps.longest_ms["playing"], len(found))


def _repeated(plan: Plan, use: Callable[[Path, float], Ticks], source: Path) -> list[Ticks]:
    seconds = max(2.0, RUN_S * plan.scale)
    return [
        in_fresh_process(use, source, seconds) for _ in range(min(plan.repeats, GAP_RUNS))
    ]


def _figures(what: str, runs: Sequence[Ticks]) -> list[Measurement]:
    """Return the longest gaps of some runs: the median of those under way, the worst before."""
    gap_ms = median(run.gap_ms for run in runs)
    loading_ms = max(run.loading_ms for run in runs)
    return [
        at_most(f"longest gap between ticks of {what}", gap_ms, "ms", GAP_MS),
        at_most(f"longest gap while loading for {what}", loading_ms, "ms", LOADING_MS),
    ]


def _median(name: str, values: Sequence[float]) -> Measurement:
    return Measurement(name, median(values), "")
