"""`self-test --window`: the real window, from a dropped picture to Excel, and one JSON line.

What a person does comes as events; nothing outlives it, as sessions and settings lie in a folder
that is gone afterwards.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import (
    QCoreApplication,
    QEvent,
    QEventLoop,
    QMimeData,
    QPoint,
    QPointF,
    Qt,
    QTimer,
    QUrl,
)
from PyQt6.QtGui import QDragEnterEvent, QDropEvent, QMouseEvent
from PyQt6.QtWidgets import QAbstractButton, QApplication

from desktop import icons, theme
from desktop.app import Application
from desktop.app import main as show_window
from desktop.controller import TRAIN
from desktop.main_window import MainWindow
from desktop.panels.pages import TITLES
from engine import display
from engine.i18n import LANGUAGES
from engine.i18n import translate as _
from engine.paths import app_data, resource
from engine.session import Phase
from engine.training.record import Stage

WAIT_S = 120.0
LOOK_EVERY_MS = 20
ICON_PX = 32

# What Qt's platform without a screen says of every window concerns nobody.
_WRONG = re.compile(r" (?:WARNING|ERROR|CRITICAL) (?!Qt: This plugin does not support propagate)")


class _Failed(Exception):
    """A part did not do what it should; the sentence says what."""


def main() -> int:
    """Drive the window, print one line and return 0, or 1 when a part failed."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="labsight-", ignore_cleanup_errors=True) as home:
        os.environ |= {"LABSIGHT_HOME": f"{home}/sessions", "LABSIGHT_DATA": f"{home}/data"}
        parts = _drive(Path(home)) if display.available() else {"window": "there is no display"}
    passed = all(result == "ok" for result in parts.values())
    told = {"ok": passed, "parts": parts, "seconds": round(time.monotonic() - began, 2)}
    sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    return 0 if passed else 1


def _drive(home: Path) -> dict[str, str]:
    drives: list[_Drive] = []

    def begin(application: Application) -> None:
        drives.append(_Drive(application, home))
        QTimer.singleShot(0, drives[0].go)

    show_window((), begin)
    (drive,) = drives
    drive.results["log"] = _complaints() or "ok"
    return drive.results


def _complaints() -> str:
    """Return what the log holds against this run: the first and the last line of each entry."""
    text = "".join(path.read_text("utf-8") for path in sorted((app_data() / "logs").glob("*.log")))
    entries = re.split(r"^(?=\d{4}-\d\d-\d\d .{12} [A-Z]+ )", text, flags=re.MULTILINE)
    wrong = [each.strip().splitlines() for each in entries if _WRONG.search(each)]
    return "; ".join(" … ".join(dict.fromkeys((lines[0], lines[-1]))) for lines in wrong)


