"""The sink of a run: every result into the session and, drawn, into the media beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from engine import device
from engine.colours import class_colours
from engine.config import RunConfig
from engine.counting import parse_counters
from engine.draw import annotate
from engine.errors import SettingError, writing_failed
from engine.filenames import media_name
from engine.former_video import FormerVideo
from engine.media import write_picture
from engine.recording import RecordingSwitch, recording_name, save_snapshot
from engine.sound import AudioTrack
from engine.sources import Failure
from engine.sources.video import nominal_rate
from engine.store import MEDIA_FOLDER, RunRecord, RunState, SessionWriter
from engine.store.records import Process
from engine.store.writer import now
from engine.types import Frame, ModelInfo, Result, UInt8
from engine.video_writer import VideoWriter

__all__ = ["Former", "Recorder", "RecordingSwitch", "run_record", "save_snapshot"]

LOOK_EVERY_S = 0.5
"""So often a recording looks whether it was switched off while no frame comes."""


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


@dataclass(slots=True)
class OpenVideo:
    """A video under way.

    Attributes:
        origin: What it is of.
        name: Of its file.
        writer: What writes it.
        size: Width and height of its first frame in pixels.
        start_s: Time of a live frame that is 0 in the video.
        stretch: Which stretch of a recording it is.
    """

    origin: str
    name: str
    writer: VideoWriter
    size: tuple[int, int]
    start_s: float = 0.0
    stretch: int | None = None


@dataclass(frozen=True, slots=True)
class Former:
    """What a run that goes on takes over from the time before.

    Attributes:
        taken: The names given to media, in the form of `media_name`.
        video: The video under way, None where it ended between two sources.
    """

    taken: frozenset[str] = field(default_factory=frozenset)
    video: OpenVideo | None = None


class Recorder:
    """Writes a run's results as they come.

    Args:
        session: The open session; closed with the recorder.
        info: The model, for names and colours.
        config: The run's settings, for its lines and zones; None draws none.
        media: False keeps no annotated pictures and videos.
        record: Says which frames of a camera or stream go into videos, each stretch into one of
            its own; None for all of them.
        former: Of a run that goes on.
        on_written: Told of each result once it is stored.
        on_failed: Told of each failure once it is stored.

    Attributes:
        path: The session file.

    Raises:
        StoreError: The folder of the media cannot be made.
        SettingError: A line or zone cannot be read.
    """

    def __init__(
        self,
        session: SessionWriter,
        info: ModelInfo,
        *,
        config: RunConfig | None = None,
        media: bool = True,
        record: RecordingSwitch | None = None,
        former: Former | None = None,
        on_written: Callable[[Result], None] = lambda result: None,
        on_failed: Callable[[Failure], None] = lambda failure: None,
    ) -> None:
        """Make the folder of the media."""
        self.path = session.path
        self._session = session
        self._info = info
        self._colours = class_colours(info.names)
        try:
            self._counters = () if config is None else parse_counters(config.counters)
        except SettingError:
            session.close("failed")
            raise
        self._folder = session.folder / MEDIA_FOLDER if media else None
        self._names: set[str] = set() if former is None else set(former.taken)
        self._video = None if former is None else former.video
        if self._folder is not None:
            try:
                self._folder.mkdir(exist_ok=True)
            except OSError as error:
                session.close("failed")
                raise writing_failed(error, self._folder) from error
        self._record = record
        self._ended_stretch: int | None = None
        self._on_written = on_written
        self._on_failed = on_failed

    def write(self, result: Result) -> None:
        """Draw and store one result.

        Raises:
            StoreError: The disk is full or gone. A video under way ends where it is and plays.
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
        """Commit what is due, and end a recording that was switched off."""
        due = self._session.commit_due()
        if self._record is None or self._video is None:
            return due
        if not self._record.active:
            self._ended_stretch = self._video.stretch
            self._finish_video()
            return due
        left = self._record.left_s
        return min(each for each in (due, left, LOOK_EVERY_S) if each is not None)

    def close(self, state: RunState = "done") -> None:
        """Finish the media and the session.

        Args:
            state: How the run ended; where it did not go to its end, the sound of a video ends
                with the last frame.

        Raises:
            StoreError: The disk is full or gone.
        """
        if self._record is not None:
            self._record.stop()
        try:
            self._finish_video(cut=state != "done")
        finally:
            self._session.close(state)

    def discard(self) -> None:
        """Leave nothing of a new run to which no frame came."""
        if self._record is not None:
            self._record.stop()
        if self._folder is not None:
            with suppress(OSError):
                self._folder.rmdir()
        self._session.discard()

    def _draw(self, result: Result, folder: Path) -> str | None:
        """Write the annotated picture or frame and return where it is."""
        frame = result.frame
        if frame.arrived is not None:
            return self._draw_live(result, frame.arrived, folder)
        if frame.time_s is None:
            self._finish_video()
            name = media_name(frame.origin, frame.index, frame.index > 0, self._names)
            write_picture(self._annotated(result), folder / name)
            return f"{MEDIA_FOLDER}/{name}"
        video = self._video
        if video is None or video.origin != frame.origin:
            self._finish_video()
            name = media_name(frame.origin, 0, False, self._names, suffix=".mp4")
            size = frame.width, frame.height
            writer = open_writer(folder / name, frame.origin, size)
            video = self._video = OpenVideo(frame.origin, name, writer, size)
        video.writer.write(self._annotated(result), frame.time_s, frame.duration_s)
        return f"{MEDIA_FOLDER}/{video.name}"

    def _draw_live(self, result: Result, arrived: float, folder: Path) -> str | None:
        """Write a frame of a camera or stream where it is recorded."""
        frame = result.frame
        stretch = 0 if self._record is None else self._record.stretch_of(arrived)
        if stretch is None or stretch == self._ended_stretch:
            self._finish_video()
            return None
        video, time_s = self._video, _live_s(frame, arrived)
        size = frame.width, frame.height
        if video is None or (video.origin, video.stretch, video.size) != (
            frame.origin,
            stretch,
            size,
        ):
            self._finish_video()
            name = recording_name(folder, frame.origin, self._names)
            writer = VideoWriter(folder / name, None, size)
            video = OpenVideo(frame.origin, name, writer, size, time_s, stretch)
            self._video = video
            if self._record is not None:
                self._record.path = folder / name
        video.writer.write(self._annotated(result), time_s - video.start_s)
        return f"{MEDIA_FOLDER}/{video.name}"

    def _annotated(self, result: Result) -> UInt8:
        return annotate(result, self._info.names, self._colours, counters=self._counters)

    def _finish_video(self, *, cut: bool = False) -> None:
        if self._video is not None:
            video, self._video = self._video, None
            if self._record is not None:
                self._record.path = None
            video.writer.close(cut=cut)


def open_writer(
    path: Path, origin: str, size: tuple[int, int], former: FormerVideo | None = None
) -> VideoWriter:
    """Begin the annotated video of a source, at its rate and with its sound.

    Args:
        path: Where to.
        origin: The source, as in `Frame.origin`.
        size: Width and height of its first frame in pixels.
        former: A beginning to go on with.

    Raises:
        StoreError: The file cannot be written.
        VideoError: No video of this size can be encoded, or the former one cannot be read.
    """
    source = Path(origin)
    rate: Fraction | None = None
    audio: AudioTrack | None = None
    if source.is_file():
        rate, audio = nominal_rate(source), AudioTrack.open(source)
    return VideoWriter(path, rate, size, audio, former=former)


def _live_s(frame: Frame, arrived: float) -> float:
    return arrived if frame.time_s is None else frame.time_s
