"""The lines above the plots: where a training is, how far, and what a person should know."""

from __future__ import annotations

import time
from collections.abc import Callable

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from desktop import icons
from desktop.figures import number, tabular
from desktop.panels.training import words
from desktop.widgets.figure_row import FigureRow
from engine.i18n import translate as _
from engine.training.record import RunRecord, Stage

ICON = 18
STEPS = 1000
TICK_MS = 1000


class Header(QWidget):
    """Shows where a run is.

    Args:
        clock: Tells the time in seconds.
        parent: The owner.
    """

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, parent: QWidget | None = None
    ) -> None:
        """Show nothing yet."""
        super().__init__(parent)
        self.setObjectName("bar")
        self._clock = clock
        self._record: RunRecord | None = None
        self._stage: Stage | None = None
        self._since = 0.0
        self._icon = QLabel()
        self._title = QLabel()
        self._title.setProperty("role", "state")
        self._title.setFont(tabular(self._title.font()))
        self._step = QLabel()
        self._step.setProperty("role", "muted")
        self._figures = FigureRow()
        self._share = QLabel()
        self._share.setProperty("role", "muted")
        self._share.setFont(tabular(self._share.font()))
        self._bar = QProgressBar()
        self._bar.setRange(0, STEPS)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(_("Progress of the training"))
        self._notice = QLabel()
        self._notice.setWordWrap(True)
        # A sentence may name files, which may look like markup.
        self._notice.setTextFormat(Qt.TextFormat.PlainText)
        self._line = QWidget()
        self._mark = QLabel()
        below = QHBoxLayout(self._line)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(8)
        below.addWidget(self._mark)
        below.addWidget(self._notice, 1)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._icon)
        row.addWidget(self._title)
        row.addWidget(self._step)
        row.addSpacing(8)
        row.addWidget(self._figures, 1)
        row.addWidget(self._share)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 10, 16, 10)
        layout.setSpacing(8)
        layout.addLayout(row)
        layout.addWidget(self._bar)
        layout.addWidget(self._line)
        self._tick = QTimer(self)
        self._tick.setInterval(TICK_MS)
        self._tick.timeout.connect(self._show_title)

    def show_record(self, record: RunRecord) -> None:
        """Show another run."""
        self._record, self._stage = record, None
        self.refresh()

    def refresh(self) -> None:
        """Show what became of the run."""
        record = self._record
        assert record is not None
        if record.stage is not self._stage:
            self._enter(record.stage)
        self._show_title()
        self._say(self._step, words.step(record))
        self._figures.set_figures(words.figures(record))
        share = words.share(record)
        self._bar.setValue(round(STEPS * (share or 0.0)))
        self._say(self._share, "" if share is None else f"{number(100 * share)} %")
        self._show_notice(record)

    def close_threads(self) -> None:
        """Tick no more."""
        self._tick.stop()

    def _enter(self, stage: Stage) -> None:
        self._stage, self._since = stage, self._clock()
        look = words.LOOKS[stage]
        ratio = self.devicePixelRatioF()
        self._icon.setPixmap(icons.pixmap(look.icon, ICON, look.token, ratio))
        # Only what takes an unknown time is counted.
        if stage in (Stage.WAITING, Stage.PREPARING):
            self._tick.start()
        else:
            self._tick.stop()

    def _show_title(self) -> None:
        if self._record is not None:
            said = words.title(self._record, self._clock() - self._since)
            self._say(self._title, said)

    def _show_notice(self, record: RunRecord) -> None:
        """Say why a run failed, else how it can go on, else the newest notice."""
        icon, token, role = "info", "muted", "muted"
        said, tip = "", ""
        if record.stage is Stage.FAILED:
            icon, token, role = "error", "error", "error"
            said = f"{record.message} {record.hint}".strip()
        elif record.stage is Stage.INTERRUPTED and record.epochs:
            said = _("It can go on where it stopped.")
        elif record.notices:
            newest = record.notices[-1]
            said = _("From epoch {epoch}: {text}").format(epoch=newest.epoch, text=newest.text)
            tip = "\n".join(f"{each.epoch}: {each.text}" for each in record.notices)
        if said != self._notice.text():
            self._notice.setText(said)
            self._notice.setProperty("role", role)
            style = self._notice.style()
            if style is not None:
                style.polish(self._notice)
            ratio = self.devicePixelRatioF()
            self._mark.setPixmap(icons.pixmap(icon, 16, token, ratio))
        self._notice.setToolTip(tip)
        self._line.setVisible(bool(said))

    @staticmethod
    def _say(label: QLabel, text: str) -> None:
        # A label that is set lays its row out anew, whether anything changed or not.
        if text != label.text():
            label.setText(text)
