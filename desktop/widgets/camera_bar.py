"""The bar of the camera: which one, how it is set, snapshot and recording."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QSignalBlocker, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QPaintEvent, QResizeEvent
from PyQt6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLayout,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
    QWidget,
)

from desktop import icons
from desktop.figures import number
from desktop.widgets.address_field import AddressField
from desktop.widgets.buttons import beside, text_button
from desktop.widgets.record_button import RecordButton
from engine.i18n import translate as _

SIZES = ((640, 480), (1280, 720), (1920, 1080), (2560, 1440), (3840, 2160))
RATES = (5.0, 10.0, 15.0, 25.0, 30.0, 60.0)
NETWORK = "network"
"""What the list holds for an address that is typed."""
_DEVICE_WIDTH = 320
# Border, padding and arrow of a list.
_AROUND_WORDS = 48
_DEVICE_LEAST = 144
_ACROSS, _ABOVE, _GAP = 12, 5, 8


class CameraBar(QWidget):
    """Chooses a camera and what is done with it; in one row, or several where it is narrow.

    Signals:
        device_chosen: str, the spec of a camera of the list.
        address_entered: str, the address of a network camera.
        refresh_requested: Look again which cameras there are.
        mode_changed: int or None the width, the same the height, float or None the rate in
            pictures a second; None leaves it to the camera.
        snapshot_pressed: Keep the picture on screen.
        record_pressed: int seconds, or None until it is stopped.
        record_stopped: Record no more.
    """

    device_chosen = pyqtSignal(str)
    address_entered = pyqtSignal(str)
    refresh_requested = pyqtSignal()
    mode_changed = pyqtSignal(object, object, object)
    snapshot_pressed = pyqtSignal()
    record_pressed = pyqtSignal(object)
    record_stopped = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show no camera."""
        super().__init__(parent)
        self.setObjectName("bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._devices: tuple[tuple[str, str], ...] = ()
        self._names: dict[str, str] = {}
        self._chosen = ""
        self._by_address = False
        self._form = (0, False)
        self._device, self._refresh = _ElidedCombo(), QToolButton()
        self._size, self._rate = QComboBox(), QComboBox()
        self._address = AddressField()
        self._snapshot = text_button("snapshot", _("Snapshot"))
        self._record = RecordButton()
        self._set_up()
        self._device_group = _group(self._device, self._refresh, stretched=True)
        self._device_group.setMaximumWidth(_DEVICE_WIDTH)
        self._mode_group = _group(self._size, self._rate)
        self._button_group = _group(self._snapshot, self._record)
        self._grid = QGridLayout(self)
        # What it needs depends on how it is arranged.
        self._grid.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._grid.setContentsMargins(_ACROSS, _ABOVE, _ACROSS, _ABOVE + 1)
        self._grid.setHorizontalSpacing(_GAP)
        self._grid.setVerticalSpacing(_GAP)
        self._arrange()
        self.set_modes(SIZES, RATES)
        self._fill()
        self.set_running(False)

    def set_devices(self, devices: Sequence[tuple[str, str]]) -> None:
        """Offer cameras; the chosen one stays chosen, also where it is not there any more.

        Args:
            devices: Spec and words of each.
        """
        self._devices = tuple(devices)
        self._names.update(devices)
        self._fill()

    def set_device(self, spec: str) -> None:
        """Show which camera or address is chosen, empty for none."""
        self._chosen = spec
        self._by_address = "://" in spec
        self._address.set_address(spec if self._by_address else "")
        self._fill()

    def set_modes(self, sizes: Sequence[tuple[int, int]], rates: Sequence[float]) -> None:
        """Offer sizes of the picture in pixels and rates in pictures a second."""
        mode = self._size.currentData(), self._rate.currentData()
        with QSignalBlocker(self._size), QSignalBlocker(self._rate):
            self._size.clear()
            self._rate.clear()
            self._size.addItem(_("Automatic size"))
            self._rate.addItem(_("Automatic rate"))
            for size in sizes:
                self._size.addItem(_size_text(size), size)
            for rate in rates:
                self._rate.addItem(_rate_text(rate), float(rate))
        width, height = mode[0] or (None, None)
        self.set_mode(width, height, mode[1])

    def set_mode(self, width: int | None, height: int | None, rate: float | None) -> None:
        """Show what is asked of the camera; None leaves it to the camera."""
        size = (width, height) if width is not None and height is not None else None
        with QSignalBlocker(self._size), QSignalBlocker(self._rate):
            _choose(self._size, size, "" if size is None else _size_text(size))
            _choose(self._rate, rate, "" if rate is None else _rate_text(rate))

    def show_recording(self, elapsed_s: float | None, remaining_s: float | None) -> None:
        """Show how long it has recorded, None for not at all, and how long it still will."""
        self._record.show_time(elapsed_s, remaining_s)
        self._arrange()

    def set_running(self, running: bool) -> None:
        """Say whether the camera runs: only then is there a picture, and no other one to choose."""
        self._snapshot.setEnabled(running)
        for part in (self._device, self._refresh, self._address, self._size, self._rate):
            part.setEnabled(not running)
        self._show_tip()

    def minimumSizeHint(self) -> QSize:
        """Return the width of the widest part, as they can stand below one another."""
        parts = (self._device_group, self._mode_group, self._button_group)
        width = max(part.minimumSizeHint().width() for part in parts)
        return QSize(width + 2 * _ACROSS, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Arrange the parts for the width there is."""
        super().resizeEvent(event)
        self._arrange()

    def _set_up(self) -> None:
        self._device.setAccessibleName(_("Camera"))
        self._device.setPlaceholderText(_("No camera"))
        self._device.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        words = self._device.fontMetrics().horizontalAdvance(_("Network address…"))
        self._device.setMinimumWidth(max(words + _AROUND_WORDS, _DEVICE_LEAST))
        self._device.activated.connect(self._on_device)
        self._refresh.setIcon(icons.icon("refresh"))
        self._refresh.setAccessibleName(_("Look for cameras again"))
        self._refresh.setToolTip(_("Look for cameras again"))
        self._refresh.clicked.connect(self.refresh_requested)
        self._size.setAccessibleName(_("Resolution"))
        self._size.setToolTip(_("Size of the pictures of the camera"))
        self._rate.setAccessibleName(_("Rate"))
        self._rate.setToolTip(_("Pictures a second that the camera is asked for"))
        for combo in (self._size, self._rate):
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            combo.activated.connect(self._on_mode)
        self._address.entered.connect(self._on_address)
        self._snapshot.setToolTip(_("Save the current picture as a file"))
        self._snapshot.clicked.connect(self.snapshot_pressed)
        self._record.started.connect(self.record_pressed)
        self._record.stopped.connect(self.record_stopped)

    def _fill(self) -> None:
        """List the cameras, the chosen one that is away, and the way to type an address."""
        with QSignalBlocker(self._device):
            self._device.clear()
            for spec, words in self._devices:
                self._device.addItem(words, spec)
            there = any(spec == self._chosen for spec, _words in self._devices)
            if self._chosen and not there and "://" not in self._chosen:
                name = self._names.get(self._chosen) or self._chosen.partition(":")[2]
                away = _("{name} (not connected)").format(name=name or self._chosen)
                self._device.addItem(away, self._chosen)
            if self._device.count():
                self._device.insertSeparator(self._device.count())
            self._device.addItem(_("Network address…"), NETWORK)
            wanted = NETWORK if self._by_address else self._chosen
            self._device.setCurrentIndex(self._device.findData(wanted) if wanted else -1)
        self._show_tip()
        self._address.setVisible(self._by_address)

    def _show_tip(self) -> None:
        tip = self._device.currentText() or _("Choose a camera")
        if not self._device.isEnabled():
            tip = _("{name}. Stop the camera to choose another one.").format(name=tip)
        self._device.setToolTip(tip)

    def _arrange(self) -> None:
        """Put the parts into as few rows as there is width for."""
        device, modes, buttons = self._device_group, self._mode_group, self._button_group
        across = [part.sizeHint().width() for part in (device, modes, buttons)]
        metrics = self._snapshot.fontMetrics()
        word = metrics.horizontalAdvance(beside(_("Snapshot")))
        if not self._snapshot.text():
            across[2] += word
        room = self.width() - 2 * _ACROSS
        rows, brief = 3, False
        if sum(across) + 2 * _GAP - word <= room:
            rows, brief = 1, sum(across) + 2 * _GAP > room
        elif across[0] + across[2] + 2 * _GAP <= room:
            rows = 2
        if (rows, brief) == self._form:
            return
        self._form = rows, brief
        self._snapshot.setText("" if brief else beside(_("Snapshot")))
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        for part in (device, modes, buttons, self._address):
            self._grid.removeWidget(part)
        self._grid.addWidget(device, 0, 0, 1, 3 if rows == 3 else 1)
        self._grid.addWidget(self._address, 1, 0, 1, 3)
        if rows == 1:
            self._grid.addWidget(modes, 0, 1)
        else:
            self._grid.addWidget(modes, 2, 0, 1, 3, left)
        if rows == 3:
            self._grid.addWidget(buttons, 3, 0, 1, 3, left)
        else:
            self._grid.addWidget(buttons, 0, 2, right)
        # What the list of cameras does not need lies before the buttons.
        self._grid.setColumnStretch(0, 100)
        self._grid.setColumnStretch(2, 1)
        self.updateGeometry()

    def _on_device(self, row: int) -> None:
        spec = self._device.itemData(row)
        self._by_address = spec == NETWORK
        if not self._by_address:
            self._chosen = spec
            self._fill()
            self.device_chosen.emit(spec)
            return
        self._fill()
        self._address.setFocus(Qt.FocusReason.OtherFocusReason)
        if self._address.address:
            self._on_address(self._address.address)

    def _on_address(self, address: str) -> None:
        self._chosen = address
        self.address_entered.emit(address)

    def _on_mode(self) -> None:
        width, height = self._size.currentData() or (None, None)
        self.mode_changed.emit(width, height, self._rate.currentData())


class _ElidedCombo(QComboBox):
    """A list whose choice may be longer than its room."""

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        style = self.style()
        assert style is not None
        field = QStyle.SubControl.SC_ComboBoxEditField
        complex_control = QStyle.ComplexControl.CC_ComboBox
        room = style.subControlRect(complex_control, option, field, self).width()
        text = option.currentText or self.placeholderText()
        option.currentText = self.fontMetrics().elidedText(
            text, Qt.TextElideMode.ElideRight, room - 4
        )
        painter.drawComplexControl(complex_control, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)


def _group(*parts: QWidget, stretched: bool = False) -> QWidget:
    """Return parts side by side, the first one as wide as possible where `stretched`."""
    group = QWidget()
    layout = QHBoxLayout(group)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(_GAP)
    for place, part in enumerate(parts):
        layout.addWidget(part, 1 if stretched and place == 0 else 0)
    return group


def _choose(combo: QComboBox, value: object, words: str) -> None:
    """Choose a value of a list, which it gets where it lacks it."""
    row = next((row for row in range(combo.count()) if combo.itemData(row) == value), None)
    if row is None:
        row = combo.count()
        combo.addItem(words, value)
    combo.setCurrentIndex(row)


def _size_text(size: tuple[int, int]) -> str:
    return f"{size[0]} × {size[1]}"


def _rate_text(rate: float) -> str:
    decimals = 0 if rate == round(rate) else 2
    return _("{rate} fps").format(rate=number(rate, decimals))
