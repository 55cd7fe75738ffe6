"""What a training would take: time, memory and disk, measured on request."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from desktop.panels.parameters import headline
from desktop.panels.training_words import memory_words, seconds_words
from desktop.training_state import TrainingState
from desktop.widgets.facts import Fact, Facts
from engine.i18n import translate as _
from engine.training.preflight import Preflight


class EstimatePart(QWidget):
    """A button that measures, and what came of it.

    Args:
        state: Read and listened to.
        parent: The owner.

    Signals:
        check_requested: Data and training are to be checked.
        cancel_requested: The check is to end.
    """

    check_requested = pyqtSignal()
    cancel_requested = pyqtSignal()

    def __init__(self, *, state: TrainingState, parent: QWidget | None = None) -> None:
        """Show what the state holds."""
        super().__init__(parent)
        self._state = state
        self._check = QPushButton(_("Check"))
        self._check.setProperty("role", "link")
        self._check.setToolTip(
            _("Looks through the data, builds the network and learns from a batch or two of noise.")
        )
        self._check.clicked.connect(self._on_pressed)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 0)
        self._bar.setAccessibleName(_("Progress"))
        self._hint = QLabel(_("Check tells time, memory, parameters and what ails the data."))
        self._hint.setProperty("role", "caption")
        self._hint.setWordWrap(True)
        self._facts = Facts()
        self._problem = QLabel()
        self._problem.setProperty("role", "warn")
        self._problem.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(headline(_("Estimate"), self._check))
        for part in (self._bar, self._hint, self._facts, self._problem):
            layout.addWidget(part)
        layout.setAlignment(Qt.AlignmentFlag.AlignTop)
        state.preflight_changed.connect(self._refresh)
        state.checking_changed.connect(self._refresh)
        state.config_changed.connect(self._refresh)
        state.data_changed.connect(self._refresh)
        self._refresh()

    def _on_pressed(self) -> None:
        if self._state.checking:
            self.cancel_requested.emit()
        else:
            self.check_requested.emit()

    def _refresh(self) -> None:
        state = self._state
        found = state.preflight
        self._check.setText(_("Cancel") if state.checking else _("Check"))
        self._check.setEnabled(state.checking or state.data is not None)
        self._bar.setVisible(state.checking)
        self._hint.setVisible(found is None)
        self._facts.show_facts([] if found is None else estimates(found, state.config.epochs))
        problem = "" if found is None else " ".join(problems(found))
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))


def estimates(found: Preflight, epochs: int) -> list[Fact]:
    """Return how long a training takes and what it needs, beside what there is."""
    of = _("{needed} of {free}")
    memory = of.format(
        needed=memory_words(found.memory_mb), free=memory_words(found.memory_free_mb)
    )
    disk = of.format(needed=memory_words(found.disk_mb), free=memory_words(found.disk_free_mb))
    everything = _("about {time}").format(time=seconds_words(found.seconds_per_epoch * epochs))
    return [
        Fact(_("Runs on"), found.device),
        Fact(_("An epoch"), seconds_words(found.seconds_per_epoch)),
        Fact(_("All epochs"), everything),
        Fact(_("Memory"), memory, "error" if found.memory_mb > found.memory_free_mb else ""),
        Fact(_("Disk"), disk, "error" if found.disk_mb > found.disk_free_mb else ""),
    ]


def problems(found: Preflight) -> list[str]:
    """Return what is likely to go wrong, a sentence each."""
    said = []
    if found.memory_mb > found.memory_free_mb:
        said.append(
            _("There may be too little memory: try a smaller batch or a smaller input size.")
        )
    if found.disk_mb > found.disk_free_mb:
        said.append(_("There is too little room on the disk: free some first."))
    return said
