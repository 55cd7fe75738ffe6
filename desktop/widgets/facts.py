"""Rows of a word at the left and its value at the right, as in a data sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QGridLayout, QLabel, QWidget

from desktop.widgets.elided_label import ElidedLabel

ROW_HEIGHT = 20


@dataclass(frozen=True, slots=True)
class Fact:
    """One row.

    Attributes:
        word: What it is, already translated.
        value: What is known of it.
        role: Of the style sheet for the value: empty, `warn` or `error`.
        tip: More about it, the value in full where it is empty.
    """

    word: str
    value: str
    role: str = ""
    tip: str = ""


class Facts(QWidget):
    """Rows that come and go as things are known."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show no rows."""
        super().__init__(parent)
        self._shown: tuple[Fact, ...] = ()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self._rows: list[tuple[QLabel, ElidedLabel]] = []

    @property
    def shown(self) -> tuple[Fact, ...]:
        """The rows."""
        return self._shown

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """Show other rows."""
        if tuple(facts) == self._shown:
            return
        self._shown = tuple(facts)
        while len(self._rows) < len(facts):
            self._add_row()
        for index, (word, value) in enumerate(self._rows):
            here = index < len(facts)
            word.setVisible(here)
            value.setVisible(here)
            if here:
                _fill(word, value, facts[index])
        self.setVisible(bool(facts))

    def _add_row(self) -> None:
        word, value = QLabel(), ElidedLabel(mode=Qt.TextElideMode.ElideRight)
        word.setProperty("role", "muted")
        word.setMinimumHeight(ROW_HEIGHT)
        value.setTextFormat(Qt.TextFormat.PlainText)
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = len(self._rows)
        self._grid.addWidget(word, row, 0)
        self._grid.addWidget(value, row, 1)
        self._rows.append((word, value))


def _fill(word: QLabel, value: ElidedLabel, fact: Fact) -> None:
    word.setText(fact.word)
    value.setText(fact.value)
    value.setToolTip(fact.tip or fact.value)
    if value.property("role") != fact.role:
        value.setProperty("role", fact.role)
        style = value.style()
        if style is not None:
            style.unpolish(value)
            style.polish(value)
