"""A camera in the window: how old a frame is when it is painted, and what the window keeps of it.

The camera is simulated: a rendered video of 640x480 at 30 frames a second. A frame's wait is from
its arrival to the end of the painting that shows it with what was found in it, the network's own
time taken off.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
import psutil

from benchmarks.harness import (
    MB,
    Measurement,
    Plan,
    at_most,
    gained_bytes,
    in_fresh_process,
)
from benchmarks.offscreen import rest, shown_window, until
from engine.config import RunConfig
from engine.session import Phase
from engine.types import Result

if TYPE_CHECKING:
    from PyQt6.QtGui import QPaintEvent

    from desktop.app import Application
    from desktop.widgets.image_view import ImageView

SPEC = "sim:{video}@30"
SIZE = 640, 480
FRAMES = 300
"""In the video that the camera shows again and again."""
FIRST_S = 1.0
WATCH_S = 30.0
MIDDLE_MS, SLOWEST_MS = 40.0, 80.0

STAY_S = 120.0
SETTLED_S = 30.0
GAIN_MB = 30.0
WARM_S = 3.0
REST_S = 2.0
_SAMPLE_MS = 500
_POOL_MS = 100


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of the frames of a camera, its first second left out.

    Attributes:
        waits_ms: From arrival to screen, without the network's time, of each frame that was shown.
        network_ms: The network's time for each of them.
        came: Frames that the camera had.
        left_out: Those that the run had no time for.
    """

    waits_ms: tuple[float, ...]
    network_ms: tuple[float, ...]
    came: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Stay:
    """What a long look at a camera left behind.

    Attributes:
        samples: Seconds since its first picture and memory held in bytes.
        shown: Frames that were shown.
        threads_before: Of the process, after a short run like it.
        threads_after: Once it has ended.
    """

    samples: tuple[tuple[float, int], ...]
    shown: int
    threads_before: int
    threads_after: int


def measure(plan: Plan) -> list[Measurement]:
    """Measure how old frames are when they are seen."""
    video, seconds = _video(plan), max(1.0, WATCH_S * plan.scale)
    measurements = []
    for weights in (RunConfig().weights, plan.weights):
        if weights is not None:
            runs = [in_fresh_process(look, video, seconds, weights) for _ in range(plan.repeats)]
            measurements += figures(weights.stem, runs)
    return measurements


def measure_memory(plan: Plan) -> list[Measurement]:
    """Measure what two minutes of a camera leave behind in memory and in threads."""
    settled_s, seconds = SETTLED_S * plan.scale, STAY_S * plan.scale
    stay = in_fresh_process(stay_on, _video(plan), seconds)
    what = f"{seconds:g} s of a camera"
    gain = gained_bytes(stay.samples, settled_s) / MB
    most = max(held for _, held in stay.samples) / MB
    return [
        at_most(f"{what}: memory gained after second {settled_s:g}", gain, "MB", GAIN_MB),
        Measurement(f"{what}: most memory held", most, "MB"),
        at_most(f"{what}: threads gained", stay.threads_after - stay.threads_before, "", 0),
        Measurement(f"{what}: threads before", stay.threads_before, ""),
        Measurement(f"{what}: frames shown", stay.shown, ""),
    ]


def look(video: Path, seconds: float, weights: Path) -> Seen:
    """Watch a simulated camera in the window for some seconds."""
    painted = _watch_paintings()
    known: dict[int, tuple[float, float, int]] = {}
    with _camera(video, weights) as application:
        runs = application.controller.current.runs

        def note(result: Result) -> None:
            assert result.frame.arrived is not None
            known[result.frame.index] = (
                result.frame.arrived,
                result.timing.network_ms,
                runs.dropped,
            )

        runs.result_came.connect(note)
        _run_for(application, FIRST_S + seconds)
    began = min(arrived for arrived, _, _ in known.values()) + FIRST_S
    steady = {
        index: (arrived, network_ms, dropped)
        for index, (arrived, network_ms, dropped) in known.items()
        if began <= arrived <= began + seconds
    }
    shown = {index: each for index, each in steady.items() if index in painted}
    first, last = min(steady), max(steady)
    return Seen(
        waits_ms=tuple(
            1000 * (painted[index] - arrived) - network_ms
            for index, (arrived, network_ms, _) in shown.items()
        ),
        network_ms=tuple(network_ms for _, network_ms, _ in shown.values()),
        came=last - first + 1,
        left_out=steady[last][2] - steady[first][2],
    )


