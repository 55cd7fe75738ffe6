"""The log of a training: a line an epoch, and what else happened, with the time since its start."""

from __future__ import annotations

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QFont, QFontDatabase, QGuiApplication, QTextCursor
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from desktop.figures import number
from desktop.panels.training import words
from desktop.panels.training.curve_names import main_metric
from desktop.widgets.buttons import quiet_button
from desktop.widgets.clock import clock
from desktop.widgets.elided_label import ElidedLabel
from engine.i18n import translate as _
from engine.training.folder import RunFolder
from engine.training.record import EpochReport, Notice, RunRecord, Stage
from engine.training.words import loss_word, metric_word

FONT_PX = 12
BAR = 36
MOST_LINES = 2000


class Story:
    """Turns what a record gained since the last look into lines.

    Args:
        record: Of the run.
    """

    def __init__(self, record: RunRecord) -> None:
        """Begin at the beginning."""
        self._record = record
        self._epochs: list[EpochReport] = []
        self._notices: list[Notice] = []
        self._done = self._noted = 0
        self._preparing: object = None
        self._started: object = None
        self._told = Stage.WAITING
        self._seconds = 0.0

    def lines(self) -> list[str]:
        """Return the lines that are new."""
        record, found = self._record, []
        if record.preparing and record.preparing is not self._preparing:
            self._preparing = record.preparing
            found.append(self._line(_preparing(record)))
        if record.started and record.started is not self._started:
            self._started = record.started
            found += self._start()
        found += self._news()
        ended = not record.stage.busy and record.stage is not Stage.WAITING
        if ended and record.stage is not self._told:
            # What ends a run is the last to be said of it.
            found.append(self._line(words.title(record, 0.0)))
            said = (record.message, record.hint) if record.stage is Stage.FAILED else ()
            found += [self._line(each) for each in said if each]
        self._told = record.stage
        return found

    def _start(self) -> list[str]:
        """Say how a part of a run begins; one that goes on repeats none of what was said."""
        record = self._record
        first = int(record.started.get("first_epoch") or 1)
        if self._epochs is not record.epochs and self._done:
            # What it keeps has been said.
            self._done = sum(each.epoch < first for each in record.epochs)
            self._noted = sum(each.epoch < first for each in record.notices)
        self._epochs, self._notices = record.epochs, record.notices
        if first > 1:
            # All that came before stands above this line.
            return [*self._news(before=first), self._line(_goes_on(first))]
        return [self._line(_started(record))]

    def _news(self, before: int | None = None) -> list[str]:
        record, found = self._record, []
        for report in record.epochs[self._done :]:
            if before is not None and report.epoch >= before:
                break
            found += self._notes(report.epoch)
            self._seconds = report.elapsed_s
            found.append(self._line(_epoch(report)))
            self._done += 1
        newest = record.epochs[-1].epoch if record.epochs else 0
        return found + (self._notes(newest + 1) if before is None else [])

    def _notes(self, until: int) -> list[str]:
        found = []
        for notice in self._record.notices[self._noted :]:
            if notice.epoch > until:
                break
            found.append(self._line(notice.text))
            self._noted += 1
        return found

    def _line(self, text: str) -> str:
        return f"{clock(self._seconds, hours=True, tenths=False)}  {text}"


class LogView(QWidget):
    """Shows the log of one run.

    Args:
        parent: The owner.

    Signals:
        folder_requested: The folder of the run is to be opened.
    """

    folder_requested = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show no lines yet."""
        super().__init__(parent)
        self._story: Story | None = None
        heading = QLabel(_("Log"))
        heading.setProperty("role", "heading")
        self._where = ElidedLabel()
        self._where.setProperty("role", "caption")
        self._copy = quiet_button("copy", _("Copy"))
        self._copy.clicked.connect(self.copy)
        self._open = quiet_button("folder", _("Open folder"))
        self._open.clicked.connect(self.folder_requested)
        bar = QHBoxLayout()
        bar.setContentsMargins(16, 0, 8, 0)
        bar.addStrut(BAR)
        bar.setSpacing(8)
        bar.addWidget(heading)
        bar.addWidget(self._where, 1)
        bar.addWidget(self._copy)
        bar.addWidget(self._open)
        self.text = QPlainTextEdit()
        self.text.setObjectName("log")
        self.text.setReadOnly(True)
        self.text.setFrameShape(QFrame.Shape.NoFrame)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setMaximumBlockCount(MOST_LINES)
        self.text.setUndoRedoEnabled(False)
        self.text.setAccessibleName(_("Log"))
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPixelSize(FONT_PX)
        font.setStyleHint(QFont.StyleHint.Monospace)
        self.text.setFont(font)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        layout.addWidget(self.text, 1)

    def show_record(self, record: RunRecord, folder: RunFolder | None) -> None:
        """Show the log of another run."""
        self._story = Story(record)
        self._where.setText("" if folder is None else str(folder.path))
        self._open.setEnabled(folder is not None)
        self.text.clear()
        self.refresh()
        bar = self.text.verticalScrollBar()
        assert bar is not None
        bar.setValue(bar.maximum())

    def refresh(self) -> None:
        """Add the lines that are new; who reads further up is left there."""
        if self._story is None:
            return
        lines = self._story.lines()[-MOST_LINES:]
        if lines:
            self.text.appendPlainText("\n".join(lines))

    def copy(self) -> None:
        """Put what is selected into the clipboard, all where nothing is."""
        clipboard = QGuiApplication.clipboard()
        chosen: QTextCursor = self.text.textCursor()
        # Qt puts paragraph separators into the text of a selection.
        words_chosen = chosen.selectedText().replace("\u2029", "\n")
        if clipboard is not None:
            clipboard.setText(words_chosen or self.text.toPlainText())


def _preparing(record: RunRecord) -> str:
    told = record.preparing
    facts = (told.get("recipe"), told.get("device"), told.get("data"))
    return _("preparing: {facts}").format(facts=", ".join(str(each) for each in facts if each))


def _started(record: RunRecord) -> str:
    told = record.started
    return _("training begins: {pictures} pictures, {validation} for validation").format(
        pictures=told.get("pictures", "–"), validation=told.get("validation", "–")
    )


def _goes_on(first: int) -> str:
    return _("goes on with epoch {epoch}").format(epoch=first)


def _epoch(report: EpochReport) -> str:
    """Return the losses and the main metrics of an epoch on one line."""
    parts = [_("epoch {epoch}").format(epoch=f"{report.epoch:>3}")]
    parts += [f"{loss_word(name)} {_figure(value)}" for name, value in report.losses.items()]
    main = main_metric(list(report.metrics))
    for name in dict.fromkeys(("map50_95", main)):
        if name in report.metrics:
            parts.append(f"{metric_word(name)} {_figure(report.metrics[name])}")
    if report.is_best:
        parts.append(_("best so far"))
    return "  ".join(parts)


def _figure(value: float | None) -> str:
    return "–" if value is None else number(value, 3)
