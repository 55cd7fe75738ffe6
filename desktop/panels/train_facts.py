"""What the run on show was told and what it makes of it, where nothing can be changed any more."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from desktop import icons
from desktop.panels.parameters import device_words, headline
from desktop.panels.train_recipe import monospace, size_facts, start_fact
from desktop.panels.training_words import memory_words
from desktop.training_state import TrainingState
from desktop.verbs.training_setup import data_name
from desktop.widgets.elided_label import ElidedLabel
from desktop.widgets.facts import Fact, Facts
from engine.config import Setting, declarations
from engine.i18n import translate as _
from engine.training.config import TrainConfig
from engine.training.record import RunRecord

ALWAYS = ("epochs", "input_size", "batch", "seed", "optimizer", "learning_rate", "patience")
"""Parameters that are told; of the others those that were changed."""

_ELSEWHERE = frozenset({"model", "data", "weights", "name", "device"})
_FRAME = 14


class RecipeText(QPlainTextEdit):
    """A recipe, broken into as many lines as it takes, to be read and copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show nothing."""
        super().__init__(parent)
        self.setReadOnly(True)
        self.setFont(monospace())
        self.setAccessibleName(_("Recipe"))
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def show_text(self, text: str) -> None:
        """Show a recipe; each of its changes begins a line."""
        shown = text.replace(":", ":\n").replace(",", ",\n")
        if shown != self.toPlainText():
            self.setPlainText(shown)
            self._fit()

    def sizeHint(self) -> QSize:
        """Return room for all lines."""
        return QSize(100, self._height())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Take another height where lines break elsewhere."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.setFixedHeight(self._height())

    def _height(self) -> int:
        document = self.document()
        lines = 1 if document is None else max(1, round(document.size().height()))
        return lines * self.fontMetrics().lineSpacing() + _FRAME + 8


class RunFacts(QWidget):
    """The run on show, as a data sheet.

    Args:
        state: Read and listened to.
        parent: The owner.
    """

    def __init__(self, *, state: TrainingState, parent: QWidget | None = None) -> None:
        """Show what the state holds."""
        super().__init__(parent)
        self._state = state
        self._name = ElidedLabel()
        self._name.setProperty("role", "heading")
        self._recipe = RecipeText()
        self._data, self._network, self._parameters, self._device = (Facts() for _each in range(4))
        self._locked = _locked()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for title, beside, parts in (
            (_("Run"), self._locked, [self._name]),
            (_("Data"), QLabel(), [self._data]),
            (_("Recipe"), QLabel(), [self._recipe, self._network]),
            (_("Parameters"), QLabel(), [self._parameters]),
            (_("Device"), QLabel(), [self._device]),
        ):
            layout.addLayout(headline(title, beside))
            for part in parts:
                layout.addWidget(part)
            layout.addSpacing(8)
        layout.addStretch(1)
        state.run_changed.connect(self.refresh)
        state.run_name_changed.connect(self.refresh)
        state.run_config_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what is known now."""
        config, record = self._state.run_config, self._state.record or RunRecord()
        self._name.setText(self._state.run_name)
        self._recipe.show_text(
            str(record.preparing.get("recipe") or (config.model if config is not None else ""))
        )
        self._data.show_facts(_data(config, record))
        self._network.show_facts(_network(record))
        self._parameters.show_facts([] if config is None else parameters(config, record))
        self._device.show_facts(_device(config, record))


def parameters(config: TrainConfig, record: RunRecord) -> list[Fact]:
    """Return the settings that matter: the usual ones, and those that differ from the defaults."""
    defaults = {each.name: each.default for each in dataclasses.fields(TrainConfig)}
    shown = []
    for name, declared in declarations(TrainConfig).items():
        value = getattr(config, name)
        if name in _ELSEWHERE or (name not in ALWAYS and value == defaults[name]):
            continue
        told = _told(name, record)
        shown.append(Fact(_(declared.label), value_words(told or value, declared)))
    return shown


def value_words(value: object, declared: Setting) -> str:
    """Return the value of a setting as a form shows it."""
    if value is None:
        return _("auto")
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if isinstance(value, float):
        text = f"{value:g}"
    else:
        text = _("auto") if value == "auto" else str(value)
    if not declared.unit:
        return text
    return f"{text}{declared.unit}" if declared.unit == "°" else f"{text} {declared.unit}"


def _told(name: str, record: RunRecord) -> object:
    """Return what the training made of an automatic setting, None while it has not said so."""
    return {
        "input_size": record.preparing.get("input_size"),
        "batch": record.preparing.get("batch_size"),
        "optimizer": record.started.get("optimizer"),
    }.get(name)


def _data(config: TrainConfig | None, record: RunRecord) -> Sequence[Fact]:
    facts = []
    told = str(record.preparing.get("data") or "")
    path = config.data if config is not None else Path(told)
    if told or config is not None:
        facts.append(Fact(_("Data set"), data_name(path), tip=str(path)))
    said = _("{count} pictures")
    for word, key in ((_("Training"), "pictures"), (_("Validation"), "validation")):
        if record.started.get(key) is not None:
            facts.append(Fact(word, said.format(count=f"{record.started[key]:,}")))
    classes = record.preparing.get("classes") or ()
    if classes:
        facts.append(Fact(_("Classes"), str(len(classes)), tip=", ".join(classes)))
    return facts


def _network(record: RunRecord) -> Sequence[Fact]:
    started = record.started
    if not started:
        return []
    size = int(record.preparing.get("input_size") or 0)
    return [
        start_fact(started.get("carried")),
        *size_facts(started.get("parameters") or 0, started.get("gflops") or 0.0, size),
    ]


def _device(config: TrainConfig | None, record: RunRecord) -> Sequence[Fact]:
    name = str(record.preparing.get("device") or "")
    if not name and config is not None:
        name = device_words(config.device)
    facts = [Fact(_("Runs on"), name)] if name else []
    newest = record.batch or (record.epochs[-1] if record.epochs else None)
    if newest is not None:
        rate = _("{rate:.1f} pictures/s").format(rate=newest.images_per_s)
        facts.append(Fact(_("Memory in use"), memory_words(newest.memory_mb)))
        facts.append(Fact(_("Rate"), rate))
    return facts


def _locked() -> QWidget:
    part = QWidget()
    picture, words = QLabel(), QLabel(_("locked while training"))
    picture.setPixmap(icons.pixmap("lock", 14, "muted", part.devicePixelRatioF()))
    words.setProperty("role", "caption")
    row = QHBoxLayout(part)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(4)
    row.addStretch(1)
    row.addWidget(picture)
    row.addWidget(words)
    return part