def stay_on(video: Path, seconds: float) -> Stay:
    """Look at a simulated camera for long, after a short look that loads what is kept loaded."""
    from PyQt6.QtCore import QThreadPool, QTimer

    painted = _watch_paintings()
    process = psutil.Process()
    with _camera(video, RunConfig().weights) as application:
        pool = QThreadPool.globalInstance()
        assert pool is not None
        # Threads that wait half a minute for more to do are none that were left behind.
        pool.setExpiryTimeout(_POOL_MS)
        _run_for(application, WARM_S)
        rest(application, REST_S, lambda: False)
        before = process.num_threads()
        painted.clear()
        samples: list[tuple[float, int]] = []

        def sample() -> None:
            if painted:
                passed_s = time.monotonic() - min(painted.values())
                samples.append((passed_s, int(process.memory_info().rss)))

        timer = QTimer()
        timer.timeout.connect(sample)
        timer.start(_SAMPLE_MS)
        _run_for(application, seconds)
        timer.stop()
        sample()
        shown = len(painted)
        # Threads end a moment after they have said their last.
        rest(application, REST_S, lambda: False)
        after = process.num_threads()
    return Stay(tuple(samples), shown, before, after)


def figures(label: str, runs: Sequence[Seen]) -> list[Measurement]:
    """Return the medians of some runs."""
    middle = median(median(run.waits_ms) for run in runs)
    slowest = median(float(np.percentile(run.waits_ms, 99)) for run in runs)
    return [
        at_most(f"{label}: arrival to screen, median", middle, "ms", MIDDLE_MS),
        at_most(f"{label}: arrival to screen, 99 of 100", slowest, "ms", SLOWEST_MS),
        Measurement(
            f"{label}: network, median", median(median(run.network_ms) for run in runs), "ms"
        ),
        Measurement(f"{label}: frames that came", median(run.came for run in runs), ""),
        Measurement(f"{label}: frames shown", median(len(run.waits_ms) for run in runs), ""),
        Measurement(
            f"{label}: frames left out for lack of time", median(run.left_out for run in runs), ""
        ),
    ]


def _video(plan: Plan) -> Path:
    """Return what the camera shows."""
    from benchmarks.video import render

    count = plan.size(FRAMES)
    name = f"camera-{count}"
    return plan.made(name, lambda folder: render(folder / "video.mp4", count, SIZE)) / "video.mp4"


def _watch_paintings() -> dict[int, float]:
    """Return what is filled with the time of the first painting of each frame with its finds.

    Call it before the window is made.
    """
    from desktop.widgets.image_view import ImageView

    painted: dict[int, float] = {}
    paint = ImageView.paintEvent

    def watched(view: ImageView, event: QPaintEvent | None) -> None:
        paint(view, event)
        picture, overlay = view._stage.picture, view._stage.overlay
        if picture is not None and overlay is not None and overlay.place == picture.place:
            painted.setdefault(picture.place.index, time.monotonic())

    setattr(ImageView, "paintEvent", watched)  # noqa: B010 - a method may not be assigned to
    return painted


@contextmanager
def _camera(video: Path, weights: Path) -> Iterator[Application]:
    """Show the window with a simulated camera chosen in its tab."""
    with shown_window() as application:
        controller, window = application.controller, application.window
        assert window is not None
        if weights != application.state.config.weights:
            controller.weights.choose(weights)
            until(application, lambda: application.state.config.weights == weights)
        controller.cameras.choose(SPEC.format(video=video))
        window.show_tab("camera")
        yield application


def _run_for(application: Application, seconds: float) -> None:
    """Start the camera, let it run from its first picture on, and stop it."""
    state = application.controller.current.state
    state.change(place=None)
    application.controller.detect()
    until(application, lambda: state.phase is Phase.RUNNING and state.place is not None)
    rest(application, seconds, lambda: not state.phase.busy)
    if state.phase is not Phase.RUNNING:
        raise RuntimeError(f"the camera ended by itself: {application.messages.last}")
    application.controller.stop()
    until(application, lambda: not state.phase.busy)
