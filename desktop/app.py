"""The composition root: what is made first, what is given to whom, and how it ends.

The order matters. The exception hook comes before the first widget, as PyQt aborts on an exception
in a slot otherwise; the language before the first text; the theme before the first window. torch,
OpenCV and openpyxl are imported by threads that need them, never here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PyQt6.QtCore import QEvent, QLibraryInfo, QObject, QTimer, QTranslator, pyqtSignal
from PyQt6.QtGui import QFileOpenEvent, QGuiApplication
from PyQt6.QtWidgets import QApplication

from desktop import crash, theme
from desktop.closing import Closing
from desktop.controller import Controller
from desktop.main_window import MainWindow
from desktop.messages import Act, Kind, Message, Messages
from desktop.settings import Preferences, Settings
from desktop.state import AppState, OverlayStyle, Values
from engine import i18n
from engine.config import TRACKERS, RunConfig
from engine.i18n import translate as _
from engine.inference.shelf import DetectorShelf
from engine.paths import app_data
from engine.version import __version__

if TYPE_CHECKING:
    from engine.inference.detector import Detector

# The interpreter hands the lock on at least this often, so that the window is never kept waiting
# by a thread that computes.
SWITCH_EVERY_S = 0.0005
# Another program may have kept the session of the computer from ending after all.
SESSION_ENDS_MS = 30_000


class Application(QObject):
    """Everything that lives as long as the program.

    Args:
        app: Qt's own application.
        settings: What is remembered.
        opener: Loads detectors; another one than the engine's own in tests.

    Attributes:
        state, messages, controller: As their names say.
        window: The one on show.
    """

    def __init__(
        self,
        app: QApplication,
        settings: Settings,
        *,
        opener: Callable[[RunConfig], Detector] | None = None,
    ) -> None:
        """Make the parts; `show` brings up the window."""
        super().__init__()
        sys.setswitchinterval(SWITCH_EVERY_S)
        self._app = app
        self.settings = settings
        self._translator: QTranslator | None = None
        kept = settings.preferences
        self.messages = Messages(self)
        self.state = AppState(
            Values(
                config=replace(RunConfig(), track=kept.track if kept.track in TRACKERS else "off"),
                title=kept.title,
                background=kept.background,
                overlay=OverlayStyle(
                    masks=kept.show_masks,
                    boxes=kept.show_boxes,
                    labels=kept.show_labels,
                    mask_opacity=kept.mask_opacity,
                ),
            ),
            self,
        )
        self.window: MainWindow | None = None
        self.controller = Controller(
            state=self.state,
            settings=settings,
            messages=self.messages,
            shelf=DetectorShelf(opener),
            window=lambda: self.window,
            parent=self,
        )
        self._closing = Closing(
            controller=self.controller,
            window=lambda: self.window,
            leave=self._quit,
            parent=self,
        )
        app.commitDataRequest.connect(self._on_session_end)
        self.controller.dialogs.preferences_changed.connect(self.change_preferences)
        self.state.overlay_changed.connect(self._on_overlay)
        self.state.config_changed.connect(self._on_config)
        hints = QGuiApplication.styleHints()
        if hints is not None:
            hints.colorSchemeChanged.connect(self._on_system_theme)
        self._speak(settings.language())
        theme.apply(app, kept.theme)

    def show(self, files: Sequence[Path] = ()) -> None:
        """Bring up the window, then start what may take longer.

        Args:
            files: Files and folders to open in it.
        """
        self.window = self._new_window()
        self.window.show()
        QTimer.singleShot(0, lambda: self._on_shown(files))

    def close(self) -> None:
        """End everything and close the window."""
        self.controller.close()
        if self.window is not None:
            self.window.finish()
            self.window.deleteLater()
            self.window = None
        self._forget_translator()
        self.settings.sync()

    def change_preferences(self, changes: dict[str, object]) -> None:
        """Change preferences and show the window as they say."""
        former = self.settings.preferences
        now = self.settings.change(**changes)
        self.state.change(title=now.title, background=now.background)
        if (now.language, now.theme) != (former.language, former.theme):
            self._restyle(now)

    def show_crash(self, report: str) -> None:
        """Show the report of an exception that nobody expected."""
        from desktop.dialogs.crash import CrashDialog

        dialog = CrashDialog(report=report, parent=self.window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.finished.connect(lambda code: crash.shown())
        dialog.open()

    def _on_shown(self, files: Sequence[Path]) -> None:
        crash.start_log(app_data() / "logs")
        self.controller.start()
        if files:
            # What is opened takes messages off the screen: the next start tells of a crash.
            self.controller.open(files)
            return
        report = crash.previous_crash(app_data())
        if report is not None:
            crash.acknowledge(report)
            text = report.read_text(encoding="utf-8", errors="replace")
            self.messages.show(
                Message(
                    _("LabSight ended unexpectedly the last time."),
                    Kind.WARNING,
                    _("Nothing that was stored is lost."),
                    details=text,
                    act=Act(_("Show the report"), lambda: self.show_crash(text)),
                )
            )

    def _restyle(self, now: Preferences) -> None:
        """Replace the window by one in another language or theme."""
        self._speak(self.settings.language())
        theme.apply(self._app, now.theme)
        former = self.window
        if former is None:
            return
        tab = former.tab
        former.finish()
        self.window = self._new_window()
        self.window.show_tab(tab)
        self.window.show()
        former.deleteLater()

    def _new_window(self) -> MainWindow:
        window = MainWindow(
            state=self.state,
            settings=self.settings,
            controller=self.controller,
            messages=self.messages,
        )
        window.close_asked.connect(self._closing.ask)
        return window

    def _speak(self, language: str) -> None:
        i18n.activate(language)
        self._forget_translator()
        translator = QTranslator(self)
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if language != "en" and translator.load(f"qtbase_{language}", folder):
            self._app.installTranslator(translator)
            self._translator = translator

    def _forget_translator(self) -> None:
        """Let Qt's own texts be English."""
        if self._translator is not None:
            self._app.removeTranslator(self._translator)
            self._translator = None

    def _on_session_end(self) -> None:
        """Leave without a question, which would hold up the end of the computer's session."""
        self._closing.unasked = True
        QTimer.singleShot(SESSION_ENDS_MS, self._on_session_stays)

    def _on_session_stays(self) -> None:
        self._closing.unasked = False

    def _quit(self) -> None:
        self.close()
        self._app.quit()

    def _on_overlay(self, overlay: OverlayStyle) -> None:
        self.settings.change(
            show_masks=overlay.masks,
            show_boxes=overlay.boxes,
            show_labels=overlay.labels,
            mask_opacity=overlay.mask_opacity,
        )

    def _on_config(self, config: RunConfig) -> None:
        if config.track != self.settings.preferences.track:
            self.settings.change(track=config.track)

    def _on_system_theme(self) -> None:
        kept = self.settings.preferences
        if kept.theme == "system" and theme.resolved("system") is not theme.current():
            self._restyle(kept)


class _Program(QApplication):
    """Qt's own application, which macOS tells of files where other systems give arguments.

    Signals:
        file_came: Path to open.
    """

    file_came = pyqtSignal(object)

    def event(self, event: QEvent | None) -> bool:
        """Pass on which file is to be opened."""
        if event is not None and event.type() == QEvent.Type.FileOpen:
            self.file_came.emit(Path(cast(QFileOpenEvent, event).file()))
            return True
        return super().event(event)


def main(
    files: Sequence[Path], then: Callable[[Application], None] = lambda application: None
) -> int:
    """Show the window until it is closed; return the exit code.

    Args:
        files: Files and folders to open.
        then: Called when it was brought up.
    """
    holder: list[Application] = []
    crash.install(app_data(), lambda report: holder[0].show_crash(report) if holder else False)
    QApplication.setApplicationName("LabSight")
    QApplication.setApplicationVersion(__version__)
    QApplication.setDesktopFileName("labsight")
    app = _Program(["labsight"])
    app.setQuitOnLastWindowClosed(False)
    application = Application(app, Settings())
    holder.append(application)
    app.file_came.connect(lambda path: application.controller.open([path]))
    application.show(files)
    then(application)
    return app.exec()
