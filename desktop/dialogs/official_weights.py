"""Fetching official weights: what there is, what is here already, and one clear download."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desktop.background import Job, start
from desktop.panels.parameters import TASK_WORDS
from engine.errors import EngineError
from engine.i18n import translate as _
from engine.models.official import ADDRESS, OFFICIAL
from engine.paths import weights_folder
from engine.types import Progress

NAME = Qt.ItemDataRole.UserRole
FIGURES = (1, 2)
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class OfficialWeightsDialog(QDialog):
    """The weights that Ultralytics published. Nothing is fetched before Download is pressed.

    Args:
        folder: Where they are kept, the application's own by default.
        parent: The owner.

    Signals:
        chosen: Path of weights to use.
    """

    chosen = pyqtSignal(object)

    def __init__(self, *, folder: Path | None = None, parent: QWidget | None = None) -> None:
        """List what there is."""
        super().__init__(parent)
        self.setWindowTitle(_("Get official weights"))
        self.resize(560, 560)
        self._folder = folder or weights_folder()
        self._job: Job | None = None
        self._list = self._build_list()
        said = QLabel(
            _(
                "LabSight stays offline. Only when you press Download does it fetch the file that"
                " is chosen here, from {address}."
            ).format(address=ADDRESS)
        )
        said.setWordWrap(True)
        said.setProperty("role", "muted")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(_("Progress"))
        self._bar.hide()
        self._note = QLabel()
        self._note.setWordWrap(True)
        self._note.setTextFormat(Qt.TextFormat.PlainText)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self._go = QPushButton(_("Download"))
        self._go.setProperty("role", "primary")
        self._go.clicked.connect(self._on_go)
        self._list.currentItemChanged.connect(self._on_current)
        self._list.itemDoubleClicked.connect(self._on_double_click)
        buttons.addButton(self._go, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(said)
        layout.addWidget(self._list, 1)
        layout.addWidget(self._bar)
        layout.addWidget(self._note)
        layout.addWidget(buttons)
        # Enter in the list presses it. Buttons are defaults of a dialog that they are in.
        self._go.setDefault(True)
        self._on_current()

    def done(self, result: int) -> None:
        """End the download with the dialog."""
        if self._job is not None:
            self._job.cancel()
        super().done(result)

    def _build_list(self) -> QTreeWidget:
        found = QTreeWidget()
        found.setAccessibleName(_("Official weights"))
        found.setColumnCount(4)
        found.setHeaderLabels([_("Weights"), _("Parameters"), _("Size"), ""])
        found.setRootIsDecorated(False)
        found.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = found.header()
        assert header is not None
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        titles = found.headerItem()
        assert titles is not None
        for column in FIGURES:
            titles.setTextAlignment(column, RIGHT)
        groups: dict[str, QTreeWidgetItem] = {}
        for each in OFFICIAL:
            if each.task not in groups:
                group = QTreeWidgetItem([_(TASK_WORDS[each.task])])
                group.setFlags(Qt.ItemFlag.ItemIsEnabled)
                font = group.font(0)
                font.setBold(True)
                group.setFont(0, font)
                found.addTopLevelItem(group)
                group.setExpanded(True)
                groups[each.task] = group
            row = QTreeWidgetItem(
                [each.name, f"{each.parameters_m:.1f} M", f"{each.size_mb} MB", ""]
            )
            row.setData(0, NAME, each.name)
            for column in FIGURES:
                row.setTextAlignment(column, RIGHT)
            groups[each.task].addChild(row)
        first = found.topLevelItem(0)
        if first is not None:
            found.setCurrentItem(first.child(0))
        self._mark(found)
        return found

    def _mark(self, found: QTreeWidget) -> None:
        """Say which files are here already."""
        for place in range(found.topLevelItemCount()):
            group = found.topLevelItem(place)
            for number in range(group.childCount() if group is not None else 0):
                row = group.child(number) if group is not None else None
                if row is not None:
                    here = (self._folder / str(row.data(0, NAME))).is_file()
                    row.setText(3, _("here already") if here else "")

    def _name(self) -> str:
        item = self._list.currentItem()
        return "" if item is None else str(item.data(0, NAME) or "")

    def _on_current(self) -> None:
        if self._job is not None:
            return
        name = self._name()
        here = bool(name) and (self._folder / name).is_file()
        self._go.setText(_("Use these") if here else _("Download"))
        self._go.setEnabled(bool(name))

    def _on_double_click(self) -> None:
        if self._name():
            self._go.click()

    def _on_go(self) -> None:
        if self._job is not None:
            self._job.cancel()
            return
        name = self._name()
        path = self._folder / name
        if path.is_file():
            self.accept()
            self.chosen.emit(path)
            return
        self._note.clear()
        self._bar.setRange(0, 0)
        self._bar.show()
        self._list.setEnabled(False)
        self._go.setText(_("Cancel"))

        def fetch(job: Job) -> Path:
            from engine.models.official import download

            return download(
                name, self._folder, progress=job.report, should_stop=job.should_stop
            )

        self._job = start(
            self,
            fetch,
            done=self._on_fetched,
            failed=self._on_failed,
            progressed=self._on_progress,
            ended=self._on_ended,
        )

    def _on_progress(self, progress: Progress) -> None:
        if progress.total:
            self._bar.setRange(0, 1000)
            self._bar.setValue(round(1000 * progress.done / progress.total))
        self._say(
            _("{done:.1f} of {total:.1f} MB, {rate:.1f} MB a second").format(
                done=progress.done / 1e6,
                total=(progress.total or progress.done) / 1e6,
                rate=progress.rate_hz / 1e6,
            ),
            "muted",
        )

    def _on_fetched(self, path: Path) -> None:
        self.accept()
        self.chosen.emit(path)

    def _on_failed(self, error: EngineError) -> None:
        self._say(f"{error.message} {error.hint}".strip(), "error")

    def _say(self, words: str, role: str) -> None:
        self._note.setProperty("role", role)
        style = self._note.style()
        if style is not None:
            style.polish(self._note)
        self._note.setText(words)

    def _on_ended(self) -> None:
        self._job = None
        self._bar.hide()
        self._list.setEnabled(True)
        self._mark(self._list)
        self._on_current()
