"""What weights say of themselves, laid out to be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop.background import Job, start
from desktop.panels.parameters import TASK_WORDS
from desktop.widgets.buttons import text_button
from desktop.widgets.elided_label import ElidedLabel
from desktop.widgets.swatch import swatch_icon
from engine.colours import class_colours
from engine.i18n import N_
from engine.i18n import translate as _
from engine.types import ModelInfo

ROW, MOST_ROWS = 24, 6
METRICS = {
    "box_map50": N_("box mAP50"),
    "box_map50_95": N_("box mAP50-95"),
    "mask_map50": N_("mask mAP50"),
    "mask_map50_95": N_("mask mAP50-95"),
}


class ModelCardDialog(QDialog):
    """File, task, classes, hash; and from the card: data, figures, limits.

    Args:
        info: What the file says.
        weights: The file.
        parent: The owner.
    """

    def __init__(self, *, info: ModelInfo, weights: Path, parent: QWidget | None = None) -> None:
        """Show what is known at once; the card is read outside the UI thread."""
        super().__init__(parent)
        self.setWindowTitle(_("What these weights say"))
        self.resize(560, 620)
        self._hash = info.sha256
        content = QWidget()
        self._body = QVBoxLayout(content)
        self._body.setContentsMargins(0, 0, 12, 0)
        self._body.setSpacing(12)
        name = ElidedLabel(info.name)
        name.setProperty("role", "readout")
        self._body.addWidget(name)
        self._body.addLayout(
            _form(
                (
                    (_("File"), str(weights)),
                    (_("Task"), _(TASK_WORDS[info.task])),
                    (_("Input size"), f"{info.input_size} px"),
                    ("SHA-256", info.sha256),
                )
            )
        )
        self._body.addWidget(_title(_("Classes")))
        self._body.addWidget(_classes(info.names))
        self._body.addStretch(1)
        area = QScrollArea()
        area.setWidget(content)
        area.setWidgetResizable(True)
        copy = text_button("copy", _("Copy the SHA-256"))
        copy.clicked.connect(self._on_copy)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(16)
        layout.addWidget(area, 1)
        layout.addWidget(buttons)

        def read(job: Job) -> dict[str, Any] | None:
            from engine.models.info import card_of

            return card_of(weights, info)

        start(self, read, done=self._show_card)

    def _on_copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self._hash)

    def _show_card(self, card: dict[str, Any] | None) -> None:
        place = self._body.count() - 1
        parts = list(_parts(card)) if card else []
        if not parts:
            parts = [_sentence(_("The file says nothing of its training."), "muted")]
        for part in parts:
            self._body.insertWidget(place, part)
            place += 1


def _parts(card: Mapping[str, Any]) -> Iterator[QWidget]:
    """Yield what a card holds, each part only where it is of the expected kind."""
    limits = card.get("not_for")
    if isinstance(limits, str):
        yield _title(_("Not fit for"))
        yield _sentence(limits, "warn")
    figures = card.get("metrics")
    if isinstance(figures, dict):
        rows = list(_figures(figures))
        if rows:
            yield _title(_("Measured"))
            holder = QWidget()
            holder.setLayout(_form(rows))
            yield holder
    data = card.get("data")
    if isinstance(data, list) and data:
        yield _title(_("Learned from"))
        for entry in data:
            if isinstance(entry, dict):
                yield _sentence(_source(entry))
    rest = [
        (words, str(card[key]))
        for key, words in (
            ("recipe", _("Recipe")),
            ("date", _("Date")),
            ("licence", _("Licence")),
        )
        if isinstance(card.get(key), str)
    ]
    if rest:
        yield _title(_("More"))
        holder = QWidget()
        holder.setLayout(_form(rest))
        yield holder


def _figures(figures: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, values in figures.items():
        if isinstance(values, dict):
            known = [
                " ".join((_(words), f"{values[key]:.3f}"))
                for key, words in METRICS.items()
                if isinstance(values.get(key), float)
            ]
            yield str(name), "\n".join(known)


def _source(entry: Mapping[str, Any]) -> str:
    words = [str(entry[key]) for key in ("what", "credit", "licence") if entry.get(key)]
    return f"{entry.get('name', '')}: {'. '.join(words)}"


def _form(rows: Iterable[tuple[str, str]]) -> QFormLayout:
    form = QFormLayout()
    form.setContentsMargins(0, 0, 0, 0)
    form.setHorizontalSpacing(16)
    form.setVerticalSpacing(8)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
    for words, value in rows:
        label = QLabel(words)
        label.setProperty("role", "muted")
        # Long values are the file's own: a path, a hash.
        field = QLabel(value) if len(value) < 40 or "\n" in value else ElidedLabel(value)
        field.setTextFormat(Qt.TextFormat.PlainText)
        field.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        form.addRow(label, field)
    return form


def _title(words: str) -> QLabel:
    label = QLabel(words)
    label.setProperty("role", "title")
    return label


def _sentence(words: str, role: str = "") -> QLabel:
    label = QLabel(words)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if role:
        label.setProperty("role", role)
    return label


def _classes(names: tuple[str, ...]) -> QListWidget:
    found = QListWidget()
    found.setAccessibleName(_("Classes"))
    found.setIconSize(QSize(12, 12))
    for name, colour in zip(names, class_colours(names), strict=True):
        item = QListWidgetItem(swatch_icon(colour), name)
        item.setSizeHint(QSize(0, ROW))
        found.addItem(item)
    found.setFixedHeight(ROW * min(max(len(names), 1), MOST_ROWS) + 6)
    return found
