"""The sink of a run: every result into the session and, drawn, into the media beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from engine import device
from engine.colours import class_colours
from engine.config import RunConfig
from engine.draw import annotate
from engine.errors import writing_failed
from engine.media import VideoWriter, media_name, write_picture
from engine.sources import Failure
from engine.store import MEDIA_FOLDER, RunRecord, RunState, SessionWriter
from engine.store.records import Process
from engine.store.writer import now
from engine.types import ModelInfo, Result


def run_record(
    info: ModelInfo, device_words: str, config: RunConfig, sources: Sequence[str], title: str = ""
) -> RunRecord:
    """Return how a run that begins now is made.

    Args:
        info: The model.
        device_words: What it runs on, in words.
        config: The run's settings.
        sources: What was asked for, as typed.
        title: What the person calls the application, if anything.
    """
    return RunRecord(
        started=now(),
        model=info,
        settings=config.to_json(),
        device=device_words,
        versions=device.versions(),
        sources=tuple(sources),
        title=title,
        writer=Process.own(),
    )


class Recorder:
    """Writes a run's results as they come.

    Args:
        session: The open session; closed with the recorder.
        info: The model, for names and colours.
        media: False keeps no annotated pictures and videos.
        on_written: Told of each result once it is stored.
        on_failed: Told of each failure once it is stored.

    Raises:
        StoreError: The folder of the media cannot be made.
    """

    def __init__(
        self,
        session: SessionWriter,
        info: ModelInfo,
        *,
        media: bool = True,
        on_written: Callable[[Result], None] = lambda result: None,
        on_failed: Callable[[Failure], None] = lambda failure: None,
    ) -> None:
        """Make the folder of the media."""
        self._session = session
        self._info = info
        self._colours = class_colours(info.names)
        self._folder = session.folder / MEDIA_FOLDER if media else None
        if self._folder is not None:
            try:
                self._folder.mkdir(exist_ok=True)
            except OSError as error:
                session.close("failed")
                raise writing_failed(error, self._folder) from error
        self._names: set[str] = set()
        self._video: tuple[str, str, VideoWriter] | None = None
        self._on_written = on_written
        self._on_failed = on_failed

    def write(self, result: Result) -> None:
        """Draw and store one result.

        Raises:
            StoreError: The disk is full or gone.
        """
        media = None if self._folder is None else self._draw(result, self._folder)
        self._session.add(result, media)
        self._on_written(result)

    def fail(self, failure: Failure) -> None:
        """Store a failure.

        Raises:
            StoreError: The disk is full or gone.
        """
        self._session.fail(failure.origin, failure.error)
        self._on_failed(failure)

    def tick(self) -> float | None:
        """Commit what is due."""
        return self._session.commit_due()

    def close(self, state: RunState = "done") -> None:
        """Finish the media and the session.

        Raises:
            StoreError: The disk is full or gone.
        """
        try:
            self._finish_video()
        finally:
            self._session.close(state)

    def _draw(self, result: Result, folder: Path) -> str:
        image = annotate(result, self._info.names, self._colours)
        frame = result.frame
        if frame.time_s is None:
            self._finish_video()
            name = media_name(frame.origin, frame.index, frame.index > 0, self._names)
            write_picture(image, folder / name)
            return f"{MEDIA_FOLDER}/{name}"
        if self._video is None or self._video[0] != frame.origin:
            self._finish_video()
            name = media_name(frame.origin, 0, False, self._names, suffix=".mp4")
            writer = VideoWriter(folder / name, None, (frame.width, frame.height))
            self._video = frame.origin, name, writer
        _, name, writer = self._video
        writer.write(image, frame.time_s)
        return f"{MEDIA_FOLDER}/{name}"

    def _finish_video(self) -> None:
        if self._video is not None:
            video, self._video = self._video, None
            video[2].close()
