"""The summary dock: counts by class, how they are distributed, and the selected object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop.figures import number, tabular
from desktop.panels.result_columns import class_name, degrees
from desktop.panels.summary_counts import CountsModel, CountsTable
from desktop.state import AppState
from desktop.widgets.elided_label import ElidedLabel
from desktop.widgets.plot import Bar, Plot
from desktop.widgets.swatch import swatch
from engine.colours import class_colours
from engine.i18n import translate as _
from engine.store.records import ObjectRecord
from engine.types import ModelInfo

MOST_BARS = 12
CHART_HEIGHT = 140
COUNTS_EVERY_MS = 100


class SummaryPanel(QWidget):
    """What was found, in figures.

    Args:
        state: Read and listened to for the model, as long as no session has said its own.
        parent: The owner.

    Signals:
        failed: EngineError, a chart could not be written.
    """

    failed = pyqtSignal(object)

    def __init__(self, *, state: AppState, parent: QWidget | None = None) -> None:
        """Show no counts."""
        super().__init__(parent)
        self._state = state
        self._model: ModelInfo | None = None
        self._here: Mapping[int, int] | None = None
        self._all: Mapping[int, int] = {}
        self._confidences: Sequence[int] = ()
        self._object: ObjectRecord | None = None
        self._counts = CountsModel(self)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(COUNTS_EVERY_MS)
        self._pause.timeout.connect(self._show_counts)
        self._table = CountsTable(self._counts)
        self._hint = _muted(_("Counts appear here after a run."))
        self._kind = QComboBox()
        self._kind.addItems([_("Objects by class"), _("Objects by confidence")])
        self._kind.setAccessibleName(_("Chart"))
        self._kind.currentIndexChanged.connect(self._show_chart)
        self._chart = Plot(name=_("Objects by class"), across="", up="")
        self._chart.setFixedHeight(CHART_HEIGHT)
        self._chart.failed.connect(self.failed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addLayout(self._head())
        layout.addWidget(self._hint)
        layout.addWidget(self._table)
        layout.addWidget(self._kind)
        layout.addWidget(self._chart)
        layout.addSpacing(8)
        self._card = ObjectCard()
        layout.addWidget(self._card)
        layout.addStretch(1)
        state.model_changed.connect(self._show)
        state.counted_changed.connect(self._on_counted)
        self._show()

    def prepare(self) -> None:
        """Make the chart ready while nothing else is going on."""
        self._chart.prepare()

    def set_model(self, model: ModelInfo | None) -> None:
        """Take class names and task from a session; None for the model of the state."""
        self._model = model
        self._show()

    def set_picture_counts(self, counts: Mapping[int, int] | None) -> None:
        """Show objects by class index in the picture on screen, None where nothing is known."""
        # Pictures of a run come faster than figures can be read; the chart is not about them.
        changed, self._here = counts != self._here, counts
        if changed and not self._pause.isActive():
            self._show_counts()
            self._pause.start()

    def set_all_counts(self, counts: Mapping[int, int]) -> None:
        """Show objects by class index over the session; for classification, pictures."""
        self._all = counts
        self._show()

    def set_confidences(self, counts: Sequence[int]) -> None:
        """Show objects in equal parts of the confidences from 0 to 1."""
        self._confidences = counts
        self._show_chart()

    def set_object(self, record: ObjectRecord | None) -> None:
        """Show the figures of the selected object."""
        self._object = record
        self._card.show_object(record, self._names(), self._classified())

    def _head(self) -> QHBoxLayout:
        title = QLabel(_("Summary"))
        title.setProperty("role", "title")
        self._titles = []
        head = QHBoxLayout()
        head.setSpacing(0)
        head.addWidget(title, 1)
        for text in CountsModel.titles()[1:]:
            label = QLabel(text)
            label.setProperty("role", "caption")
            label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            label.setContentsMargins(0, 0, 4, 0)
            self._titles.append(label)
            head.addWidget(label)
        return head

    def _names(self) -> tuple[str, ...]:
        model = self._model or self._state.model
        return () if model is None else model.names

    def _classified(self) -> bool:
        model = self._model or self._state.model
        return model is not None and model.task == "classify"

    def _show(self) -> None:
        self._show_counts()
        self._show_chart()
        self._card.show_object(self._object, self._names(), self._classified())

    def _show_counts(self) -> None:
        counted = self._state.counted
        some = bool(self._all) or self._here is not None or counted is not None
        names = self._names() if some else ()
        total = _("pictures") if self._classified() else _("objects")
        tracks = None if counted is None else counted.unique
        self._counts.set_counts(names, self._here, self._all, total, tracks)
        for label, width in zip(self._titles, self._table.widths(), strict=True):
            label.setFixedWidth(width)
            label.setVisible(self._counts.rowCount() > 0 and width > 0)
        self._hint.setVisible(self._counts.rowCount() == 0)
        self._table.setVisible(self._counts.rowCount() > 0)

    def _on_counted(self) -> None:
        if not self._pause.isActive():
            self._show_counts()
            self._pause.start()

    def _show_chart(self) -> None:
        something = any(self._all.values())
        self._kind.setVisible(something)
        self._chart.setVisible(something)
        if not something:
            return
        counted = _("Pictures") if self._classified() else _("Objects")
        if self._kind.currentIndex() == 1 and self._confidences:
            parts = len(self._confidences)
            edges = [number(part / parts, 2) for part in range(parts + 1)]
            self._chart.set_labels(across=_("Confidence"), up=counted)
            self._chart.set_bars(
                [
                    Bar(f"{edges[part]} – {edges[part + 1]}", found)
                    for part, found in enumerate(self._confidences)
                ],
                (0.0, 1.0),
            )
            return
        names, colours = self._names(), class_colours(self._names())
        most = sorted(self._all, key=lambda index: -self._all[index])[:MOST_BARS]
        self._chart.set_labels(across="", up=counted)
        self._chart.set_bars(
            [
                Bar(
                    class_name(names, index),
                    self._all[index],
                    colours[index] if index < len(colours) else None,
                )
                for index in sorted(most)
            ]
        )


class ObjectCard(QWidget):
    """The figures of one object, or a hint how to choose one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show the hint."""
        super().__init__(parent)
        title = QLabel(_("Object"))
        title.setProperty("role", "title")
        self._number = QLabel()
        self._number.setProperty("role", "caption")
        self._swatch = QLabel()
        self._class = ElidedLabel(mode=Qt.TextElideMode.ElideRight)
        self._class.setProperty("role", "heading")
        self._confidence = QLabel()
        self._confidence.setProperty("role", "heading")
        self._confidence.setFont(tabular(self._confidence.font()))
        self._hint = _muted(_("Choose an object in the picture or in the table."))
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(self._number)
        name = QHBoxLayout()
        name.setSpacing(8)
        name.addWidget(self._swatch)
        name.addWidget(self._class, 1)
        name.addWidget(self._confidence)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(1, 1)
        self._rows: list[tuple[QLabel, QLabel]] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(head)
        layout.addWidget(self._hint)
        layout.addLayout(name)
        layout.addLayout(self._grid)
        self.show_object(None, (), False)

    def show_object(
        self, record: ObjectRecord | None, names: Sequence[str], classified: bool
    ) -> None:
        """Show an object.

        Args:
            record: The object, None for the hint.
            names: Of the classes.
            classified: It is a whole picture and so has no place and no size.
        """
        self._hint.setVisible(record is None)
        for widget in (self._number, self._swatch, self._class, self._confidence):
            widget.setVisible(record is not None)
        self._show_figures([] if record is None or classified else figures(record))
        if record is None:
            return
        self._number.setText(_("No. {number}").format(number=record.id))
        self._class.setText(class_name(names, record.class_id))
        self._confidence.setText(number(record.confidence, 2))
        self._swatch.setVisible(record.class_id < len(names))
        if record.class_id < len(names):
            ratio = self.devicePixelRatioF()
            square = swatch(class_colours(names)[record.class_id], round(12 * ratio))
            square.setDevicePixelRatio(ratio)
            self._swatch.setPixmap(square)

    def _show_figures(self, rows: Sequence[tuple[str, str]]) -> None:
        while len(self._rows) < len(rows):
            label, value = _muted(""), QLabel()
            label.setWordWrap(False)
            value.setFont(tabular(value.font()))
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._grid.addWidget(label, len(self._rows), 0)
            self._grid.addWidget(value, len(self._rows), 1)
            self._rows.append((label, value))
        for place, (label, value) in enumerate(self._rows):
            shown = place < len(rows)
            label.setVisible(shown)
            value.setVisible(shown)
            if shown:
                label.setText(rows[place][0])
                value.setText(rows[place][1])


def figures(record: ObjectRecord) -> list[tuple[str, str]]:
    """Return what is known of an object beside class and confidence, with its units."""
    centre = (record.x1 + record.x2) / 2, (record.y1 + record.y2) / 2
    rows = [
        (_("Width"), f"{number(record.x2 - record.x1, 1)} px"),
        (_("Height"), f"{number(record.y2 - record.y1, 1)} px"),
        (_("Area"), f"{number(record.area)} px²"),
        (_("Centre"), f"x {number(centre[0])}, y {number(centre[1])} px"),
    ]
    angle = degrees(record.angle)
    if angle is not None:
        rows.append((_("Angle"), f"{number(angle, 1)}°"))
    if record.track is not None:
        rows.append((_("Track"), str(record.track)))
    return rows


def _muted(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "muted")
    label.setWordWrap(True)
    return label
