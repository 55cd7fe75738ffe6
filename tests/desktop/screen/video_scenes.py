"""What a person does with videos: playing, working through the whole, counting, going on.

Run by `tests/desktop/test_screen.py` on a screen of its own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import QPoint
from PyQt6.QtWidgets import QLineEdit

from desktop.app import Application
from desktop.panels.camera_tab import CameraTab
from desktop.panels.counting import CounterRow
from desktop.panels.results_table import ResultsTable
from desktop.panels.summary_counts import CountsModel
from desktop.panels.tab_row import TabRow
from desktop.panels.video_tab import VideoTab
from desktop.state import AppState, ObjectKey, Place
from desktop.widgets.seek_slider import SeekSlider
from desktop.widgets.timeline import Timeline
from desktop.widgets.transport import Transport
from engine.counting import CountLine, CountZone
from engine.inference.fake import FakeDetector
from engine.player import PlayerState, PlayerStatus
from engine.session import Phase
from engine.sources.frames import read_frame
from engine.store import SessionReader
from tests.conftest import ROOT, SHARED
from tests.desktop.screen.conftest import Hands, Launch
from tests.desktop.screen.parts import (
    Until,
    button,
    export_excel,
    length_s,
    on_view,
    panned_film,
    part,
    plays,
    show_dock,
    shown_pixels,
    tab_of,
    turned,
    window_of,
)
from tests.desktop.screen.walkers import FRAMES, LINE, UNIQUE, ZONE, Walkers, walkers_film
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
    every, base = _steady(120, NTSC_DOUBLE), Fraction(1, 60000)
    sound = Sound(seconds=2.0)
    return movie(folder / "double.mp4", every, sound=sound, rate=NTSC_DOUBLE, base=base)


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
    tab, state = video_tab(application), state_of(application)
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
    press(hands, tab, "Next frame")
    wait_for_frame(application, until, sought + 1)
    press(hands, tab, "Previous frame")
    press(hands, tab, "Previous frame")
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
    assert status_of(application).index == frame.index


def test_rows_passed_quickly_by_the_keyboard_leave_the_last_one_chosen(
    launch: Launch, hands: Hands, until: Until, tmp_path: Path
) -> None:
    path = film("driving", tmp_path)
    application = launch(lambda config: FakeDetector(1))
    open_film(application, hands, until, path)
    tab, state = video_tab(application), state_of(application)
    process(application, hands, until)
    table = part(tab, ResultsTable)
    model, viewport = table.model(), table.viewport()
    assert model is not None
    assert viewport is not None
    until(lambda: model.rowCount() > 30)
    hands.wait(500)
    hands.click(viewport, table.visualRect(model.index(0, 1)).center())
    until(lambda: state.selection is not None)
    hands.key("Down", times=20)
    wait_for_frame(application, until, 20)
    hands.wait(800)
    assert table.current_row == 20
    assert state.place == Place(str(path), 20)
    assert state.selection == ObjectKey(21, 1)
    assert tab.view._selected == 0


def test_a_row_chosen_while_the_video_plays_holds_it_there(
    launch: Launch, hands: Hands, until: Until, tmp_path: Path
) -> None:
    path = walkers_film(tmp_path / "walk.mp4")
    application = launch(lambda config: Walkers())
    open_film(application, hands, until, path)
    tab, state = video_tab(application), state_of(application)
    process(application, hands, until)
    table = part(tab, ResultsTable)
    model, viewport = table.model(), table.viewport()
    assert model is not None
    assert viewport is not None
    until(lambda: model.rowCount() > 10)
    hands.wait(500)
    press(hands, tab, "Play")
    until(lambda: status_of(application).state is PlayerState.PLAYING)
    hands.click(viewport, table.visualRect(model.index(3, 1)).center())
    until(lambda: status_of(application).state is PlayerState.PAUSED)
    wait_for_frame(application, until, 1)
    hands.wait(500)
    assert state.selection == ObjectKey(2, 1)
    assert tab.view._selected == 0


def test_what_is_drawn_with_the_mouse_counts_exactly(
    launch: Launch, hands: Hands, until: Until, tmp_path: Path
) -> None:
    path = walkers_film(tmp_path / "walk.mp4")
    application = launch(lambda config: Walkers())
    open_film(application, hands, until, path)
    tab, state = video_tab(application), state_of(application)
    press(hands, tab, "Line")
    hands.drag(tab.view, on_view(application, *LINE[0]), on_view(application, *LINE[1]))
    until(lambda: len(state.counters) == 1)
    press(hands, tab, "Zone")
    for corner in ZONE:
        hands.click(tab.view, on_view(application, *corner))
    hands.key("Return")
    until(lambda: len(state.counters) == 2)
    line, zone = state.counters
    assert isinstance(line, CountLine)
    assert isinstance(zone, CountZone)
    for drawn, meant in ((line, LINE), (zone, ZONE)):
        assert np.abs(np.subtract(drawn.points, meant)).max() < 1.5
    assert state.config.track == "bytetrack"
    name = rows(tab)[0].findChild(QLineEdit)
    assert name is not None
    hands.click(name)
    hands.key("ctrl+a")
    hands.write("Gate")
    hands.key("Return")
    until(lambda: [each.name for each in state.counters] == ["Gate", "Zone 1"])
    # A name that is taken gives way to the former one.
    name = rows(tab)[1].findChild(QLineEdit)
    assert name is not None
    hands.click(name)
    hands.key("ctrl+a")
    hands.write("Gate")
    hands.key("Return")
    hands.wait(300)
    assert [each.name for each in state.counters] == ["Gate", "Zone 1"]
    assert [row._name.text() for row in rows(tab)] == ["Gate", "Zone 1"]

    session = process(application, hands, until)
    with SessionReader.open(session) as reader:
        assert [(each.entered, each.left) for each in reader.counter_totals()] == [(1, 2), (3, 1)]
        assert reader.unique_counts() == UNIQUE
    assert state.counted is not None
    assert [(each.entered, each.left) for each in state.counted.totals] == [(1, 2), (3, 1)]
    words = [row._totals.text() for row in rows(tab)]
    assert words == ["in 1  out 2", "in 3  out 1  now 2"]
    shapes = tab.view._counters._shapes
    assert [(each.name, each.totals) for each in shapes] == list(
        zip(("Gate", "Zone 1"), words, strict=True)
    )
    counts = part(tab, CountsModel)
    until(lambda: counts.index(0, 3).data() == "2")
    column = [counts.index(row, 3).data() for row in range(counts.rowCount())]
    assert column == ["2", "2", "0", "4"]
    sheets = export_excel(application, hands, until, tmp_path / "out.xlsx")
    assert len(sheets["Tracks"]) == 4 + 1
    assert len(sheets["Crossings"]) == 1 + 2 + 3 + 1 + 1
    head, *lines = sheets["Lines and zones"]
    places = head.index("Name"), head.index("In"), head.index("Out")
    sums: Counter[tuple[object, str]] = Counter()
    for row in lines:
        if row[head.index("Class")] != "Total":
            sums[row[places[0]], "in"] += int(str(row[places[1]]))
            sums[row[places[0]], "out"] += int(str(row[places[2]]))
    assert +sums == {
        ("Gate", "in"): 1, ("Gate", "out"): 2, ("Zone 1", "in"): 3, ("Zone 1", "out"): 1,
    }  # fmt: skip


VICTIM = """
    import sys
    from pathlib import Path
    from PyQt6.QtCore import QTimer
    from PyQt6.QtWidgets import QApplication
    from desktop.app import Application
    from desktop.settings import Settings
    from engine.counting import CountLine, CountZone
    from tests.desktop.screen.walkers import LINE, ZONE, Walkers
    film, settings = sys.argv[1:]
    app = QApplication(["victim"])
    one = Application(app, Settings(Path(settings)), opener=lambda config: Walkers(0.06))
    one.show()
    one.controller.open([Path(film)])
    video = one.controller.workspaces["video"]
    state = video.state
    def begin():
        status = one.controller.videos.status
        if not state.phase.busy and state.model and status and status.frames:
            timer.stop()
            state.change(
                config=state.config.__class__(weights=state.config.weights, track="bytetrack"),
                counters=(CountLine("Gate", *LINE), CountZone("Hall", ZONE)),
            )
            one.controller.detect()
    timer = QTimer(); timer.timeout.connect(begin); timer.start(50)
    video.runs.result_came.connect(
        lambda result: result.frame.index >= 30 and print("thirty", flush=True)
    )
    sys.exit(app.exec())
