"""A person trains, watches, stops, detects with what was learned, and closes the window meanwhile.

Run by `tests/desktop/test_screen.py` on a screen of its own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QComboBox, QMessageBox, QSpinBox, QTabBar, QWidget

from desktop.app import Application
from desktop.panels.tab_row import TabRow
from desktop.panels.train_tab import TrainTab
from desktop.training_state import TrainingState
from engine.session import Phase
from engine.training import runs
from engine.training.folder import RunFolder
from engine.training.record import Stage
from tests.desktop.screen.conftest import PICTURES, Hands, Launch
from tests.desktop.screen.parts import Until, button, export_excel, part, window_of

ENOUGH = 3
"""Epochs to look at."""


def test_from_the_demonstration_set_to_excel(
    application: Application, hands: Hands, until: Until, pictures: Path, tmp_path: Path
) -> None:
    state, page = open_tab(application, hands, until)
    set_up(application, hands, until)
    hands.click(button(window_of(application), "Train"))
    until(lambda: state.record is not None and len(state.record.epochs) >= 1)
    plots = page.live.learning
    (losses, metrics) = plots.losses, plots.metrics
    first = len(losses.table())
    record = state.record
    assert record is not None
    until(lambda: len(record.epochs) >= ENOUGH)
    until(lambda: len(losses.table()) > first)
    assert len(metrics.table()) == len(losses.table())
    until(lambda: "Epoch" in page.live.header._title.text())
    until(lambda: bool(record.previews))
    assert page.live.classes.model.rowCount() == 4
    hands.click(button(window_of(application), "Stop early"))
    until(lambda: state.stage is Stage.STOPPED and not state.engaged)
    done = len(record.epochs)
    assert ENOUGH <= done < 100
    run = state.run
    assert run is not None
    assert run.best.exists()
    assert run.last.exists()
    assert record.curves is not None
    hands.click(button(page, "Use this model now"))
    window = window_of(application)
    until(lambda: application.state.config.weights == run.best)
    until(lambda: application.state.model is not None and not application.state.model_busy)
    assert application.state.model is not None
    assert application.state.model.names == ("cells", "gel", "serum")
    until(lambda: window.tab == "image")
    hands.drag_in(window, pictures)
    until(lambda: len(application.state.sources) == PICTURES)
    window.activateWindow()
    hands.key("F5")
    until(lambda: application.state.phase is Phase.DONE)
    until(lambda: application.state.view is not None and not application.state.view.growing)
    sheets = export_excel(application, hands, until, tmp_path / "结果.xlsx")
    found = sum(each.total or 0 for each in application.state.outcomes.values())
    assert found > 0
    assert len(sheets["Objects"]) == found + 1
    told = {str(row[0]): row[1] for row in sheets["Run"] if row}
    assert any(run.best.stem in str(value) for value in told.values())


def test_a_window_that_is_killed_leaves_the_training_which_the_next_one_finds(
    launch: Launch, hands: Hands, until: Until, tmp_path: Path
) -> None:
    script = tmp_path / "other.py"
    script.write_text(OTHER_WINDOW, encoding="utf-8")
    other = subprocess.Popen([sys.executable, str(script)], env=os.environ, cwd=os.getcwd())
    try:
        until(lambda: any(each.state.exists() for each in runs.find_runs()))
        (folder,) = runs.running()
    finally:
        other.send_signal(signal.SIGKILL)
        other.wait()
    pid = folder.pid()
    assert pid is not None
    assert psutil.pid_exists(pid)
    application = launch()
    state = application.controller.training.state
    until(lambda: state.engaged)
    assert application.messages.last is not None
    assert folder.about().name in application.messages.last.text
    hands.click(button(window_of(application), "Show it"))
    until(lambda: window_of(application).tab == "train")
    record = state.record
    assert record is not None
    until(lambda: len(record.epochs) >= 1)
    before = len(record.epochs)
    until(lambda: len(record.epochs) > before)
    # Now the process that trains is killed.
    psutil.Process(pid).kill()
    until(lambda: state.stage is Stage.INTERRUPTED and not state.engaged)
    assert runs.read_run(folder).stage is Stage.INTERRUPTED
    done = len(record.epochs)
    page = train_tab(application)
    hands.click(button(page, "Go on training"))
    until(lambda: state.record is not None and len(state.record.epochs) > done)
    assert state.run is not None
    assert state.run.path == folder.path
    assert state.record is not None
    assert [each.epoch for each in state.record.epochs] == list(
        range(1, len(state.record.epochs) + 1)
    )
    answer_when_closing(application, hands, until, "Stop training and quit")
    until(lambda: application.window is None)
    until(lambda: not runs.running())
    assert not any("--train-worker" in each for each in commands())


def test_a_training_goes_on_when_it_is_kept(
    application: Application, hands: Hands, until: Until
) -> None:
    state, _page = open_tab(application, hands, until)
    set_up(application, hands, until)
    hands.click(button(window_of(application), "Train"))
    until(lambda: state.record is not None and len(state.record.epochs) >= 1)
    folder = state.run
    assert folder is not None
    answer_when_closing(application, hands, until, "Do not quit")
    assert application.window is not None
    answer_when_closing(application, hands, until, "Keep training")
    until(lambda: application.window is None)
    try:
        assert folder.is_running()
        epoch = folder.summary().epoch
        until(lambda: folder.summary().epoch > epoch)
    finally:
        end(folder)


OTHER_WINDOW = textwrap.dedent(
    """
    import sys
    sys.path.insert(0, ".")
    from pathlib import Path
    from PyQt6.QtCore import QTimer
    from PyQt6.QtWidgets import QApplication
    from desktop.app import Application
    from desktop.settings import Settings
    from engine.paths import DEFAULT_WEIGHTS, home, resource

    app = QApplication([])
    application = Application(app, Settings(home().parent / "other.ini"))
    application.show()
    training = application.controller.training

    def begin():
        if training.state.data is not None:
            look.stop()
            training.setup.set_weights(resource(DEFAULT_WEIGHTS))
            training.setup.change(input_size=64, batch=8, epochs=500, name="other")
            training.runs.begin()

    look = QTimer()
    look.timeout.connect(begin)
    look.start(200)
    training.setup.demonstration()
    app.exec()
    """
)


def open_tab(
    application: Application, hands: Hands, until: Until
) -> tuple[TrainingState, TrainTab]:
    """Click on the tab that trains."""
    window = window_of(application)
    bar = part(window, TabRow)._tabs
    assert isinstance(bar, QTabBar)
    place = next(at for at in range(bar.count()) if bar.tabText(at).strip() == "Train")
    hands.click(bar, bar.tabRect(place).center())
    until(lambda: window.tab == "train")
    hands.wait(500)
    return application.controller.training.state, train_tab(application)


def train_tab(application: Application) -> TrainTab:
    page = window_of(application)._pages._train
    assert page is not None
    return page


def set_up(application: Application, hands: Hands, until: Until) -> None:
    """Choose the demonstration set, weights that know tubes, and a small input."""
    page, state = train_tab(application), application.controller.training.state
    hands.click(button(page, "Try the demonstration set"))
    until(lambda: state.data is not None)
    weights = named(page, QComboBox, "Start weights")
    weights.setFocus(Qt.FocusReason.OtherFocusReason)
    hands.key("Down")
    until(lambda: state.config.weights is not None)
    size = named(page, QSpinBox, "Input size")
    assert isinstance(size, QSpinBox)
    size.setFocus(Qt.FocusReason.OtherFocusReason)
    size.selectAll()
    hands.write("128")
    hands.key("Tab")
    until(lambda: state.config.input_size == 128)


def named(root: QWidget, kind: type[QComboBox] | type[QSpinBox], name: str) -> QWidget:
    """Return the field with this name for screen readers."""
    found = [each for each in root.findChildren(kind) if each.accessibleName() == name]
    assert len(found) == 1, [each.accessibleName() for each in root.findChildren(kind)]
    return found[0]


def answer_when_closing(
    application: Application, hands: Hands, until: Until, words: str
) -> None:
    """Close the window and click on an answer to the question that comes."""
    window = window_of(application)
    window.close()
    until(lambda: bool([q for q in window.findChildren(QMessageBox) if q.isVisible()]))
    (question,) = (q for q in window.findChildren(QMessageBox) if q.isVisible())
    hands.wait(300)
    hands.click(button(question, words))
    until(lambda: application.window is None or not window.findChildren(QMessageBox))


def commands() -> list[str]:
    """Return the words of the processes that this one started, dead ones left out."""
    found: list[str] = []
    for process in psutil.Process().children(recursive=True):
        if process.status() != psutil.STATUS_ZOMBIE:
            found += process.cmdline()
    return found


def end(folder: RunFolder) -> None:
    pid = folder.pid()
    if pid is not None:
        psutil.Process(pid).kill()
