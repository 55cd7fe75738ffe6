"""One picture of a data set with its labels, enlarged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QImage, QKeyEvent
from PyQt6.QtWidgets import QDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop.background import Job, start
from desktop.figures import count
from desktop.panels.training.picture_dialog import FittedPicture, step_button
from desktop.widgets.elided_label import ElidedLabel
from engine.errors import EngineError
from engine.i18n import translate as _

if TYPE_CHECKING:
    from engine.datasets import DataSet

LONGEST = 1600
SIZE = (900, 720)


def as_image(pixels: NDArray[np.uint8]) -> QImage:
    """Return an image of its own memory from pixels [h, w, 3] RGB; for any thread."""
    height, width = pixels.shape[:2]
    data = np.ascontiguousarray(pixels).tobytes()
    return QImage(data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


class LabelledPicture(QDialog):
    """Shows one of several pictures; arrow keys go to the others.

    Args:
        data: Their data set.
        pictures: The pictures.
        row: The one to begin with.
        parent: The owner.
    """

    def __init__(
        self,
        *,
        data: DataSet,
        pictures: Sequence[Path],
        row: int,
        parent: QWidget | None = None,
    ) -> None:
        """Read the picture."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Picture with its labels"))
        self.resize(*SIZE)
        self._set, self._pictures, self._row = data, pictures, row
        self._job: Job | None = None
        self.picture = FittedPicture()
        self._name = ElidedLabel()
        self._place = QLabel()
        self._place.setProperty("role", "muted")
        self._before = step_button("chevron-left", _("Previous picture"))
        self._before.clicked.connect(lambda checked=False: self.go(self._row - 1))
        self._after = step_button("chevron-right", _("Next picture"))
        self._after.clicked.connect(lambda checked=False: self.go(self._row + 1))
        bar = QHBoxLayout()
        bar.setContentsMargins(12, 8, 8, 8)
        bar.setSpacing(8)
        bar.addWidget(self._name, 1)
        for widget in (self._place, self._before, self._after):
            bar.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.picture, 1)
        layout.addLayout(bar)
        self.go(row)

    def done(self, result: int) -> None:
        """Forget the picture under way."""
        if self._job is not None:
            self._job.cancel()
        super().done(result)

    def go(self, row: int) -> None:
        """Show another picture, if there is one."""
        if not 0 <= row < len(self._pictures):
            return
        self._row = row
        path, data = self._pictures[row], self._set
        self._name.setText(str(path))
        total = count(len(self._pictures))
        self._place.setText(_("{number} of {total}").format(number=count(row + 1), total=total))
        self._before.setEnabled(row > 0)
        self._after.setEnabled(row < len(self._pictures) - 1)
        if self._job is not None:
            self._job.cancel()

        def work(job: Job) -> tuple[Path, QImage, str]:
            from engine.datasets import preview

            try:
                return path, as_image(preview(path, data, LONGEST)), str(path)
            except EngineError as error:
                return path, QImage(), str(error)

        self._job = start(self, work, done=self._on_read)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Go on with the arrow keys."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if event is not None and event.key() in steps:
            self.go(self._row + steps[Qt.Key(event.key())])
            return
        super().keyPressEvent(event)

    def _on_read(self, answer: tuple[Path, QImage, str]) -> None:
        path, image, words = answer
        if path == self._pictures[self._row]:
            self._name.setText(words)
            self.picture.set_image(image)
