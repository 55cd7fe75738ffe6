"""A validation picture at its full size, with what was found in it."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QRect, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QImage, QKeyEvent, QPainter, QPaintEvent
from PyQt6.QtWidgets import QDialog, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from desktop import icons, theme
from desktop.background import Job, start
from desktop.panels.training.previews import Answer, Wish, read, whole_words
from desktop.widgets.elided_label import ElidedLabel
from engine.i18n import translate as _
from engine.training.folder import RunFolder
from engine.training.record import Preview

LEAST, MOST_SHARE = QSize(320, 240), 0.8


class PictureDialog(QDialog):
    """Shows one of several pictures; arrow keys go to the others.

    Args:
        previews: The pictures of an epoch.
        row: The one to begin with.
        folder: Of the run.
        parent: The owner.
    """

    def __init__(
        self,
        *,
        previews: Sequence[Preview],
        row: int,
        folder: RunFolder | None,
        parent: QWidget | None = None,
    ) -> None:
        """Read the picture."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Validation picture"))
        self._previews, self._row, self._folder = tuple(previews), row, folder
        self.picture = FittedPicture()
        self.picture.came.connect(self._fit)
        self._name = ElidedLabel()
        self._epoch = QLabel()
        self._epoch.setProperty("role", "muted")
        self._before = step_button("chevron-left", _("Previous picture"))
        self._before.clicked.connect(lambda checked=False: self.go(self._row - 1))
        self._after = step_button("chevron-right", _("Next picture"))
        self._after.clicked.connect(lambda checked=False: self.go(self._row + 1))
        bar = QHBoxLayout()
        bar.setContentsMargins(12, 8, 8, 8)
        bar.setSpacing(8)
        bar.addWidget(self._name, 1)
        for widget in (self._epoch, self._before, self._after):
            bar.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.picture, 1)
        layout.addLayout(bar)
        self._fitted = False
        self.go(row)

    def go(self, row: int) -> None:
        """Show another picture, if there is one."""
        if not 0 <= row < len(self._previews):
            return
        self._row = row
        preview = self._previews[row]
        self._name.setText(whole_words(preview))
        self._epoch.setText(_("epoch {epoch}").format(epoch=preview.epoch))
        self._before.setEnabled(row > 0)
        self._after.setEnabled(row < len(self._previews) - 1)
        wish = Wish((preview,), self._folder)

        def work(job: Job) -> Answer:
            return read(wish)

        start(self, work, done=self._on_read)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Go on with the arrow keys."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if event is not None and event.key() in steps:
            self.go(self._row + steps[Qt.Key(event.key())])
            return
        super().keyPressEvent(event)

    def _on_read(self, answer: Answer) -> None:
        if answer.wish.previews == (self._previews[self._row],):
            self.picture.set_image(answer.images[0])

    def _fit(self) -> None:
        """Be as large as the first picture, as far as the screen goes."""
        screen = self.screen()
        if self._fitted or screen is None:
            return
        self._fitted = True
        room = screen.availableSize() * MOST_SHARE
        self.resize(self.sizeHint().boundedTo(room))


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
        self.setMinimumSize(LEAST)

    def set_image(self, image: QImage) -> None:
        """Show a picture, or say that there is none in a file that was read."""
        self.image, self._came = image, True
        self.updateGeometry()
        self.update()
        self.came.emit()

    def sizeHint(self) -> QSize:
        """Return the size of the picture, a pixel of it for one of the screen."""
        return (self.image.size() / self.devicePixelRatioF()).expandedTo(LEAST)

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