"""


def test_a_video_whose_run_was_killed_goes_on_and_ends_as_if_it_had_not_been(
    launch: Launch, hands: Hands, until: Until, tmp_path: Path
) -> None:
    path = walkers_film(tmp_path / "walk.mp4")
    command = [sys.executable, "-c", textwrap.dedent(VICTIM), path, tmp_path / "victim.ini"]
    victim = subprocess.Popen(
        [str(word) for word in command], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert victim.stdout is not None
    assert victim.stdout.readline().strip() == "thirty"
    # What is a second old is on disk.
    time.sleep(1.2)
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    victim.stdout.close()

    application = launch(lambda config: Walkers())
    messages, state = application.messages, state_of(application)
    until(lambda: messages.last is not None and "cut short" in messages.last.text)
    hands.click(button(window_of(application), "Open it"))
    until(lambda: state.resumable is not None)
    resumption, session = state.resumable, state.session
    assert resumption is not None
    assert session is not None
    with SessionReader.open(session) as reader:
        assert reader.run.state == "interrupted"
        kept = reader.frame_count()
    assert 20 <= resumption.frame <= kept < FRAMES
    assert resumption.source == str(path)
    hands.click(button(window_of(application), "Go on"))
    until(lambda: state.phase.busy)
    until(lambda: state.phase is Phase.DONE)
    assert state.session == session
    assert state.resumable is None
    until(lambda: state.view is not None and not state.view.growing)
    counted = state.counted

    again = process(application, hands, until)
    assert again != session
    assert frames_of(session) == frames_of(again)
    assert [each[0] for each in frames_of(session)] == list(range(FRAMES))
    assert counted == state.counted
    assert counted is not None
    assert [(each.entered, each.left, each.inside) for each in counted.totals] == [
        (1, 2, None),
        (3, 1, 2),
    ]
    with SessionReader.open(session) as one, SessionReader.open(again) as other:
        assert one.run.state == other.run.state == "done"
        assert list(one.tracks()) == list(other.tracks())
        assert list(one.crossings()) == list(other.crossings())
        assert one.unique_counts() == UNIQUE
    assert plays(annotated(session)) == plays(annotated(again))
    assert plays(annotated(session))[0] == FRAMES


def test_a_run_goes_on_while_another_tab_is_looked_at_and_keeps_others_out(
    launch: Launch, hands: Hands, until: Until, tmp_path: Path
) -> None:
    path = walkers_film(tmp_path / "walk.mp4")
    application = launch(lambda config: Walkers(0.05))
    open_film(application, hands, until, path)
    window, state = window_of(application), state_of(application)
    hands.click(button(window, "Process whole video"))
    until(lambda: state.phase is Phase.RUNNING)
    bar = part(window, TabRow)._tabs
    hands.click(bar, bar.tabRect(2).center())
    until(lambda: window.tab == "camera")
    # The tab is new: its parts find their places.
    hands.wait(500)
    hands.click(button(part(window, CameraTab)._empty, "Start"))
    until(lambda: application.messages.last is not None)
    assert application.messages.last is not None
    assert application.messages.last.text == "A run is under way in the tab Video."
    assert application.controller.workspaces["camera"].state.phase is Phase.IDLE
    hands.click(bar, bar.tabRect(0).center())
    until(lambda: window.tab == "image")
    assert not button(window, "Detect").isEnabled()
    assert state.phase is Phase.RUNNING
    until(lambda: state.phase is Phase.DONE)
    until(lambda: button(window, "Detect").isEnabled() == bool(application.state.sources))
    hands.click(bar, bar.tabRect(1).center())
    until(lambda: window.tab == "video")
    wait_for_frame(application, until, FRAMES - 1)
    table = part(video_tab(application), ResultsTable)
    assert state.session is not None
    with SessionReader.open(state.session) as reader:
        total = reader.object_count()
        assert reader.frame_count() == FRAMES
    model = table.model()
    assert model is not None
    until(lambda: model.rowCount() == total)


def test_another_language_while_a_video_plays_is_held_and_is_worked_through(
    launch: Launch, hands: Hands, until: Until, tmp_path: Path
) -> None:
    path = walkers_film(tmp_path / "walk.mp4")
    application = launch(lambda config: Walkers(0.05))
    open_film(application, hands, until, path)
    # So slow that it does not end before another window is there.
    application.controller.videos.set_speed(0.25)
    press(hands, video_tab(application), "Play")
    until(lambda: (status_of(application).index or 0) > 3)
    application.change_preferences({"language": "zh_CN"})
    assert status_of(application).state is PlayerState.PLAYING
    before = status_of(application).index
    assert before is not None
    until(lambda: (tab_of(application)._state.place or Place("")).index > before + 3)
    window_of(application).activateWindow()
    hands.key("ctrl+space")
    until(lambda: status_of(application).state is PlayerState.PAUSED)
    held = status_of(application).index
    assert held is not None
    assert held > before
    application.change_preferences({"language": "en"})
    wait_for_frame(application, until, held)
    hands.wait(300)
    assert status_of(application).index == held
    assert np.array_equal(shown_pixels(application), read_frame(path, held).image)
    state = state_of(application)
    hands.click(button(window_of(application), "Process whole video"))
    until(lambda: state.phase is Phase.RUNNING)
    application.change_preferences({"language": "zh_CN"})
    until(lambda: state.place is not None and state.place.index > 30)
    assert state.phase is Phase.RUNNING
    until(lambda: tab_of(application).view._stage.picture is not None)
    until(lambda: state.phase is Phase.DONE)
    assert state.session is not None
    assert len(frames_of(state.session)) == FRAMES


def test_a_video_that_cannot_be_read_takes_the_former_one_off_the_screen(
    launch: Launch, hands: Hands, until: Until, tmp_path: Path
) -> None:
    application = launch(lambda config: Walkers())
    open_film(application, hands, until, walkers_film(tmp_path / "walk.mp4"))
    broken = tmp_path / "broken.mp4"
    broken.write_bytes((tmp_path / "walk.mp4").read_bytes()[:2000])
    hands.drag_in(window_of(application), broken)
    tab = video_tab(application)
    until(lambda: tab._unreadable.isVisible())
    assert tab.view._stage.picture is None
    assert application.messages.last is not None
    assert "broken.mp4" in application.messages.last.text


def rows(tab: VideoTab) -> list[CounterRow]:
    """Return the lines and zones of the panel, from top to bottom."""
    found = [each for each in tab.findChildren(CounterRow) if each.isVisible()]
    return sorted(found, key=lambda each: each.y())
