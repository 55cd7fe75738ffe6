"""Verbs that ask or show something in a window of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtGui import QGuiApplication, QKeySequence
from PyQt6.QtWidgets import QDialog, QFileDialog, QWidget

from desktop.background import Job, start
from desktop.messages import Messages
from desktop.settings import Settings
from desktop.state import AppState
from desktop.verbs.weights import WeightVerbs
from engine.i18n import translate as _
from engine.suffixes import PICTURE_SUFFIXES, VIDEO_SUFFIXES


class DialogVerbs(QObject):
    """Opens dialogs over the window; none of them blocks it.

    Args:
        state: Read.
        settings: Remembers folders.
        messages: Told what cannot be done.
        open_files: Opens what was chosen.
        weights: Uses what was chosen.
        window: Returns the window that dialogs belong to.
        parent: The owner.

    Signals:
        preferences_changed: dict of fields of `Preferences`.
        layout_reset: Windows and docks go back to where they were at first.
    """

    preferences_changed = pyqtSignal(object)
    layout_reset = pyqtSignal()

    def __init__(
        self,
        *,
        state: AppState,
        settings: Settings,
        messages: Messages,
        open_files: Callable[[Sequence[Path]], None],
        weights: WeightVerbs,
        window: Callable[[], QWidget | None],
        parent: QObject | None = None,
    ) -> None:
        """Take the parts of the application."""
        super().__init__(parent)
        self._state = state
        self._settings = settings
        self._messages = messages
        self._open_files = open_files
        self._weights = weights
        self._window = window

    def open_pictures(self) -> None:
        """Ask for pictures and videos."""
        known = " ".join(f"*{suffix}" for suffix in sorted(PICTURE_SUFFIXES | VIDEO_SUFFIXES))
        filters = [_("Pictures and videos ({patterns})").format(patterns=known), _("All files (*)")]
        dialog = self._file_dialog(_("Open pictures"), filters)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self._on_files)
        dialog.open()

    def open_folder(self) -> None:
        """Ask for a folder of pictures."""
        dialog = self._file_dialog(_("Open folder"), [])
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.filesSelected.connect(self._on_files)
        dialog.open()

    def open_weights(self) -> None:
        """Ask for a weights file."""
        filters = [_("Weights (*.pt)"), _("All files (*)")]
        dialog = self._file_dialog(_("Open weights"), filters)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda path: self._weights.choose(Path(path)))
        dialog.open()

    def model_card(self) -> None:
        """Show what the weights in use say of themselves."""
        from desktop.dialogs.model_card import ModelCardDialog

        info, weights = self._state.model, self._state.config.weights
        if info is None:
            self._messages.info(_("No weights have been read yet."))
            return
        self._show(ModelCardDialog(info=info, weights=weights, parent=self._window()))

    def official_weights(self) -> None:
        """Offer the official weights for download."""
        from desktop.dialogs.official_weights import OfficialWeightsDialog

        dialog = OfficialWeightsDialog(parent=self._window())
        dialog.chosen.connect(self._weights.choose)
        self._show(dialog)

    def preferences(self) -> None:
        """Show the preferences."""
        from desktop.dialogs.preferences import PreferencesDialog

        dialog = PreferencesDialog(
            preferences=self._settings.preferences, parent=self._window()
        )
        dialog.changed.connect(self.preferences_changed)
        dialog.layout_reset_requested.connect(self.layout_reset)
        self._show(dialog)

    def shortcuts(self) -> None:
        """List the keyboard shortcuts."""
        from desktop.actions import ACTIONS, MENUS
        from desktop.dialogs.shortcuts import ShortcutsDialog

        native = QKeySequence.SequenceFormat.NativeText
        rows = [
            (
                _(MENUS[spec.menu]).replace("&", ""),
                _(spec.text).removesuffix("…"),
                ", ".join(QKeySequence(keys).toString(native) for keys in spec.keys),
            )
            for spec in ACTIONS
            if spec.keys
        ]
        self._show(ShortcutsDialog(rows=rows, parent=self._window()))

    def about(self) -> None:
        """Show version and licences."""
        from desktop.dialogs.about import AboutDialog

        self._show(AboutDialog(parent=self._window()))

    def copy_report(self) -> None:
        """Put what `doctor` says of this machine into the clipboard."""

        def report(job: Job) -> str:
            from engine.cli.doctor import report_text

            return report_text()

        def done(text: str) -> None:
            clipboard = QGuiApplication.clipboard()
            if clipboard is not None:
                clipboard.setText(text)
            self._messages.info(_("The report is in the clipboard."), _("Paste it where you ask."))

        start(self, report, done=done, failed=self._messages.error)

    def _file_dialog(self, title: str, filters: list[str]) -> QFileDialog:
        folder = self._settings.preferences.folder
        dialog = QFileDialog(self._window(), title, folder)
        dialog.setNameFilters(filters)
        dialog.finished.connect(dialog.deleteLater)
        return dialog

    def _on_files(self, names: list[str]) -> None:
        paths = [Path(name) for name in names]
        if paths:
            self._settings.change(folder=str(paths[0].parent))
            self._open_files(paths)

    def _show(self, dialog: QDialog) -> None:
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
