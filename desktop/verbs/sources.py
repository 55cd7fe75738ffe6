"""Verbs for what is looked at: open, drop, paste, step through."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from PyQt6.QtCore import QMimeData, QObject, pyqtSignal
from PyQt6.QtGui import QGuiApplication, QImage

from desktop import background
from desktop.messages import Messages
from desktop.settings import Settings
from desktop.state import AppState, Place
from engine.errors import EngineError, SourceError
from engine.i18n import N_
from engine.i18n import translate as _
from engine.paths import app_data

SESSION_SUFFIX = ".labsight"
WEIGHTS_SUFFIX = ".pt"


class SourceVerbs(QObject):
    """Fills the list of files and moves through it.

    Args:
        state: Gets the files.
        settings: Remembers them.
        messages: Told what cannot be opened.
        parent: The owner.

    Signals:
        session_dropped: Path of a session file among what was opened.
        weights_dropped: Path of a weights file among what was opened.
        samples_ready: The sample pictures are in the list.
    """

    session_dropped = pyqtSignal(object)
    weights_dropped = pyqtSignal(object)
    samples_ready = pyqtSignal()

    def __init__(
        self,
        *,
        state: AppState,
        settings: Settings,
        messages: Messages,
        parent: QObject | None = None,
    ) -> None:
        """Take the parts of the application."""
        super().__init__(parent)
        self._state = state
        self._settings = settings
        self._messages = messages
        self._listing: background.Job | None = None
        self.redirect: Callable[[Sequence[Path]], SourceVerbs] = lambda files: self
        self.asked: tuple[str, ...] = ()

    def open(self, paths: Sequence[Path]) -> None:
        """Open files and folders, sessions and weights among them."""
        special = {SESSION_SUFFIX: self.session_dropped, WEIGHTS_SUFFIX: self.weights_dropped}
        plain = []
        for path in paths:
            signal = special.get(path.suffix.lower())
            if signal is None or path.is_dir():
                plain.append(path)
            else:
                signal.emit(path)
        if not plain:
            return
        specs = [str(path) for path in plain]
        self._listing = background.start(
            self,
            lambda job: (job, *_list(specs)),
            done=lambda found: self._on_listed(specs, *found),
            failed=self._messages.error,
        )

    def open_mime(self, data: QMimeData) -> bool:
        """Open what was dropped or pasted and tell whether there was anything to open."""
        local = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
        if local:
            self.open(local)
            return True
        if data.hasImage():
            image = data.imageData()
            if isinstance(image, QImage) and not image.isNull():
                self._open_image(image)
                return True
        text = Path(data.text().strip().strip('"')) if data.hasText() else None
        if text is not None and text.is_absolute() and "\n" not in str(text):
            self.open([text])
            return True
        if data.urls():
            self._messages.warning(
                _("Only files of this machine can be opened."),
                _("Save it to a folder and open it from there."),
            )
        return False

    def paste(self) -> None:
        """Open what is in the clipboard: files, a picture or a path."""
        clipboard = QGuiApplication.clipboard()
        data = clipboard.mimeData() if clipboard is not None else None
        if data is None or not self.open_mime(data):
            self._messages.info(
                _("The clipboard holds no picture and no file."), _("Copy one first.")
            )

    def try_samples(self) -> None:
        """Render sample pictures and open them."""
        folder = app_data() / "samples"

        def render(job: background.Job) -> Path:
            from engine.scenes.samples import render_samples

            render_samples(folder, should_stop=job.should_stop)
            return folder

        def done(rendered: Path) -> None:
            found = sorted(rendered.glob("*.jpg"))
            self.show([str(rendered)], tuple(found), [])
            self.samples_ready.emit()

        self._messages.info(_("Rendering sample pictures …"))
        background.start(self, render, done=done, failed=self._messages.error)

    def step(self, by: int) -> None:
        """Show the file that stands `by` places further in the list."""
        files = self._state.sources
        if not files:
            return
        row = self.row()
        wanted = 0 if row is None else min(max(row + by, 0), len(files) - 1)
        self._state.change(place=Place(str(files[wanted])), selection=None)

    def row(self) -> int | None:
        """Return where the file on screen stands in the list, from 0."""
        place = self._state.place
        if place is None:
            return None
        return next(
            (row for row, path in enumerate(self._state.sources) if str(path) == place.path), None
        )

    def _on_listed(
        self,
        specs: list[str],
        job: background.Job,
        files: tuple[Path, ...],
        errors: list[EngineError],
    ) -> None:
        if job is not self._listing:
            return
        self._listing = None
        if files:
            self.redirect(files).show(specs, files, errors)
        for error in errors:
            self._messages.error(error)

    def show(
        self, specs: Sequence[str], files: tuple[Path, ...], errors: Sequence[EngineError]
    ) -> None:
        """Put files into the list in place of those there.

        Args:
            specs: What the person named.
            files: What was found there.
            errors: What was wrong with some of it.
        """
        if self._state.phase.busy:
            self._messages.info(_("A run is under way."), _("Stop it first."))
            return
        self.asked = tuple(specs)
        for spec in specs if not errors else []:
            self._settings.remember("recent_sources", spec)
        self._messages.clear()
        self._state.change(
            sources=files,
            place=Place(str(files[0])),
            session=None,
            view=None,
            selection=None,
            outcomes={},
            progress=None,
            counted=None,
        )

    def _open_image(self, image: QImage) -> None:
        folder = app_data() / "pasted"

        def keep(job: background.Job) -> Path:
            folder.mkdir(parents=True, exist_ok=True)
            moment = f"{datetime.now():%Y-%m-%d-%H%M%S}"
            names = (f"{moment}{'' if n == 0 else f'-{n}'}.png" for n in itertools.count())
            path = next(folder / name for name in names if not (folder / name).exists())
            if not image.save(str(path), "PNG"):
                raise SourceError(
                    N_("The picture of the clipboard could not be kept in {path}."),
                    N_("Check the disk and the folder's permissions."),
                    path=folder,
                )
            return path

        background.start(
            self, keep, done=lambda path: self.open([path]), failed=self._messages.error
        )


def _list(specs: Sequence[str]) -> tuple[tuple[Path, ...], list[EngineError]]:
    """Return the files that the specs name, and what was wrong with those that name none."""
    from engine.sources.listing import open_sources, refuse_foreign

    files: dict[Path, None] = {}
    errors: list[EngineError] = []
    for spec in specs:
        try:
            found = open_sources([spec]).items
            if found == (Path(spec),):
                refuse_foreign(found[0])
        except EngineError as error:
            errors.append(error)
            continue
        files |= dict.fromkeys(found)
    return tuple(files), errors
