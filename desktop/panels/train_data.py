"""The data set of a training: choosing it, what is known of it, what its check has found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop import icons
from desktop.panels.parameters import TASK_WORDS, headline
from desktop.training_state import DataCheck, DataFacts, TrainingState
from desktop.verbs.training_setup import data_name
from desktop.widgets.facts import Fact, Facts
from desktop.widgets.setting_field import guard_wheel
from engine.i18n import N_
from engine.i18n import translate as _
from engine.types import Progress

SPLITS = {"train": N_("Training"), "val": N_("Validation"), "test": N_("Test")}
_NAMED_CLASSES = 40


class DataPart(QWidget):
    """What there is to learn from.

    Args:
        state: Read and listened to.
        recent: Returns the data sets opened last, the newest first.
        parent: The owner.

    Signals:
        chosen: Path of a data set to open.
        folder_requested: The folder of a data set is to be asked for.
        file_requested: The file of a data set is to be asked for.
        demonstration_requested: The demonstration set is to be opened.
        show_requested: The data set is to be shown in a window of its own.
        cancel_requested: The data set that is being opened is not wanted after all.
    """

    chosen = pyqtSignal(object)
    folder_requested = pyqtSignal()
    file_requested = pyqtSignal()
    demonstration_requested = pyqtSignal()
    show_requested = pyqtSignal()
    cancel_requested = pyqtSignal()

    def __init__(
        self,
        *,
        state: TrainingState,
        recent: Callable[[], Sequence[Path]],
        parent: QWidget | None = None,
    ) -> None:
        """Show what the state holds."""
        super().__init__(parent)
        self._state = state
        self._recent = recent
        self._tasks = QLabel()
        self._tasks.setProperty("role", "caption")
        self._picker = QComboBox()
        self._picker.setAccessibleName(_("Data set"))
        self._picker.setPlaceholderText(_("Choose a data set"))
        self._picker.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._picker.setMinimumContentsLength(6)
        self._picker.activated.connect(self._on_picked)
        guard_wheel(self._picker)
        self._eye = small_button("eye", _("Look at the data set"))
        self._eye.clicked.connect(lambda checked=False: self.show_requested.emit())
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self._picker, 1)
        row.addWidget(self._eye)
        row.addWidget(self._more_button())
        self._facts = Facts()
        self._hint = QLabel(
            _("Drop a folder here: YOLO, COCO, VOC, LabelMe, or a folder for each class.")
        )
        self._hint.setProperty("role", "caption")
        self._hint.setWordWrap(True)
        self._try = QPushButton(_("Try the demonstration set"))
        self._try.setProperty("role", "link")
        self._try.clicked.connect(lambda checked=False: self.demonstration_requested.emit())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(headline(_("Data"), self._tasks))
        layout.addLayout(row)
        layout.addWidget(self._loading_part())
        layout.addWidget(self._hint)
        layout.addWidget(self._try, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self._facts)
        state.data_changed.connect(self._on_data)
        state.data_check_changed.connect(self._on_data)
        state.loading_changed.connect(self._on_loading)
        self._on_data()
        self._on_loading(state.loading)

    def _more_button(self) -> QToolButton:
        button = small_button("folder", _("Open a data set"))
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        for text, icon, signal in (
            (_("Open folder…"), "folder", self.folder_requested),
            (_("Open file…"), "document", self.file_requested),
            (_("Demonstration set"), "sample", self.demonstration_requested),
        ):
            action = menu.addAction(icons.icon(icon), text)
            assert action is not None
            action.triggered.connect(signal)
        button.setMenu(menu)
        return button

    def _loading_part(self) -> QWidget:
        self._loading = QWidget()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(_("Progress"))
        self._said = QLabel()
        self._said.setProperty("role", "caption")
        cancel = QPushButton(_("Cancel"))
        cancel.setProperty("role", "link")
        cancel.clicked.connect(lambda checked=False: self.cancel_requested.emit())
        row = QHBoxLayout()
        row.addWidget(self._said, 1)
        row.addWidget(cancel)
        layout = QVBoxLayout(self._loading)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._bar)
        layout.addLayout(row)
        return self._loading

    def _on_picked(self, row: int) -> None:
        path = self._picker.itemData(row)
        # What is chosen already is row 0; choosing it again reads it again.
        self.chosen.emit(path)
        self._fill_picker()

    def _fill_picker(self) -> None:
        data, recent = self._state.data, list(self._recent())
        with QSignalBlocker(self._picker):
            self._picker.clear()
            for row, path in enumerate(recent):
                words = data.name if data is not None and row == 0 else data_name(path)
                self._picker.addItem(words, path)
                self._picker.setItemData(row, str(path), Qt.ItemDataRole.ToolTipRole)
            self._picker.setCurrentIndex(0 if data is not None and recent else -1)
        self._picker.setToolTip("" if data is None else str(data.path))

    def _on_data(self) -> None:
        data = self._state.data
        self._fill_picker()
        self._eye.setEnabled(data is not None)
        for part in (self._hint, self._try):
            part.setVisible(data is None and self._state.loading is None)
        words = "" if data is None else ", ".join(_(TASK_WORDS[task]) for task in data.tasks[:1])
        self._tasks.setText(words)
        if data is not None:
            said = ", ".join(_(TASK_WORDS[task]) for task in data.tasks)
            self._tasks.setToolTip(_("These labels can train: {tasks}").format(tasks=said))
        self._facts.show_facts(data_facts(data, self._state.data_check) if data else [])

    def _on_loading(self, progress: Progress | None) -> None:
        self._loading.setVisible(progress is not None)
        for part in (self._hint, self._try):
            part.setVisible(self._state.data is None and progress is None)
        if progress is None:
            return
        self._bar.setRange(0, progress.total or 0)
        self._bar.setValue(progress.done)
        said = _("Opening …")
        if progress.total:
            said = _("{done} of {total} files").format(done=progress.done, total=progress.total)
        self._said.setText(said)


def small_button(icon: str, words: str) -> QToolButton:
    """Return a button with nothing but an icon, as high as a field."""
    button = QToolButton()
    button.setIcon(icons.icon(icon))
    button.setProperty("role", "button")
    button.setProperty("bare", "true")
    button.setToolTip(words)
    button.setAccessibleName(words)
    return button


def data_facts(data: DataFacts, check: DataCheck | None) -> list[Fact]:
    """Return pictures by split, classes and what the check has found."""
    said = _("{count} pictures")
    facts = [
        Fact(_(SPLITS[split]) if split in SPLITS else split, said.format(count=f"{count:,}"))
        for split, count in data.counts.items()
    ]
    if "val" not in data.counts:
        tip = _("Look at the data set to split it anew on a copy.")
        facts.append(Fact(_("Validation"), _("none"), "error", tip))
    names = ", ".join(data.classes[:_NAMED_CLASSES])
    facts.append(Fact(_("Classes"), str(len(data.classes)), tip=names))
    if check is not None:
        facts.append(_check_fact(check))
    return facts


def _check_fact(check: DataCheck) -> Fact:
    tip = _("Look at the data set to see what was found.")
    if check.errors:
        words = _("{errors} errors, {warnings} warnings")
        text = words.format(errors=check.errors, warnings=check.warnings)
        return Fact(_("Check"), text, "error", tip)
    if check.warnings:
        words = _("no errors, {warnings} warnings")
        return Fact(_("Check"), words.format(warnings=check.warnings), "warn", tip)
    return Fact(_("Check"), _("nothing found"), tip=tip)
