"""From a place to a picture and its finds, outside the UI thread and the newest request first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import QThread
from pytestqt.qtbot import QtBot

from benchmarks import made
from desktop.presenter import Presenter
from desktop.scene import Overlay, Picture
from desktop.state import Place
from engine import masks
from engine.config import RunConfig
from engine.errors import EngineError, PictureError
from engine.inference.candidates import reconsider
from engine.media import write_picture
from engine.store import SessionWriter
from engine.types import Candidates, Detections, Frame, ModelInfo, Result, Rle

SIZE = (60, 80)
CONFIG = RunConfig(confidence=0.25, iou=0.7)


class Listener:
    """What a presenter said, in order."""

    def __init__(self, presenter: Presenter) -> None:
        self.pictures: list[Picture] = []
        self.overlays: list[Overlay] = []
        self.errors: list[EngineError] = []
        self.order: list[str] = []
        self.threads: set[bool] = set()
        own = QThread.currentThread()
        for name, signal, kept in (
            ("picture", presenter.picture_ready, self.pictures),
            ("overlay", presenter.overlay_ready, self.overlays),
            ("error", presenter.failed, self.errors),
        ):
            signal.connect(self._keep(name, kept, own))

    def _keep(self, name: str, kept: list[Any], own: QThread | None) -> Callable[[object], None]:
        def keep(said: object) -> None:
            kept.append(said)
            self.order.append(name)
            self.threads.add(QThread.currentThread() is own)

        return keep

    def is_whole(self) -> bool:
        """Tell whether the outlines of all masks came."""
        last = self.overlays[-1].outlines if self.overlays else (None,)
        return last is not None and None not in last


def frame_at(path: Path, index: int, time_s: float | None = None) -> Frame:
    """Return a picture whose shade says where it is from."""
    shade = (sum(path.name.encode()) + index) % 256
    return Frame(np.full((*SIZE, 3), shade, np.uint8), index, time_s, str(path))


@pytest.fixture
def presenter(qtbot: QtBot) -> Iterator[Presenter]:
    presenter = Presenter(read=frame_at)
    yield presenter
    presenter.close()


def block(x1: int, y1: int, x2: int, y2: int) -> Rle:
    return masks.encode(np.ones((y2 - y1, x2 - x1), bool), x1, y1, *SIZE)


def result_of(path: str, index: int = 0) -> Result:
    """Return a result with masks, three candidates of which are detections of `CONFIG`."""
    boxes = [[2, 2, 22, 22], [4, 2, 24, 22], [40, 30, 60, 50], [30, 2, 38, 12], [60, 2, 78, 12]]
    candidates = Candidates(
        np.array(boxes, np.float32),
        np.array([0.9, 0.8, 0.6, 0.5, 0.2], np.float32),
        np.array([0, 0, 2, 1, 1], np.int32),
        masks=tuple(block(*box) for box in boxes),
    )
    found = reconsider(candidates, SIZE, confidence=CONFIG.confidence, iou=CONFIG.iou)
    return Result(frame_at(Path(path), index), found, candidates)


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """Return a session with a picture, two pages of another, and what was found in them."""
    with SessionWriter.create(tmp_path / "run", made.run_record()) as writer:
        writer.add(result_of("a.png"))
        writer.add(result_of("b.tif", 0))
        writer.add(replace(result_of("b.tif", 1), detections=Detections.empty(), candidates=None))
    return writer.path


def test_a_picture_comes_before_what_was_found_in_it(
    qtbot: QtBot, presenter: Presenter, session: Path
) -> None:
    listener = Listener(presenter)
    presenter.set_thresholds(CONFIG, None)
    presenter.show(Place("b.tif"), session)
    qtbot.waitUntil(listener.is_whole)
    assert listener.order == ["picture", "overlay", "overlay"]
    assert listener.threads == {True}
    (picture,) = listener.pictures
    assert (picture.place, picture.width, picture.height) == (Place("b.tif"), 80, 60)
    boxes, whole = listener.overlays
    assert boxes.outlines == (None, None, None)
    assert (boxes.frame_id, whole.frame_id) == (2, 2)
    own = result_of("b.tif").detections
    for overlay in (boxes, whole):
        assert np.array_equal(overlay.detections.boxes, own.boxes)
        assert np.array_equal(overlay.detections.scores, own.scores)
        assert np.array_equal(overlay.detections.classes, own.classes)
    assert whole.names == made.NAMES


def test_each_page_has_its_own_finds(qtbot: QtBot, presenter: Presenter, session: Path) -> None:
    listener = Listener(presenter)
    presenter.show(Place("b.tif", 1), session)
    qtbot.waitUntil(lambda: bool(listener.overlays))
    assert listener.overlays[-1].frame_id == 3
    assert len(listener.overlays[-1].detections) == 0


def test_a_picture_that_is_in_no_session_has_no_overlay(
    qtbot: QtBot, presenter: Presenter, session: Path
) -> None:
    listener = Listener(presenter)
    presenter.show(Place("c.png"), session)
    qtbot.waitUntil(lambda: len(listener.pictures) == 1)
    presenter.show(Place("a.png"), None)
    qtbot.waitUntil(lambda: len(listener.pictures) == 2)
    presenter.show(Place("a.png"), session)
    qtbot.waitUntil(lambda: bool(listener.overlays))
    assert listener.order[:3] == ["picture", "picture", "picture"]
    assert listener.errors == []


def test_a_slider_changes_the_overlay_alone_and_traces_nothing_twice(
    qtbot: QtBot, presenter: Presenter, session: Path
) -> None:
    listener = Listener(presenter)
    presenter.set_thresholds(CONFIG, None)
    presenter.show(Place("a.png"), session)
    qtbot.waitUntil(listener.is_whole)
    former = listener.overlays[-1].outlines
    listener.order.clear()
    presenter.set_thresholds(replace(CONFIG, confidence=0.55), None)
    qtbot.waitUntil(lambda: bool(listener.order))
    assert listener.order == ["overlay"]
    now = listener.overlays[-1]
    assert len(now.detections) == 2
    assert former is not None
    assert now.outlines is not None
    assert [each in former for each in now.outlines] == [True, True]


def test_a_looser_slider_shows_boxes_at_once_and_masks_after(
    qtbot: QtBot, presenter: Presenter, session: Path
) -> None:
    listener = Listener(presenter)
    presenter.set_thresholds(CONFIG, None)
    presenter.show(Place("a.png"), session)
    qtbot.waitUntil(listener.is_whole)
    listener.overlays.clear()
    presenter.set_thresholds(replace(CONFIG, confidence=0.1), None)
    qtbot.waitUntil(lambda: len(listener.overlays) == 2 and listener.is_whole())
    outlines = listener.overlays[0].outlines
    assert outlines is not None
    assert [each is not None for each in outlines] == [True, True, True, False]


def test_a_drag_never_queues(qtbot: QtBot, session: Path) -> None:
    go, reading = threading.Event(), threading.Event()

    def slow(path: Path, index: int, time_s: float | None) -> Frame:
        reading.set()
        assert go.wait(10)
        return frame_at(path, index)

    presenter = Presenter(read=slow)
    listener = Listener(presenter)
    presenter.show(Place("a.png"), session)
    assert reading.wait(10)
    for number in range(100):
        presenter.set_thresholds(replace(CONFIG, confidence=number / 100), None)
    go.set()
    qtbot.waitUntil(lambda: bool(listener.overlays) and len(listener.overlays[-1].detections) == 0)
    # The first threshold's, then the last one's.
    assert len(listener.pictures) == 1
    assert len(listener.overlays) <= 3
    presenter.close()


def test_only_the_place_asked_for_last_is_answered(qtbot: QtBot, session: Path) -> None:
    go, reading = threading.Event(), threading.Event()

    def slow(path: Path, index: int, time_s: float | None) -> Frame:
        reading.set()
        assert go.wait(10)
        return frame_at(path, index)

    presenter = Presenter(read=slow)
    listener = Listener(presenter)
    presenter.show(Place("a.png"), session)
    assert reading.wait(10)
    presenter.show(Place("b.tif"), session)
    go.set()
    qtbot.waitUntil(listener.is_whole)
    assert [picture.place for picture in listener.pictures] == [Place("b.tif")]
    assert {overlay.place for overlay in listener.overlays} == {Place("b.tif")}
    presenter.close()


def test_a_result_of_a_run_comes_whole(qtbot: QtBot, presenter: Presenter) -> None:
    listener = Listener(presenter)
    presenter.set_thresholds(CONFIG, None)
    found = result_of("a.png")
    presenter.show_result(found, made.INFO)
    qtbot.waitUntil(lambda: bool(listener.overlays))
    assert listener.order == ["picture", "overlay"]
    (overlay,) = listener.overlays
    assert overlay.detections is found.detections
    assert overlay.frame_id is None
    assert listener.is_whole()
    presenter.set_thresholds(replace(CONFIG, confidence=0.55), None)
    qtbot.waitUntil(lambda: len(listener.overlays[-1].detections) == 2)


def test_results_that_come_fast_are_not_all_overtaken(qtbot: QtBot, presenter: Presenter) -> None:
    listener = Listener(presenter)
    for number in range(200):
        presenter.show_result(result_of("v.mp4", number), made.INFO)
    qtbot.waitUntil(lambda: bool(listener.pictures) and listener.pictures[-1].place.index == 199)
    assert [each.place for each in listener.pictures] == [each.place for each in listener.overlays]


def test_a_classified_picture_has_its_probabilities(
    qtbot: QtBot, presenter: Presenter, tmp_path: Path
) -> None:
    shares = np.array([0.1, 0.7, 0.2], np.float32)
    with SessionWriter.create(tmp_path / "run", made.run_record()) as writer:
        writer.add(Result(frame_at(Path("a.png"), 0), Detections.empty(), probabilities=shares))
    listener = Listener(presenter)
    presenter.show(Place("a.png"), writer.path)
    qtbot.waitUntil(lambda: bool(listener.overlays))
    found = listener.overlays[-1].probabilities
    assert found is not None
    assert found.tolist() == shares.tolist()


def test_a_picture_that_is_gone_is_said(qtbot: QtBot, session: Path) -> None:
    def gone(path: Path, index: int, time_s: float | None) -> Frame:
        raise PictureError("{path} is gone", path=path)

    presenter = Presenter(read=gone)
    listener = Listener(presenter)
    presenter.show(Place("a.png"), session)
    qtbot.waitUntil(lambda: bool(listener.errors))
    assert str(listener.errors[0]) == "a.png is gone"
    assert listener.order == ["error"]
    presenter.set_thresholds(CONFIG, None)
    presenter.close()
    assert listener.order == ["error"]


def test_a_session_that_is_gone_does_not_keep_the_picture_away(
    qtbot: QtBot, presenter: Presenter, tmp_path: Path
) -> None:
    listener = Listener(presenter)
    presenter.show(Place("a.png"), tmp_path / "none" / "session.labsight")
    qtbot.waitUntil(lambda: bool(listener.errors))
    assert listener.order == ["picture", "error"]


def test_a_damaged_session_is_said(qtbot: QtBot, presenter: Presenter, session: Path) -> None:
    data = bytearray(session.read_bytes())
    data[8192:] = bytes(len(data) - 8192)
    session.write_bytes(data)
    listener = Listener(presenter)
    presenter.show(Place("a.png"), session)
    qtbot.waitUntil(lambda: bool(listener.errors))
    assert listener.order == ["picture", "error"]


def test_the_same_picture_is_read_again_only_when_its_file_changed(
    qtbot: QtBot, tmp_path: Path
) -> None:
    file = tmp_path / "a.png"
    write_picture(frame_at(file, 0).image, file)
    reads: list[Path] = []

    def read(path: Path, index: int, time_s: float | None) -> Frame:
        reads.append(path)
        return frame_at(path, index)

    presenter = Presenter(read=read)
    listener = Listener(presenter)
    presenter.show(Place(str(file)), None)
    qtbot.waitUntil(lambda: len(listener.pictures) == 1)
    presenter.show(Place(str(file)), None)
    qtbot.waitUntil(lambda: len(listener.pictures) == 2)
    assert len(reads) == 1
    assert listener.pictures[0] is listener.pictures[1]
    file.write_bytes(file.read_bytes() + b" ")
    presenter.show(Place(str(file)), None)
    qtbot.waitUntil(lambda: len(listener.pictures) == 3)
    assert len(reads) == 2
    presenter.close()


def test_the_time_of_a_frame_in_its_video_is_passed_on(qtbot: QtBot, tmp_path: Path) -> None:
    with SessionWriter.create(tmp_path / "run", made.run_record()) as writer:
        found = result_of("v.mp4", 40)
        writer.add(replace(found, frame=replace(found.frame, time_s=1.6)))
    asked: list[tuple[Path, int, float | None]] = []

    def read(path: Path, index: int, time_s: float | None) -> Frame:
        asked.append((path, index, time_s))
        return frame_at(path, index, time_s)

    presenter = Presenter(read=read)
    listener = Listener(presenter)
    presenter.show(Place("v.mp4", 40), writer.path)
    qtbot.waitUntil(listener.is_whole)
    assert asked == [(Path("v.mp4"), 40, 1.6)]
    presenter.close()


def test_zooming_in_traces_masks_more_finely(
    qtbot: QtBot, presenter: Presenter, tmp_path: Path
) -> None:
    y, x = np.mgrid[:50, :50] - 24.5
    disc = masks.encode(np.hypot(y, x) < 24, 5, 5, *SIZE)
    box = np.array([masks.bounds(disc)], np.float32)
    found = Detections(box, np.ones(1, np.float32), np.zeros(1, np.int32), (disc,))
    with SessionWriter.create(tmp_path / "run", made.run_record()) as writer:
        writer.add(Result(frame_at(Path("a.png"), 0), found))
    listener = Listener(presenter)

    def corners() -> int:
        last = listener.overlays[-1].outlines if listener.overlays else None
        return last[0].elementCount() if last is not None and last[0] is not None else 0

    presenter.show(Place("a.png"), writer.path)
    qtbot.waitUntil(lambda: corners() > 0)
    coarse = corners()
    presenter.set_zoom(0.6)
    presenter.set_zoom(8.0)
    qtbot.waitUntil(lambda: corners() > 2 * coarse)
    exact = corners()
    presenter.set_zoom(16.0)
    presenter.set_zoom(0.5)
    qtbot.waitUntil(lambda: corners() == coarse)
    assert exact > 100


def test_frames_are_read_from_files(qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    write_picture(frame_at(file, 0).image, file)
    presenter = Presenter()
    listener = Listener(presenter)
    presenter.show(Place(str(file)), None)
    qtbot.waitUntil(lambda: bool(listener.pictures))
    shade = frame_at(file, 0).image[0, 0, 0]
    assert listener.pictures[0].levels[0].pixelColor(0, 0).red() == shade
    presenter.show(Place(str(tmp_path / "none.png")), None)
    qtbot.waitUntil(lambda: bool(listener.errors))
    presenter.close()


def test_numbers_of_classes_are_those_of_the_weights_in_use(
    qtbot: QtBot, presenter: Presenter, session: Path
) -> None:
    in_use = ModelInfo("other", "detect", ("gel", "serum"), 640, 32, "1" * 64)
    listener = Listener(presenter)
    presenter.set_thresholds(replace(CONFIG, classes=("0",)), in_use)
    presenter.show(Place("a.png"), session)
    qtbot.waitUntil(listener.is_whole)
    (number,) = listener.overlays[-1].detections.classes.tolist()
    assert made.NAMES[number] == "gel"
