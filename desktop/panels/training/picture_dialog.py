"""A validation picture at its full size, with what was found in it."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtWidgets import QWidget

from desktop.background import Job, start
from desktop.panels.training.previews import Answer, Wish, read, whole_words
from desktop.widgets.picture_window import PictureWindow
from engine.i18n import translate as _
from engine.training.folder import RunFolder
from engine.training.record import Preview

MOST_SHARE = 0.8


class PictureDialog(PictureWindow):
    """Shows the validation pictures of an epoch.

    Args:
        previews: The pictures.
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
        super().__init__(title=_("Validation picture"), count=len(previews), parent=parent)
        self._previews, self._folder = tuple(previews), folder
        self._fitted = False
        self.picture.came.connect(self._fit)
        self.go(row)

    def show_row(self, row: int) -> None:
        """Name a picture and have it read."""
        preview = self._previews[row]
        self.name.setText(whole_words(preview))
        self.place.setText(_("epoch {epoch}").format(epoch=preview.epoch))
        wish = Wish((preview,), self._folder)

        def work(job: Job) -> Answer:
            return read(wish)

        start(self, work, done=self._on_read)

    def _on_read(self, answer: Answer) -> None:
        if answer.wish.previews == (self._previews[self.row],):
            self.picture.set_image(answer.images[0])

    def _fit(self) -> None:
        """Be as large as the first picture, as far as the screen goes."""
        screen = self.screen()
        if self._fitted or screen is None:
            return
        self._fitted = True
        room = screen.availableSize() * MOST_SHARE
        self.resize(self.sizeHint().boundedTo(room))
