"""Verbs for files made of a session: Excel, CSV and labels, of all objects or of a selection."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PyQt6.QtCore import QObject, QUrl, pyqtSignal
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import QFileDialog, QWidget

from desktop.background import Job, start
from desktop.messages import Act, Messages
from desktop.settings import Settings
from desktop.state import AppState
from engine.i18n import N_
from engine.i18n import translate as _


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of export.

    Attributes:
        title: Of the dialog.
        filter: Of its files, empty for a folder.
        suffix: Of the file, empty for a folder.
        function: Its name in `engine.export`.
    """

    title: str
    filter: str
    suffix: str
    function: str


# To add a format: one row here and its entry in the menu of the results.
FORMATS = {
    "excel": Format(N_("Export to Excel"), N_("Excel workbook (*.xlsx)"), ".xlsx", "export_excel"),
    "csv": Format(N_("Export to CSV"), N_("CSV table (*.csv)"), ".csv", "export_csv"),
    "coco": Format(N_("Export COCO labels"), N_("COCO labels (*.json)"), ".json", "export_coco"),
    "yolo": Format(N_("Choose an empty folder for the YOLO labels"), "", "", "export_yolo"),
    "labelme": Format(N_("Choose an empty folder for LabelMe labels"), "", "", "export_labelme"),
}


class ExportVerbs(QObject):
    """Writes exports of what the tables show, beside the window.

    Args:
        state: Says what is shown.
        settings: Remembers the folder.
        messages: Told what was written and what went wrong.
        window: Returns the window that dialogs belong to.
        parent: The owner.

    Signals:
        progressed: `Progress` of the export under way, None when there is none.
    """

    progressed = pyqtSignal(object)

    def __init__(
        self,
        *,
        state: AppState,
        settings: Settings,
        messages: Messages,
        window: Callable[[], QWidget | None],
        parent: QObject | None = None,
    ) -> None:
        """Take the parts of the application."""
        super().__init__(parent)
        self._state = state
        self._settings = settings
        self._messages = messages
        self._window = window
        self._job: Job | None = None

    def ask(self, kind: str, objects: tuple[int, ...] | None = None) -> None:
        """Ask where to, then export.

        Args:
            kind: A key of `FORMATS`.
            objects: Only these object ids of the view, None for all.
        """
        view = self._state.view
        if view is None:
            self._messages.info(_("There are no results to export yet."), _("Detect first."))
            return
        form = FORMATS[kind]
        folder = Path(self._settings.preferences.folder or Path.home())
        dialog = QFileDialog(self._window(), _(form.title))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        name = view.origin.parent.name
        if form.suffix:
            dialog.setNameFilter(_(form.filter))
            dialog.setDefaultSuffix(form.suffix.removeprefix("."))
            dialog.selectFile(str(folder / f"{name}{form.suffix}"))
        else:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
            dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptOpen)
            dialog.setOption(QFileDialog.Option.ShowDirsOnly)
            dialog.setDirectory(str(folder))
        dialog.fileSelected.connect(lambda path: self.write(kind, Path(path), objects))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def write(self, kind: str, target: Path, objects: tuple[int, ...] | None = None) -> None:
        """Export the view to a file or folder, in the background."""
        view = self._state.view
        if view is None:
            return
        if self._job is not None:
            self._messages.info(_("An export is under way."), _("Wait for it or cancel it."))
            return
        self._settings.change(folder=str(target.parent))
        self._job = start(
            self,
            lambda job: export(kind, view.path, target, objects, job),
            done=self._on_written,
            failed=self._messages.error,
            progressed=self.progressed.emit,
            ended=self._on_ended,
        )

    def cancel(self) -> None:
        """End the export under way; a former file of that name stays as it was."""
        if self._job is not None:
            self._job.cancel()

    def open_folder(self) -> None:
        """Show the folder of the session in the system's file manager."""
        session = self._state.session
        if session is not None:
            reveal(session.parent)

    def _on_written(self, path: Path) -> None:
        self._messages.info(
            _("Written: {path}").format(path=path),
            act=Act(_("Open"), lambda: reveal(path)),
        )

    def _on_ended(self) -> None:
        self._job = None
        self.progressed.emit(None)


def export(
    kind: str, session: Path, target: Path, objects: tuple[int, ...] | None, job: Job
) -> Path:
    """Write an export; for a background thread.

    Raises:
        EngineError: It cannot be written.
        Cancelled: The job was cancelled.
    """
    from engine import export as formats
    from engine.store import SessionReader
    from engine.store.derive import with_objects

    write: Callable[..., Path] = getattr(formats, FORMATS[kind].function)
    with tempfile.TemporaryDirectory(prefix="labsight-export-") as scratch:
        path = session
        if objects is not None:
            with SessionReader.open(session) as reader:
                path = with_objects(
                    reader, Path(scratch) / "selection", objects, should_stop=job.should_stop
                )
        with SessionReader.open(path) as reader:
            return write(reader, target, progress=job.report, should_stop=job.should_stop)


def reveal(path: Path) -> None:
    """Open a file or folder with the system's own program for it."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