class _Drive:
    """Goes through the parts, one after the other; what needs a former one that failed fails too.

    Attributes:
        results: "ok" or what went wrong, by part.
    """

    def __init__(self, application: Application, home: Path) -> None:
        self._application = application
        self._home = home
        self.results: dict[str, str] = {}

    def go(self) -> None:
        """Go through all of them, then close the window as a person does."""
        parts: dict[str, Callable[[], None]] = {
            "window": self._window_is_there,
            "icons": _icons,
            "styles": self._styles,
            "translations": self._translations,
            "tabs": self._tabs,
            "drop": self._drop,
            "detection": self._detect,
            "excel": self._export,
            "training": self._train,
            "close": self._close,
        }
        for name, part in parts.items():
            try:
                part()
                self.results[name] = "ok"
            except Exception as error:  # noqa: BLE001 - the line must be printed
                self.results[name] = f"{type(error).__name__}: {error}"
        QTimer.singleShot(0, QCoreApplication.quit)

    @property
    def _window(self) -> MainWindow:
        window = self._application.window
        if window is None:
            raise _Failed("there is no window")
        return window

    def _window_is_there(self) -> None:
        state, handle = self._application.state, self._window.windowHandle()
        self._until(lambda: handle is not None and handle.isExposed())
        self._until(lambda: state.model is not None and not state.model_busy)

    def _styles(self) -> None:
        """See the window in both themes."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        for name in ("dark", "light"):
            self._application.change_preferences({"theme": name})
            if theme.current().name != name or not app.styleSheet() or "$" in app.styleSheet():
                raise _Failed(f"the theme {name} is not in force")
            if app.palette().window().color().name().upper() != theme.current().bg.upper():
                raise _Failed(f"the colours of {name} are not in force")

    def _translations(self) -> None:
        """See the window in every language, Qt's own words with it."""
        words, words_of_qt = {}, QCoreApplication.translate
        for language in (*reversed(LANGUAGES), "en"):
            self._application.change_preferences({"language": language})
            bar = self._window.menuBar()
            assert bar is not None
            words[language] = [each.text() for each in bar.actions()]
            words[language].append(words_of_qt("QPlatformTheme", "Cancel"))
        if any(set(said) & set(words["en"]) for code, said in words.items() if code != "en"):
            raise _Failed(f"not everything is translated: {words}")

    def _tabs(self) -> None:
        """Show every tab, and find the simulated camera."""
        for name in (*TITLES, "image"):
            self._window.show_tab(name)
            _rest(0.2)
            if self._window.tab != name:
                raise _Failed(f"the tab {name} does not show")
            if name == "camera":
                self._until(lambda: bool(self._application.controller.cameras.devices))

    def _drop(self) -> None:
        """Drop a rendered picture on the window."""
        from engine.scenes.samples import render_samples

        (picture,) = render_samples(self._home / "samples", 1)
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(picture))])
        place = self._window.rect().center()
        action, button = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
        none = Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(self._window, QDragEnterEvent(place, action, data, button, none))
        drop = QDropEvent(QPointF(place), action, data, button, none)
        QApplication.sendEvent(self._window, drop)
        state = self._application.controller.workspaces["image"].state
        self._until(lambda: bool(state.sources) and state.place is not None)

    def _detect(self) -> None:
        """Press the button and wait for objects."""
        state = self._application.controller.workspaces["image"].state
        _click(self._button(_("Detect")))
        self._until(lambda: state.phase in (Phase.DONE, Phase.FAILED))
        self._until(lambda: state.view is not None and not state.view.growing)
        outcome = state.outcomes.get(str(state.sources[0]))
        if state.phase is not Phase.DONE or outcome is None or not outcome.total:
            raise _Failed(f"{state.phase}: {outcome}")

    def _export(self) -> None:
        """Have the window write Excel, and read it."""
        import openpyxl

        target = self._home / "results.xlsx"
        exports = self._application.controller.workspaces["image"].exports
        exports.write("excel", target)
        self._until(target.is_file)
        rows = openpyxl.load_workbook(target).worksheets[1].max_row
        if rows < 2:
            raise _Failed(f"{rows} rows")

    def _train(self) -> None:
        """Have a process of its own train for one epoch on the demonstration set."""
        training = self._application.controller.training
        state, tiny = training.state, {"epochs": 1, "input_size": 64, "batch": 8}
        self._window.show_tab(TRAIN)
        training.setup.demonstration()
        self._until(lambda: state.data is not None and state.loading is None)
        training.setup.change(name="self-test", **tiny)
        training.runs.begin()
        self._until(lambda: state.record is not None and not state.engaged)
        if state.stage is not Stage.FINISHED:
            raise _Failed(f"{state.stage}: {state.record and state.record.message}")

    def _close(self) -> None:
        self._window.close()
        self._until(lambda: self._application.window is None)

    def _button(self, words: str) -> QAbstractButton:
        for each in self._window.findChildren(QAbstractButton):
            if each.isVisible() and each.text().strip() == words:
                self._until(each.isEnabled)
                return each
        raise _Failed(f"no button says {words}")

    def _until(self, holds: Callable[[], bool]) -> None:
        """Let the window live until something holds."""
        last = time.monotonic() + WAIT_S
        _live(lambda: holds() or time.monotonic() > last)
        if not holds():
            said = self._application.messages.last
            raise _Failed(said.text if said is not None else f"nothing in {WAIT_S:g} s")


def _icons() -> None:
    """Draw every icon."""
    names = sorted(path.stem for path in resource("icons").glob("*.svg"))
    empty = [name for name in names if not _shows(name)]
    if not names or empty or icons.app_icon().isNull():
        raise _Failed(f"nothing is drawn of {empty or names}")


def _shows(name: str) -> bool:
    image = icons.pixmap(name, ICON_PX).toImage()
    points = (QPoint(x, y) for x in range(image.width()) for y in range(image.height()))
    return any(image.pixelColor(point).alpha() for point in points)


def _click(button: QAbstractButton) -> None:
    """Press and let go of the left button of the mouse over a button."""
    place = QPointF(button.rect().center())
    left, no = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    none = Qt.KeyboardModifier.NoModifier
    over = button.mapToGlobal(place)
    for kind, held in ((QEvent.Type.MouseButtonPress, left), (QEvent.Type.MouseButtonRelease, no)):
        QApplication.sendEvent(button, QMouseEvent(kind, place, over, left, held, none))


def _rest(seconds: float) -> None:
    last = time.monotonic() + seconds
    _live(lambda: time.monotonic() > last)


def _live(ended: Callable[[], bool]) -> None:
    """Let the window live until something ends."""
    loop, look = QEventLoop(), QTimer()
    look.timeout.connect(lambda: loop.quit() if ended() else None)
    look.start(LOOK_EVERY_MS)
    loop.exec()
    look.stop()
