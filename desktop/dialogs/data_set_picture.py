"""One picture of a data set with its labels, enlarged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtGui import QImage
from PyQt6.QtWidgets import QWidget

from desktop.background import Job, start
from desktop.figures import count
from desktop.widgets.picture_window import PictureWindow
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


class LabelledPicture(PictureWindow):
    """Shows the pictures of a data set with their labels.

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
        super().__init__(title=_("Picture with its labels"), count=len(pictures), parent=parent)
        self.resize(*SIZE)
        self._set, self._pictures = data, pictures
        self._job: Job | None = None
        self.go(row)

    def done(self, result: int) -> None:
        """Forget the picture under way."""
        if self._job is not None:
            self._job.cancel()
        super().done(result)

    def show_row(self, row: int) -> None:
        """Name a picture and have it drawn with its labels."""
        path, data = self._pictures[row], self._set
        self.name.setText(str(path))
        total = count(len(self._pictures))
        self.place.setText(_("{number} of {total}").format(number=count(row + 1), total=total))
        if self._job is not None:
            self._job.cancel()

        def work(job: Job) -> tuple[Path, QImage, str]:
            from engine.datasets import preview

            try:
                return path, as_image(preview(path, data, LONGEST)), str(path)
            except EngineError as error:
                return path, QImage(), str(error)

        self._job = start(self, work, done=self._on_read)

    def _on_read(self, answer: tuple[Path, QImage, str]) -> None:
        path, image, words = answer
        if path == self._pictures[self.row]:
            self.name.setText(words)
            self.picture.set_image(image)
