"""What a session holds, one frozen record a row."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from engine.types import Float32, ModelInfo

RunState = Literal["running", "done", "interrupted", "failed"]


@dataclass(frozen=True, slots=True)
class Process:
    """A process, told apart from a later one that was given the same number.

    Attributes:
        host: Name of its machine.
        pid: Its number.
        started: When it began, seconds since 1970.
    """

    host: str
    pid: int
    started: float

    @classmethod
    def own(cls) -> Self:
        """Return this process."""
        import psutil

        return cls(socket.gethostname(), os.getpid(), psutil.Process().create_time())

    def may_live(self) -> bool:
        """Tell whether it runs; of another machine's process nobody knows."""
        if self.host != socket.gethostname():
            return True
        import psutil

        try:
            return abs(psutil.Process(self.pid).create_time() - self.started) < 1
        except psutil.Error:
            return False


@dataclass(frozen=True, slots=True)
class RunRecord:
    """How a session was made: enough to repeat it.

    Attributes:
        started: Local time with its offset, ISO 8601.
        finished: Likewise, None while it runs or after a crash.
        state: How it ended; `running` in a file nobody has open means interrupted.
        model: The model used.
        settings: The run's settings as JSON values.
        device: What the network ran on, in words.
        versions: Name and version of the application and the packages that matter.
        sources: What was asked for, as typed.
        title: What the person called the application, may be empty.
        writer: The process that writes the session, None in files of earlier versions.
    """

    started: str
    model: ModelInfo
    settings: dict[str, Any]
    device: str
    versions: dict[str, str]
    sources: tuple[str, ...]
    finished: str | None = None
    state: RunState = "running"
    title: str = ""
    writer: Process | None = None

    @property
    def unfinished(self) -> bool:
        """Tell whether the run was cut short: it says that it runs, and nobody writes it."""
        return self.state == "running" and not (self.writer and self.writer.may_live())


@dataclass(frozen=True, slots=True)
class FrameRecord:
    """One picture or video frame of a session.

    Attributes:
        id: Its number in the session, from 1, in the order of arrival.
        source: The file or stream it came from.
        index: Position in its source, from 0.
        time_s: Time in its video in seconds, None for pictures.
        width: Width in pixels.
        height: Height in pixels.
        objects: Number of detections.
        network_ms: Time in the network.
        total_ms: Time from picture to detections, without reading.
        warning: A sentence when it could be read only in part.
        media: Annotated picture or video, relative to the session folder, whole in a session that
            was derived from another; None without media.
        probabilities: [C] float32 for classification, None otherwise.
    """

    id: int
    source: str
    index: int
    time_s: float | None
    width: int
    height: int
    objects: int
    network_ms: float
    total_ms: float
    warning: str | None = None
    media: str | None = None
    probabilities: Float32 | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ObjectRecord:
    """One detection as a row of a table.

    Attributes:
        id: Its number in the session, from 1.
        frame_id: The frame it is in.
        number: Its number in the frame, from 1, best first.
        class_id: Index into the model's names.
        confidence: 0 to 1.
        x1, y1, x2, y2: The box in pixels; before rotation where there is an angle.
        angle: Radians, clockwise on screen, None for upright boxes.
        area: Pixels inside the mask, or of the box where there is no mask.
        track: Track number, None for an object without one.
    """

    id: int
    frame_id: int
    number: int
    class_id: int
    confidence: float
    x1: float
    y1: float
    x2: float
    y2: float
    angle: float | None
    area: float
    track: int | None


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """One tracked object of a source, from the first frame it is in to the last.

    Attributes:
        source: The file or stream it was seen in.
        number: Its number there, from 1.
        class_id: Index into the model's names, as it was first seen.
        first_frame: Position in its source of the first frame, from 0.
        last_frame: Position of the last one.
        first_time_s: Time of the first frame in its video in seconds, None for pictures.
        last_time_s: Time of the last one.
        frames: Number of frames that it is in.
        mean_confidence: 0 to 1.
    """

    source: str
    number: int
    class_id: int
    first_frame: int
    last_frame: int
    first_time_s: float | None
    last_time_s: float | None
    frames: int
    mean_confidence: float


@dataclass(frozen=True, slots=True)
class CrossingRecord:
    """A tracked object that crossed a line, or entered or left a zone.

    Attributes:
        id: Its number in the session, from 1.
        frame_id: The frame with which it happened.
        source: The file or stream that the frame came from.
        frame: Position of the frame in its source, from 0.
        time_s: Time of the frame in its video in seconds, None for pictures.
        counter: Which of the run's lines and zones, from 0.
        track: Number of the track in its source.
        class_id: Index into the model's names, as the track was first seen.
        inward: True for across the line to its inner side, or into the zone.
    """

    id: int
    frame_id: int
    source: str
    frame: int
    time_s: float | None
    counter: int
    track: int
    class_id: int
    inward: bool


@dataclass(frozen=True, slots=True)
class FailureRecord:
    """A source, or a frame of one, that could not be worked on.

    Attributes:
        source: The file or stream.
        message: One sentence.
        hint: What to do about it; may be empty.
    """

    source: str
    message: str
    hint: str
