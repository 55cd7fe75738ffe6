"""A window with one of several pictures, as large as there is room."""

from __future__ import annotations

from PyQt6.QtCore import QRect, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QImage, QKeyEvent, QPainter, QPaintEvent
from PyQt6.QtWidgets import QDialog, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from desktop import icons, theme
from desktop.widgets.elided_label import ElidedLabel
from engine.i18n import translate as _

_LEAST = QSize(320, 240)


class PictureWindow(QDialog):
    """Shows one of several pictures; buttons and arrow keys go to the others.

    A class of its own says what each shows, in `show_row`.

    Args:
        title: Of the window.
        count: Number of pictures.
        parent: The owner.

    Attributes:
        row: The picture on show, from 0.
        picture: Shows it.
        name: Shows its name.
        place: Shows where it belongs.
    """

    def __init__(self, *, title: str, count: int, parent: QWidget | None = None) -> None:
        """Show nothing yet; `go` does."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.row = 0
        self._count = count
        self.picture = FittedPicture()
        self.name = ElidedLabel()
        self.place = QLabel()
        self.place.setProperty("role", "muted")
        self._before = step_button("chevron-left", _("Previous picture"))
        self._before.clicked.connect(lambda checked=False: self.go(self.row - 1))
        self._after = step_button("chevron-right", _("Next picture"))
        self._after.clicked.connect(lambda checked=False: self.go(self.row + 1))
        bar = QHBoxLayout()
        bar.setContentsMargins(12, 8, 8, 8)
        bar.setSpacing(8)
        bar.addWidget(self.name, 1)
        for widget in (self.place, self._before, self._after):
            bar.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.picture, 1)
        layout.addLayout(bar)

    def show_row(self, row: int) -> None:
        """Name a picture and have it read."""
        raise NotImplementedError

    def go(self, row: int) -> None:
        """Show another picture, if there is one."""
        if not 0 <= row < self._count:
            return
        self.row = row
        self._before.setEnabled(row > 0)
        self._after.setEnabled(row < self._count - 1)
        self.show_row(row)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Go on with the arrow keys."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if event is not None and event.key() in steps:
            self.go(self.row + steps[Qt.Key(event.key())])
            return
        super().keyPressEvent(event)


class FittedPicture(QWidget):
    """A picture as large as there is room.

    Signals:
        came: There is a picture.
    """

    came = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show nothing yet."""
        super().__init__(parent)
        self.image = QImage()
        self._came = False
        self.setMinimumSize(_LEAST)

    def set_image(self, image: QImage) -> None:
        """Show a picture, or say that there is none in a file that was read."""
        self.image, self._came = image, True
        self.updateGeometry()
        self.update()
        self.came.emit()

    def sizeHint(self) -> QSize:
        """Return the size of the picture, a pixel of it for one of the screen."""
        return (self.image.size() / self.devicePixelRatioF()).expandedTo(_LEAST)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("canvas"))
        if self.image.isNull() and not self._came:
            return
        if self.image.isNull():
            painter.setPen(theme.colour("muted"))
            said = _("The picture cannot be read.")
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, said)
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        size = self.image.size()
        size.scale(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRect(0, 0, size.width(), size.height())
        target.moveCenter(self.rect().center())
        painter.drawImage(target, self.image)


def step_button(icon: str, name: str) -> QToolButton:
    """Return a button with an icon alone."""
    button = QToolButton()
    button.setIcon(icons.icon(icon))
    button.setToolTip(name)
    button.setAccessibleName(name)
    return button
