"""From a slider to what it changes on the picture: boxes within a frame, masks soon after."""

from __future__ import annotations

import functools
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import made
from benchmarks.harness import Measurement, Plan, at_most, in_fresh_process
from engine.store import SessionWriter
from engine.types import Candidates, Detections, Frame, Result

if TYPE_CHECKING:
    from PyQt6.QtWidgets import QApplication

    from desktop.scene import Overlay
    from desktop.widgets.image_view import ImageView

OBJECTS, CANDIDATES = 300, 1000
VIEW = 1000, 700
PICTURE = "made.jpg"
BOXES_MS, MASKS_MS = 16.0, 100.0
# The confidences that a slider is moved between; each leaves a few objects more or fewer.
_STEPS = (0.30, 0.27, 0.33, 0.25, 0.35)


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of each repeat."""

    boxes: list[float]
    painting: list[float]
    masks: list[float]
    first: float


def measure(plan: Plan) -> list[Measurement]:
    """Measure a picture of 300 objects and 1,000 candidates in a view of 1000 x 700 pixels."""
    objects, candidates = plan.size(OBJECTS), plan.size(CANDIDATES)
    with tempfile.TemporaryDirectory(dir=plan.folder) as folder:
        times = in_fresh_process(_measure, Path(folder), objects, candidates, plan.repeats)
    what = f"{OBJECTS} objects"
    return [
        at_most(f"slider to boxes of {what}, UI thread", median(times.boxes), "ms", BOXES_MS),
        at_most(f"painting masks of {what}, UI thread", median(times.painting), "ms", BOXES_MS),
        at_most(f"slider to masks of {what} on screen", median(times.masks), "ms", MASKS_MS),
        Measurement(f"picture to masks of {what} on screen, first time", times.first, "ms"),
    ]


def result(objects: int, candidates: int) -> Result:
    """Return a result whose candidates all have a mask."""
    rng = np.random.default_rng(0)
    found = made.boxes(rng, objects)
    near = found[rng.integers(0, objects, candidates)]
    proposed = (near + rng.normal(0, 2, near.shape)).astype(np.float32)
    proposed[:objects] = found
    height, width = made.SIZE
    proposed = np.clip(proposed, 0, np.array((width, height) * 2, np.float32))
    sure = made.scores(rng, objects, 0.25)
    unsure = made.scores(rng, candidates - objects, 0.01) / 4
    known = Candidates(
        proposed,
        np.concatenate((sure, unsure)),
        rng.integers(0, len(made.NAMES), candidates).astype(np.int32),
        masks=tuple(made.ellipse(box) for box in proposed.tolist()),
    )
    image = rng.integers(0, 255, (height, width, 3), np.uint8)
    return Result(Frame(image, 0, None, PICTURE), Detections.empty(), known)


def _measure(folder: Path, objects: int, candidates: int, repeats: int) -> Times:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PyQt6.QtWidgets import QApplication

    from desktop import theme
    from desktop.app import SWITCH_EVERY_S
    from desktop.presenter import Presenter
    from desktop.state import Place
    from desktop.widgets.image_view import ImageView
    from engine.config import RunConfig

    found = result(objects, candidates)
    with SessionWriter.create(folder / "session", made.run_record()) as session:
        session.add(found)
    sys.setswitchinterval(SWITCH_EVERY_S)
    app = QApplication(["benchmark"])
    theme.apply(app, "light")
    view = ImageView()
    view.resize(*VIEW)
    view.show()
    presenter = Presenter(read=lambda path, index, time_s: found.frame)
    came: list[Overlay] = []
    presenter.picture_ready.connect(view.set_picture)
    presenter.overlay_ready.connect(came.append)
    view.zoom_changed.connect(presenter.set_zoom)

    def ask(request: Callable[[], object]) -> float:
        """Return the milliseconds from a request to its masks on screen."""
        came.clear()
        began = time.perf_counter()
        request()
        _wait(app, lambda: bool(came) and _is_whole(came[-1]))
        _paint(view, came[-1])
        return (time.perf_counter() - began) * 1000

    # What the thread imports is no part of the first picture.
    presenter.show(Place(PICTURE), None)
    _wait(app, lambda: view.fitted and view.zoom != 1.0)
    first = ask(lambda: presenter.show(Place(PICTURE), session.path))
    masks, boxes, painting = [], [], []
    for number in range(repeats + len(_STEPS)):
        config = RunConfig(confidence=_STEPS[number % len(_STEPS)])
        masks.append(ask(functools.partial(presenter.set_thresholds, config, None)))
        painting.append(_paint(view, came[-1]))
        boxes.append(_paint(view, _without_outlines(came[-1])))
    presenter.close()
    # The first round traces what none before it needed.
    start = len(_STEPS)
    return Times(boxes[start:], painting[start:], masks[start:], first)


def _paint(view: ImageView, overlay: Overlay) -> float:
    """Return the milliseconds that showing an overlay takes of the UI thread."""
    began = time.perf_counter()
    view.set_overlay(overlay)
    view.repaint()
    return (time.perf_counter() - began) * 1000


def _is_whole(overlay: Overlay) -> bool:
    return overlay.outlines is not None and None not in overlay.outlines


def _without_outlines(overlay: Overlay) -> Overlay:
    return replace(overlay, outlines=(None,) * len(overlay.detections))


def _wait(app: QApplication, ready: Callable[[], bool]) -> None:
    from PyQt6.QtCore import QEventLoop

    # Waiting asleep: a thread that only looks again and again would hold up the one at work.
    while not ready():
        app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
