"""The strip of validation pictures: what the network of an epoch finds in always the same ones."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QModelIndex, QObject, Qt
from PyQt6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListView,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop.background import Lane
from desktop.panels.training.picture_dialog import PictureDialog
from desktop.panels.training.previews import (
    PREVIEW,
    Answer,
    PreviewDelegate,
    PreviewModel,
    Wish,
    read,
)
from desktop.widgets.note import Note
from desktop.widgets.picture_window import step_button
from engine.i18n import translate as _
from engine.training.folder import RunFolder
from engine.training.record import RunRecord

BAR = 36
LONGEST = 320


class PictureStrip(QWidget):
    """Shows the pictures of the newest epoch, or of one that a person went back to.

    Args:
        parent: The owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show the sentence that there is nothing yet."""
        super().__init__(parent)
        self._record: RunRecord | None = None
        self._folder: RunFolder | None = None
        # None for the newest, whichever that is.
        self._chosen: int | None = None
        self._wish: Wish | None = None
        self.model = PreviewModel(self)
        self.list = self._make_list()
        heading = QLabel(_("Predictions on validation pictures"))
        heading.setProperty("role", "heading")
        self._epoch = QLabel()
        self._epoch.setProperty("role", "caption")
        self._before = step_button("chevron-left", _("Pictures of the epoch before"))
        self._before.clicked.connect(lambda checked=False: self.step(-1))
        self._after = step_button("chevron-right", _("Pictures of the epoch after"))
        self._after.clicked.connect(lambda checked=False: self.step(1))
        bar = QHBoxLayout()
        bar.setContentsMargins(16, 0, 12, 0)
        bar.addStrut(BAR)
        bar.setSpacing(8)
        bar.addWidget(heading)
        bar.addStretch(1)
        for widget in (self._before, self._epoch, self._after):
            bar.addWidget(widget)
        framed = QWidget()
        inside = QHBoxLayout(framed)
        inside.setContentsMargins(16, 0, 4, 4)
        inside.addWidget(self.list)
        self._note = Note()
        self._pages = QStackedWidget()
        self._pages.addWidget(self._note)
        self._pages.addWidget(framed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        layout.addWidget(self._pages, 1)
        self._lane = Lane("training-pictures", read, parent=self)
        self._lane.answered.connect(self._on_answer)

    def show_record(self, record: RunRecord, folder: RunFolder | None) -> None:
        """Show another run."""
        self._record, self._folder = record, folder
        self._chosen = self._wish = None
        self.refresh()

    def refresh(self) -> None:
        """Show what came."""
        record = self._record
        if record is None:
            return
        epochs = sorted(record.previews)
        shown = self._shown(epochs)
        self._pages.setCurrentIndex(0 if shown is None else 1)
        if shown is None:
            self._chosen = None
            said = (
                _("Pictures appear here as the network learns.")
                if record.stage.busy
                else _("This run left no pictures.")
            )
            self._note.set_text(said)
        place = -1 if shown is None else epochs.index(shown)
        for widget in (self._before, self._epoch, self._after):
            widget.setVisible(shown is not None)
        self._before.setEnabled(place > 0)
        self._after.setEnabled(0 <= place < len(epochs) - 1)
        self._say(shown, latest=place == len(epochs) - 1)
        wish = Wish(() if shown is None else record.previews[shown], self._folder, self._longest())
        if wish != self._wish:
            self._wish = wish
            self.model.set_previews(wish.previews)
            if wish.previews:
                self._lane.ask(wish)

    def step(self, by: int) -> None:
        """Go to the epoch before or after, of those that have pictures."""
        if self._record is None:
            return
        epochs = sorted(self._record.previews)
        shown = self._shown(epochs)
        if shown is None:
            return
        place = min(max(epochs.index(shown) + by, 0), len(epochs) - 1)
        self._chosen = None if place == len(epochs) - 1 else epochs[place]
        self.refresh()

    def close_threads(self) -> None:
        """End the thread that reads."""
        self._lane.close()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Lay the pictures out anew in another room."""
        if event is not None and event.type() == QEvent.Type.Resize:
            self.list.scheduleDelayedItemsLayout()
        return super().eventFilter(watched, event)

    def _make_list(self) -> QListView:
        view = QListView()
        view.setObjectName("previews")
        view.setModel(self.model)
        view.setItemDelegate(PreviewDelegate(view))
        view.setFlow(QListView.Flow.LeftToRight)
        view.setWrapping(True)
        view.setResizeMode(QListView.ResizeMode.Adjust)
        view.setMouseTracking(True)
        view.setFrameShape(QFrame.Shape.NoFrame)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        view.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        view.setAccessibleName(_("Predictions on validation pictures"))
        view.clicked.connect(self._on_opened)
        view.activated.connect(self._on_opened)
        viewport = view.viewport()
        assert viewport is not None
        viewport.installEventFilter(self)
        return view

    def _shown(self, epochs: list[int]) -> int | None:
        """Return the epoch whose pictures are shown."""
        if self._chosen in epochs:
            return self._chosen
        return epochs[-1] if epochs else None

    def _say(self, epoch: int | None, *, latest: bool) -> None:
        words = ""
        if epoch is not None:
            words = _("epoch {epoch}, latest") if latest else _("epoch {epoch}")
        said = words.format(epoch=epoch)
        if said != self._epoch.text():
            self._epoch.setText(said)

    def _longest(self) -> int:
        return round(LONGEST * self.devicePixelRatioF())

    def _on_answer(self, answer: Answer) -> None:
        aspect = self.model.aspect
        self.model.set_images(answer)
        if self.model.aspect != aspect:
            self.list.scheduleDelayedItemsLayout()

    def _on_opened(self, index: QModelIndex) -> None:
        if self._wish is None or index.data(PREVIEW) is None:
            return
        # A double click would open it twice.
        if self.findChild(PictureDialog) is None:
            dialog = PictureDialog(
                previews=self._wish.previews, row=index.row(), folder=self._folder, parent=self
            )
            dialog.open()
