"""Verbs of a training that ask or show something in a window of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, QUrl
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import QDialog, QFileDialog, QInputDialog, QWidget

from desktop.background import Job, start
from desktop.messages import Messages
from desktop.settings import Settings
from desktop.training_state import DataFacts, TrainingState
from desktop.verbs.training import TrainingVerbs
from desktop.verbs.training_checks import summed_up
from desktop.verbs.training_setup import DATA_SUFFIXES, SetupVerbs
from engine.i18n import translate as _
from engine.training.config import TrainConfig
from engine.training.folder import RunFolder

if TYPE_CHECKING:
    from engine.datasets import Report

MOST_EPOCHS = 10_000
MORE_EPOCHS = 50


class TrainingDialogVerbs(QObject):
    """Opens dialogs over the window; none of them blocks it.

    Args:
        state: Read.
        settings: Remembers folders.
        messages: Told what cannot be done.
        setup: Uses what was chosen.
        runs: Goes on with a run.
        window: Returns the window that dialogs belong to.
        parent: The owner.
    """

    def __init__(
        self,
        *,
        state: TrainingState,
        settings: Settings,
        messages: Messages,
        setup: SetupVerbs,
        runs: TrainingVerbs,
        window: Callable[[], QWidget | None],
        parent: QObject | None = None,
    ) -> None:
        """Take the parts of the application."""
        super().__init__(parent)
        self._state = state
        self._settings = settings
        self._messages = messages
        self._setup = setup
        self._runs = runs
        self._window = window
        self._shown: QDialog | None = None

    def close(self) -> None:
        """Close the data set that is shown; its window is of no use afterwards."""
        if self._shown is not None:
            self._shown.reject()

    def open_data_folder(self) -> None:
        """Ask for the folder of a data set."""
        dialog = self._file_dialog(_("Open the folder of a data set"), [])
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self._on_data)
        dialog.open()

    def open_data_file(self) -> None:
        """Ask for the file of a data set."""
        known = " ".join(f"*{suffix}" for suffix in sorted(DATA_SUFFIXES))
        filters = [_("Data sets ({patterns})").format(patterns=known), _("All files (*)")]
        dialog = self._file_dialog(_("Open the file of a data set"), filters)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self._on_data)
        dialog.open()

    def open_weights(self) -> None:
        """Ask for weights to start from."""
        filters = [_("Weights (*.pt)"), _("All files (*)")]
        dialog = self._file_dialog(_("Open weights to start from"), filters)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda path: self._setup.set_weights(Path(path)))
        dialog.fileSelected.connect(lambda path: self._setup.refresh_choices())
        dialog.open()

    def show_data(self) -> None:
        """Show the data set: its counts, what is wrong with it, its pictures with their labels."""
        from desktop.dialogs.data_set import DataSetDialog

        data = self._state.data
        if data is None:
            self._messages.info(_("There is no data set yet."), _("Choose one first."))
            return
        self.close()
        # Checked for what is to be trained, where the labels can train that.
        task = next((each for each in data.tasks if each == self._state.recipe.task), None)
        dialog = DataSetDialog(
            path=data.path,
            task=task,
            input_size=self._state.config.input_size,
            parent=self._window(),
        )
        dialog.data_chosen.connect(self._setup.choose_data)
        dialog.checked.connect(lambda report: self._on_checked(data, report))
        dialog.finished.connect(self._on_data_closed)
        self._shown = dialog
        dialog.show()

    def open_run_folder(self) -> None:
        """Show the folder of the run on show."""
        if self._state.run is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._state.run.path)))

    def extend_shown(self) -> None:
        """Ask how far the run on show is to go on."""
        if self._state.run is not None:
            self.extend(self._state.run)

    def extend(self, folder: RunFolder) -> None:
        """Ask how many epochs a run is to have in all, then go on with it."""

        def look(job: Job) -> tuple[int, TrainConfig]:
            return folder.summary().epoch, folder.config()

        def ask(found: tuple[int, TrainConfig]) -> None:
            done, config = found
            self._ask_epochs(folder, done, max(done, config.epochs))

        start(self, look, done=ask, failed=self._messages.error)

    def _ask_epochs(self, folder: RunFolder, done: int, wanted: int) -> None:
        dialog = QInputDialog(self._window())
        dialog.setWindowTitle(_("Extend the training"))
        dialog.setLabelText(
            _("Epochs in all; {done} of {wanted} are done:").format(done=done, wanted=wanted)
        )
        dialog.setInputMode(QInputDialog.InputMode.IntInput)
        dialog.setIntRange(min(done + 1, MOST_EPOCHS), MOST_EPOCHS)
        dialog.setIntValue(wanted + MORE_EPOCHS)
        dialog.setOkButtonText(_("Extend"))
        dialog.setCancelButtonText(_("Cancel"))
        dialog.intValueSelected.connect(lambda epochs: self._runs.go_on(folder, epochs))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _file_dialog(self, title: str, filters: list[str]) -> QFileDialog:
        dialog = QFileDialog(self._window(), title, self._settings.preferences.folder)
        dialog.setNameFilters(filters)
        dialog.finished.connect(dialog.deleteLater)
        return dialog

    def _on_data_closed(self) -> None:
        dialog, self._shown = self._shown, None
        if dialog is not None:
            dialog.deleteLater()

    def _on_checked(self, data: DataFacts, report: Report) -> None:
        if self._state.data is data:
            self._state.change(data_check=summed_up(report))

    def _on_data(self, name: str) -> None:
        path = Path(name)
        self._settings.change(folder=str(path.parent))
        self._setup.choose_data(path)
