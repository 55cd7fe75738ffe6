"""What a person does, from the first drop to the recovery after a crash.

Run by `tests/desktop/test_screen.py` on a screen of its own.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QLabel, QPushButton, QSlider

from desktop.app import Application
from desktop.panels.history import HistoryPanel
from desktop.panels.results_table import ResultsTable
from desktop.state import ObjectKey
from desktop.widgets.image_view import ImageView
from engine import pipeline
from engine.config import RunConfig
from engine.inference.detector import open_detector
from engine.session import Phase
from engine.sources import Failure, open_sources
from engine.store import SessionReader
from engine.types import Result
from tests.desktop.screen.conftest import PICTURES, Hands
from tests.desktop.screen.parts import Until, export_excel, part, tab_of, window_of


class Count:
    """A sink that keeps the counts alone."""

    def __init__(self) -> None:
        self.counts: dict[str, Mapping[int, int]] = {}

    def write(self, result: Result) -> None:
        found = Counter(result.detections.classes.tolist())
        self.counts[result.frame.origin] = dict(found)

    def fail(self, failure: Failure) -> None:
        raise failure.error

    def tick(self) -> float | None:
        return None


def fresh_run(pictures: Path, config: RunConfig) -> dict[str, Mapping[int, int]]:
    """Return what a run at these settings counts, file by file."""
    detector, count = open_detector(config), Count()
    pipeline.run(open_sources([str(pictures)]), detector, lambda: config, count)
    detector.close()
    return count.counts


def shown_counts(application: Application) -> dict[str, Mapping[int, int]]:
    return {path: dict(each.counts or {}) for path, each in application.state.outcomes.items()}


def detect(application: Application, hands: Hands, until: Until, pictures: Path) -> None:
    """Drop a folder on the window and press the key that detects."""
    state, window = application.state, application.window
    assert window is not None
    hands.drag_in(window, pictures)
    until(lambda: len(state.sources) == PICTURES)
    window.activateWindow()
    hands.key("F5")
    until(lambda: state.phase is Phase.DONE)
    until(lambda: state.view is not None and not state.view.growing)


def test_drop_a_folder_detect_and_move_both_sliders(
    application: Application, hands: Hands, until: Until, pictures: Path
) -> None:
    assert QGuiApplication.platformName() == "xcb"
    detect(application, hands, until, pictures)
    state, window = application.state, application.window
    assert window is not None
    assert shown_counts(application) == fresh_run(pictures, state.config)
    assert sum(each.total or 0 for each in state.outcomes.values()) >= 12
    confidence, iou = window.findChildren(QSlider)[:2]
    for slider, keys in ((confidence, ("Next",) * 3 + ("Left",) * 2), (iou, ("Next",) * 4)):
        slider.setFocus(Qt.FocusReason.OtherFocusReason)
        for key in keys:
            hands.key(key)
    assert state.config.confidence < 0.25
    assert state.config.iou < 0.7
    for confidence_value in (state.config.confidence, 0.6):
        state.change(config=replace(state.config, confidence=confidence_value))
        wanted = fresh_run(pictures, state.config)
        until(lambda wanted=wanted: shown_counts(application) == wanted)  # type: ignore[misc]
        assert state.view is not None
        until(lambda: state.view is not None and state.view.path != state.view.origin)
        with SessionReader.open(state.view.path) as reader:
            assert reader.object_count() == sum(sum(each.values()) for each in wanted.values())


def test_a_row_and_its_object_are_one_selection(
    application: Application, hands: Hands, until: Until, pictures: Path
) -> None:
    detect(application, hands, until, pictures)
    state = application.state
    tab = tab_of(application)
    table, view = part(tab, ResultsTable), part(tab, ImageView)
    model, viewport = table.model(), table.viewport()
    assert model is not None
    assert viewport is not None
    until(lambda: model.rowCount() > 4)
    until(lambda: bool(model.index(3, 1).data()))
    hands.click(viewport, table.visualRect(model.index(3, 1)).center())
    until(lambda: state.selection is not None)
    assert state.place is not None
    assert Path(state.place.path).name == model.index(3, 1).data()
    first = state.selection
    # The other way round: click on another object of the picture on screen.
    assert first is not None
    with SessionReader.open(state.view.path if state.view else Path()) as reader:
        boxes = reader.detections(first.frame_id).boxes
    other = 0 if first.number != 1 else 1
    centre = (boxes[other, :2] + boxes[other, 2:]) / 2
    hands.wait(500)
    point = view._camera.transform.map(QPointF(float(centre[0]), float(centre[1])))
    hands.click(view, QPoint(round(point.x()), round(point.y())))
    until(lambda: state.selection is not None and state.selection != first)
    selected = state.selection
    assert selected is not None
    until(lambda: table.current_row >= 0)
    row = table.current_row
    with SessionReader.open(state.view.path if state.view else Path()) as reader:
        record = next(each for each in reader.objects() if each.id == row + 1)
    assert ObjectKey(record.frame_id, record.number) == selected


def test_language_and_theme_change_while_results_stay(
    application: Application, hands: Hands, until: Until, pictures: Path
) -> None:
    detect(application, hands, until, pictures)
    former, session = application.window, application.state.session
    for name, value in (("language", "zh_CN"), ("theme", "dark"), ("language", "en")):
        application.change_preferences({name: value})
        window = application.window
        assert window is not None
        assert window is not former
        words = {button.text().strip() for button in window.findChildren(QPushButton)}
        chinese = application.settings.preferences.language == "zh_CN"
        assert ("检测" in words) == chinese
        assert ("Detect" in words) != chinese
        until(lambda window=window: window.findChild(ResultsTable).model().rowCount() > 4)  # type: ignore[misc]
        assert application.state.session == session
    assert application.window is not None
    dark = application.window.palette().window().color()
    assert dark.lightness() < 60


def test_export_by_the_keyboard(
    application: Application, hands: Hands, until: Until, pictures: Path, tmp_path: Path
) -> None:
    detect(application, hands, until, pictures)
    sheets = export_excel(application, hands, until, tmp_path / "结果 1.xlsx")
    total = sum(each.total or 0 for each in application.state.outcomes.values())
    assert len(list(sheets.values())[1]) == total + 1


def test_a_session_comes_back_from_the_history(
    application: Application, hands: Hands, until: Until, pictures: Path
) -> None:
    detect(application, hands, until, pictures)
    state, window = application.state, application.window
    assert window is not None
    counts, session = shown_counts(application), state.session
    hands.drag_in(window, pictures / "tube0.jpg")
    until(lambda: len(state.sources) == 1)
    assert state.session is None
    window.show_tab("history")
    panel = part(window_of(application), HistoryPanel)
    assert session is not None
    until(lambda: panel.select(session))
    panel.setFocus()
    panel.list.setFocus(Qt.FocusReason.OtherFocusReason)
    hands.key("Return")
    until(lambda: state.session == session)
    until(lambda: shown_counts(application) == counts)
    assert len(state.sources) == PICTURES
    assert window.tab == "image"


def test_a_run_that_was_killed_is_offered_and_opens(
    application: Application, hands: Hands, until: Until, pictures: Path, tmp_path: Path
) -> None:
    # Another process runs the same application and dies in the middle of a run.
    many = tmp_path / "many"
    many.mkdir()
    for number in range(60):
        shutil.copyfile(pictures / "tube0.jpg", many / f"{number}.jpg")
    script = f"""
        import sys
        from pathlib import Path
        from PyQt6.QtCore import QTimer
        from PyQt6.QtWidgets import QApplication
        from desktop.app import Application
        from desktop.settings import Settings
        app = QApplication(["victim"])
        one = Application(app, Settings(Path({str(tmp_path / "victim.ini")!r})))
        one.show()
        one.controller.open([Path({str(many)!r})])
        def begin():
            if one.state.sources and one.state.model and not one.state.phase.busy:
                one.controller.detect()
        timer = QTimer(); timer.timeout.connect(begin); timer.start(50)
        def tell(found):
            if len(found) >= 2:
                print("two", flush=True)
        one.state.outcomes_changed.connect(tell)
        sys.exit(app.exec())
    """
    victim = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True
    )
    assert victim.stdout is not None
    assert victim.stdout.readline().strip() == "two"
    # What is a second old is on disk.
    time.sleep(1.2)
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    victim.stdout.close()
    application.controller.offer_unfinished()
    messages, state = application.messages, application.state
    until(lambda: messages.last is not None and messages.last.act is not None)
    assert messages.last is not None
    assert messages.last.act is not None
    assert "cut short" in messages.last.text
    assert application.window is not None
    words = messages.last.act.text
    button = next(
        each for each in application.window.findChildren(QPushButton) if each.text() == words
    )
    hands.click(button)
    until(lambda: state.session is not None)
    assert state.session is not None
    assert len(state.sources) >= 2
    with SessionReader.open(state.session) as reader:
        assert reader.run.state == "interrupted"
        assert reader.frame_count() >= 2
    assert application.window.findChildren(QLabel)
