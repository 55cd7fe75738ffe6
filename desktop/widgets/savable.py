"""A drawing that is saved as a picture, and its figures as a table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QPoint, Qt, pyqtSignal
from PyQt6.QtWidgets import QFileDialog, QMenu, QWidget

from desktop.background import Job, start
from desktop.widgets.plot_files import save_image, save_table
from engine.i18n import translate as _


class Savable(QWidget):
    """A widget with a context menu that saves what it shows.

    Args:
        name: What it shows, for screen readers and file names.
        parent: The owner.

    Signals:
        failed: EngineError, a file could not be written.
    """

    failed = pyqtSignal(object)

    def __init__(self, *, name: str, parent: QWidget | None = None) -> None:
        """Show nothing yet."""
        super().__init__(parent)
        self._name = name
        self.setAccessibleName(name)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._on_menu)

    def table(self) -> list[list[str]]:
        """Return what is shown as rows of texts, a header first."""
        raise NotImplementedError

    def save_png(self, path: Path) -> None:
        """Write what is seen as a picture."""
        image = self.grab().toImage()
        self._write(lambda: save_image(image, path))

    def save_csv(self, path: Path) -> None:
        """Write the figures behind it, UTF-8 with a mark that spreadsheets know."""
        table = self.table()
        self._write(lambda: save_table(table, path))

    def menu(self) -> QMenu:
        """Return what can be done with it."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(_("Save PNG…"), lambda: self._ask(".png", _("Picture (*.png)")))
        menu.addAction(_("Save CSV…"), lambda: self._ask(".csv", _("CSV table (*.csv)")))
        return menu

    def _write(self, write: Callable[[], None]) -> None:
        def work(job: Job) -> None:
            write()

        start(self, work, failed=self.failed.emit)

    def _on_menu(self, at: QPoint) -> None:
        self.menu().popup(self.mapToGlobal(at))

    def _ask(self, suffix: str, kinds: str) -> None:
        dialog = QFileDialog(self, self._name)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(kinds)
        dialog.setDefaultSuffix(suffix.removeprefix("."))
        save = self.save_png if suffix == ".png" else self.save_csv
        dialog.fileSelected.connect(lambda path: save(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
