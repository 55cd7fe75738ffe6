"""What runs: weights, device, thresholds, classes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop import icons
from desktop.state import AppState
from desktop.widgets.class_filter import ClassFilter
from desktop.widgets.threshold_slider import ThresholdSlider
from engine.config import RunConfig, declarations
from engine.i18n import N_
from engine.i18n import translate as _
from engine.types import ModelInfo

SIZES = (320, 416, 512, 640, 768, 960, 1024, 1280, 1600, 2048)
TASK_WORDS = {
    "detect": N_("detection"),
    "segment": N_("segmentation"),
    "pose": N_("pose"),
    "obb": N_("oriented boxes"),
    "classify": N_("classification"),
}


class ParameterPanel(QWidget):
    """Weights, device, confidence, IoU, input size and classes of the state.

    Args:
        state: Read, listened to and changed.
        weights: Returns the weights to pick from.
        devices: Returns the devices to pick from, as `RunConfig.device` takes them.
        parent: The owner.

    Signals:
        weights_chosen: Path of the weights to use.
        browse_requested: Another weights file is to be chosen.
        card_requested: What the weights say of themselves is to be shown.
        official_requested: Official weights are to be fetched.
        reset_requested: The thresholds go back to their defaults.
    """

    weights_chosen = pyqtSignal(object)
    browse_requested = pyqtSignal()
    card_requested = pyqtSignal()
    official_requested = pyqtSignal()
    reset_requested = pyqtSignal()

    def __init__(
        self,
        *,
        state: AppState,
        weights: Callable[[], Sequence[Path]],
        devices: Callable[[], Sequence[str]],
        parent: QWidget | None = None,
    ) -> None:
        """Show what the state holds."""
        super().__init__(parent)
        self._state = state
        self._weights = weights
        self._devices = devices
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self._build_model(layout)
        layout.addSpacing(8)
        self._build_thresholds(layout)
        layout.addSpacing(8)
        self._build_classes(layout)
        state.config_changed.connect(self._on_config)
        state.model_changed.connect(self._on_model)
        state.model_busy_changed.connect(self._on_busy)
        state.engaged_changed.connect(self._on_phase)
        state.view_changed.connect(self._on_phase)
        self._on_model(state.model)
        self._on_config(state.config)
        self._on_busy(state.model_busy)

    def _build_model(self, layout: QVBoxLayout) -> None:
        self._about = QLabel()
        self._about.setProperty("role", "caption")
        self._about.setWordWrap(True)
        layout.addLayout(headline(_("Model"), self._about))
        self._picker = QComboBox()
        self._picker.setAccessibleName(_("Weights"))
        self._picker.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._picker.setMinimumContentsLength(8)
        self._picker.activated.connect(self._on_picked)
        more = QToolButton()
        more.setIcon(icons.icon("more"))
        more.setProperty("role", "button")
        more.setProperty("bare", "true")
        more.setToolTip(_("More about weights"))
        more.setAccessibleName(_("More about weights"))
        more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(more)
        for text, icon, signal in (
            (_("Open weights…"), "folder", self.browse_requested),
            (_("What these weights say…"), "document", self.card_requested),
            (_("Get official weights…"), "download", self.official_requested),
        ):
            action = menu.addAction(icons.icon(icon), text)
            assert action is not None
            action.triggered.connect(signal)
        more.setMenu(menu)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._picker, 1)
        row.addWidget(more)
        layout.addLayout(row)
        self._device = QComboBox()
        for name in self._devices():
            self._device.addItem(device_words(name), name)
        device, size = (declarations(RunConfig)[name] for name in ("device", "input_size"))
        form = form_layout()
        add_row(form, _(device.label), self._device, _(device.help))
        self._device.activated.connect(
            lambda row: self._change(device=self._device.itemData(row))
        )
        self._size = QComboBox()
        self._size.activated.connect(lambda row: self._change(input_size=self._size.itemData(row)))
        add_row(form, _(size.label), self._size, _(size.help))
        layout.addLayout(form)

    def _build_thresholds(self, layout: QVBoxLayout) -> None:
        reset = QPushButton(_("Reset"))
        reset.setProperty("role", "link")
        reset.setToolTip(_("Back to the defaults"))
        reset.clicked.connect(self.reset_requested)
        layout.addLayout(headline(_("Parameters"), reset))
        form = form_layout()
        self._confidence = self._add_slider(form, "confidence")
        self._iou = self._add_slider(form, "iou")
        layout.addLayout(form)
        self._note = QLabel()
        self._note.setProperty("role", "caption")
        self._note.setWordWrap(True)
        self._note.hide()
        layout.addWidget(self._note)

    def _add_slider(self, form: QFormLayout, name: str) -> ThresholdSlider:
        declared = declarations(RunConfig)[name]
        slider = ThresholdSlider(
            getattr(self._state.config, name),
            default=getattr(RunConfig(), name),
            name=_(declared.label),
            tip=_(declared.help),
        )
        slider.value_changed.connect(lambda value: self._change(**{name: value}))
        add_row(form, _(declared.label), slider)
        return slider

    def _build_classes(self, layout: QVBoxLayout) -> None:
        self._class_count = QLabel()
        self._class_count.setProperty("role", "caption")
        layout.addLayout(headline(_("Classes"), self._class_count))
        self._classes = ClassFilter()
        self._classes.changed.connect(lambda names: self._change(classes=names))
        layout.addWidget(self._classes)

    def _change(self, **values: object) -> None:
        self._state.change(config=dataclasses.replace(self._state.config, **values))  # type: ignore[arg-type]

    def _on_picked(self, row: int) -> None:
        path = self._picker.itemData(row)
        if path != self._state.config.weights:
            self.weights_chosen.emit(path)
            # Shown as chosen once it has been read.
            self._show_weights()

    def _show_weights(self) -> None:
        current = self._state.config.weights
        choices = list(dict.fromkeys([*self._weights(), current]))
        with QSignalBlocker(self._picker):
            self._picker.clear()
            for path in choices:
                self._picker.addItem(weights_words(path), path)
                row = self._picker.count() - 1
                self._picker.setItemData(row, str(path), Qt.ItemDataRole.ToolTipRole)
            self._picker.setCurrentIndex(choices.index(current))
        self._picker.setToolTip(str(current))

    def _on_config(self, config: RunConfig) -> None:
        self._confidence.set_value(config.confidence)
        self._iou.set_value(config.iou)
        if self._picker.currentData() != config.weights:
            self._show_weights()
        with QSignalBlocker(self._device), QSignalBlocker(self._size):
            self._device.setCurrentIndex(max(self._device.findData(config.device), 0))
            if self._size.findData(config.input_size) < 0:
                self._size.addItem(size_words(config.input_size), config.input_size)
            self._size.setCurrentIndex(self._size.findData(config.input_size))
        names = self._state.model.names if self._state.model else ()
        total, chosen = len(names), len(config.classes) or len(names)
        self._class_count.setText(
            _("{chosen} of {total}").format(chosen=chosen, total=total) if total else ""
        )

    def _on_model(self, model: ModelInfo | None) -> None:
        with QSignalBlocker(self._size):
            self._size.clear()
            own = _("as trained: {size} px").format(size=model.input_size) if model else ""
            self._size.addItem(own, None)
            for size in SIZES:
                self._size.addItem(size_words(size), size)
        self._classes.set_classes(model.names if model else (), self._state.config.classes)
        self._on_config(self._state.config)
        self._show_model(model)

    def _show_model(self, model: ModelInfo | None) -> None:
        text = ""
        if model is not None:
            text = _("{task} · {count} classes").format(
                task=_(TASK_WORDS[model.task]), count=len(model.names)
            )
        self._about.setText(text)
        self._about.setToolTip(text)
        classify = model is not None and model.task == "classify"
        alone = model is not None and model.end_to_end
        self._confidence.setEnabled(not classify)
        self._iou.setEnabled(not classify and not alone)
        notes = []
        if classify:
            notes.append(_("These weights sort whole pictures: there is nothing to suppress."))
        elif alone:
            notes.append(_("These weights give one box an object: IoU changes nothing."))
        view = self._state.view
        if view is not None and view.without_mask:
            text = _("Objects left out because this run did not keep their masks: {count}.")
            notes += text.format(count=view.without_mask), _("Detect again to see them.")
        self._note.setText(" ".join(notes))
        self._note.setVisible(bool(notes))

    def _on_phase(self) -> None:
        self._on_busy(self._state.model_busy)

    def _on_busy(self, busy: bool) -> None:
        running = bool(self._state.engaged)
        for part in (self._picker, self._device, self._size):
            part.setEnabled(not busy and not running)
        if busy:
            self._about.setText(_("reading weights …"))
        else:
            self._show_model(self._state.model)


def headline(title: str, beside: QWidget) -> QHBoxLayout:
    """Return the title of a group with something at its right."""
    label = QLabel(title)
    label.setProperty("role", "title")
    row = QHBoxLayout()
    row.setSpacing(8)
    row.addWidget(label)
    if isinstance(beside, QPushButton):
        row.addStretch(1)
        row.addWidget(beside)
    else:
        row.addWidget(beside, 1)
        if isinstance(beside, QLabel):
            beside.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return row


def form_layout() -> QFormLayout:
    """Return a form whose fields start on one line and fill the dock."""
    form = QFormLayout()
    form.setContentsMargins(0, 0, 0, 0)
    form.setHorizontalSpacing(8)
    form.setVerticalSpacing(8)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    return form


def add_row(form: QFormLayout, text: str, field: QWidget, tip: str = "") -> None:
    """Add a field with its label to a form."""
    label = QLabel(text)
    label.setMinimumWidth(72)
    label.setMinimumHeight(28)
    label.setBuddy(field)
    if tip:
        field.setToolTip(tip)
        field.setAccessibleName(text)
    if isinstance(field, QComboBox):
        field.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        field.setMinimumContentsLength(6)
    form.addRow(label, field)


def device_words(name: str) -> str:
    """Return what a device is called on screen."""
    if name == "auto":
        return _("Automatic")
    if name == "cpu":
        return "CPU"
    if name == "mps":
        return "Apple GPU"
    return f"GPU {name.partition(':')[2] or 0}"


def weights_words(path: Path) -> str:
    """Return what weights are called on screen; those of a training by the name of its run."""
    if path.stem != "best" or path.parent.name != "weights":
        return path.stem
    # The folder of a run begins with its time.
    return _("{name}, best").format(name=path.parent.parent.name.split("-", 1)[-1])


def size_words(size: int | None) -> str:
    """Return what an input size is called on screen."""
    return _("as trained") if size is None else f"{size} px"
