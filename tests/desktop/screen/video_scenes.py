"""What a person does with videos: playing, working through the whole, counting, going on.

Run by `tests/desktop/test_screen.py` on a screen of its own.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import QPoint

from desktop.app import Application
from desktop.panels.results_table import ResultsTable
from desktop.panels.video_tab import VideoTab
from desktop.state import AppState, ObjectKey, Place
from desktop.widgets.seek_slider import SeekSlider
from desktop.widgets.timeline import Timeline
from desktop.widgets.transport import Transport
from engine.inference.fake import FakeDetector
from engine.player import PlayerState, PlayerStatus
from engine.session import Phase
from engine.sources.frames import read_frame
from engine.store import SessionReader
from tests.conftest import SHARED
from tests.desktop.screen.conftest import Hands, Launch
from tests.desktop.screen.parts import (
    Until,
    button,
    export_excel,
    length_s,
    panned_film,
    part,
    plays,
    show_dock,
    shown_pixels,
    tab_of,
    turned,
    window_of,
)
from tests.helpers.movies import Sound, movie, probed

NTSC_DOUBLE = Fraction(60000, 1001)
FILMS = ("driving", "variable rate", "turned", "59.94 with sound")


def film(name: str, folder: Path) -> Path:
    """Return a video, from beside the project where it is there."""
    if name == "driving":
        path = SHARED / "videos" / "driving_720p_short.mp4"
        return path if path.exists() else panned_film(folder / "driving.mp4", 60)
    if name == "variable rate":
        path = SHARED / "awkward" / "v10_vfr.mp4"
        times = [0.0, 0.04, 0.08, 0.5, 0.54, 1.2, *(1.3 + 0.07 * number for number in range(20))]
        return path if path.exists() else movie(folder / "variable.mp4", times)
    if name == "turned":
        path = SHARED / "awkward" / "v11_rotated90.mp4"
        plain = folder / "plain.mp4"
        return path if path.exists() else turned(movie(plain, _steady(30)), folder / "turned.mp4")
    sound = Sound(seconds=2.0)
    base = Fraction(1, 60000)
    times = _steady(120, NTSC_DOUBLE)
    return movie(folder / "double.mp4", times, sound=sound, rate=NTSC_DOUBLE, base=base)


def _steady(count: int, rate: Fraction = Fraction(25)) -> list[Fraction]:
    return [number / rate for number in range(count)]


def status_of(application: Application) -> PlayerStatus:
    status = application.controller.videos.status
    assert status is not None
    return status


def state_of(application: Application) -> AppState:
    return application.controller.workspaces["video"].state


def open_film(application: Application, hands: Hands, until: Until, path: Path) -> None:
    """Drop a video on the window and wait until it can be played."""
    hands.drag_in(window_of(application), path)
    videos = application.controller.videos
    until(lambda: videos.status is not None and videos.status.frames is not None)
    wait_for_frame(application, until, 0)
    window_of(application).activateWindow()


def wait_for_frame(application: Application, until: Until, index: int) -> None:
    """Wait until a frame is on screen, its number below it."""
    state, place = state_of(application), tab_of(application).view
    label = part(tab_of(application), Transport)._frame
    until(lambda: state.place is not None and state.place.index == index)
    until(lambda: place._stage.picture is not None and place._stage.picture.place == state.place)
    until(lambda: f" {index + 1} " in f" {label.text()} ")


def press(hands: Hands, tab: VideoTab, words: str) -> None:
    hands.click(button(tab, words))


def video_tab(application: Application) -> VideoTab:
    tab = tab_of(application)
    assert isinstance(tab, VideoTab)
    return tab


def process(application: Application, hands: Hands, until: Until) -> Path:
    """Press the button that works through the whole video; return the session."""
    state = state_of(application)
    hands.click(button(window_of(application), "Process whole video"))
    until(lambda: state.phase is Phase.DONE)
    until(lambda: state.view is not None and not state.view.growing)
    assert state.session is not None
    return state.session


def annotated(session: Path) -> Path:
    """Return the one annotated video of a session."""
    (found,) = (session.parent / "annotated").iterdir()
    return found


def frames_of(session: Path) -> list[tuple[int, float | None, list[float], list[int]]]:
    """Return position, time, boxes and classes of each frame of a session."""
    with SessionReader.open(session) as reader:
        found = []
        for frame in reader.frames():
            objects = reader.detections(frame.id)
            boxes = objects.boxes.round(3).ravel().tolist()
            found.append((frame.index, frame.time_s, boxes, objects.classes.tolist()))
        return found


@pytest.mark.parametrize("name", FILMS)
def test_a_video_from_the_drop_to_the_table(
    launch: Launch, hands: Hands, until: Until, tmp_path: Path, name: str
) -> None:
    path = film(name, tmp_path)
    # The real network where there is something that it knows.
    real = name == "driving"
    application = launch() if real else launch(lambda config: FakeDetector(3))
    weights = SHARED / "weights" / "yolo11n_rebuilt.pt"
    if real and path.is_relative_to(SHARED):
        application.controller.weights.choose(weights, remember=False)
        until(lambda: application.state.model is not None and not application.state.model_busy)
    open_film(application, hands, until, path)
    tab, state, videos = video_tab(application), state_of(application), application.controller.videos
    first = read_frame(path, 0)
    assert np.array_equal(shown_pixels(application), first.image)
    assert (status_of(application).width, status_of(application).height) == (
        first.width,
        first.height,
    )
    count, _ = plays(path)
    assert status_of(application).frames == count

    press(hands, tab, "Play")
    until(lambda: (status_of(application).index or 0) >= 3)
    if status_of(application).state is PlayerState.PLAYING:
        press(hands, tab, "Pause")
    until(lambda: status_of(application).state is not PlayerState.PLAYING)
    slider = part(tab, SeekSlider)
    hands.click(slider, QPoint(slider.width() // 3, slider.height() // 2))
    sought = slider.value()
    assert 0.2 * count < sought < 0.45 * count
    wait_for_frame(application, until, sought)
    assert np.array_equal(shown_pixels(application), read_frame(path, sought).image)
    press(hands, tab, "One frame forward")
    wait_for_frame(application, until, sought + 1)
    press(hands, tab, "One frame back")
    press(hands, tab, "One frame back")
    wait_for_frame(application, until, sought - 1)

    session = process(application, hands, until)
    frames, length = plays(annotated(session))
    assert frames == count
    source_s, longest_s = length_s(path)
    assert length_s(annotated(session))[0] == pytest.approx(source_s, abs=longest_s)
    assert length == pytest.approx(source_s, abs=longest_s + 0.05)
    assert (probed(annotated(session))["audio"] is None) == (probed(path)["audio"] is None)
    found = frames_of(session)
    assert [each[0] for each in found] == list(range(count))
    total = sum(len(each[3]) for each in found)
    assert total > count

    table = part(tab, ResultsTable)
    model, viewport = table.model(), table.viewport()
    assert model is not None
    assert viewport is not None
    until(lambda: model.rowCount() == total)
    show_dock(application, hands, "Counts over time")
    timeline = part(tab, Timeline)
    until(lambda: len(timeline.table()) == count + 1)
    assert sum(float(each) for row in timeline.table()[1:] for each in row[1:]) == total
    at = timeline.width() * 2 // 3
    hands.click(timeline, QPoint(at, timeline.height() // 2))
    wanted_s = timeline._axes().time(at)
    times = [each[1] or 0.0 for each in found]
    wait_for_frame(application, until, int(np.searchsorted(times, wanted_s, "right")) - 1)
    sheets = export_excel(application, hands, until, tmp_path / "out.xlsx")
    assert len(sheets["Objects"]) == total + 1
    over_time = sheets["Over time"]
    column = over_time[0].index("Frames")
    assert sum(int(str(row[column])) for row in over_time[1:]) == count

    show_dock(application, hands, "Results")
    hands.wait(300)
    hands.click(viewport, table.visualRect(model.index(4, 1)).center())
    until(lambda: state.selection is not None)
    chosen = state.selection
    with SessionReader.open(session) as reader:
        record = next(each for each in reader.objects() if each.id == 5)
        frame = reader.frame(record.frame_id)
    assert chosen == ObjectKey(record.frame_id, record.number)
    wait_for_frame(application, until, frame.index)
    until(lambda: tab.view._selected == record.number - 1)
    hands.wait(500)
    assert state.selection == chosen
    assert state.place == Place(str(path), frame.index)
    assert videos.status is not None
    assert videos.status.index == frame.index
