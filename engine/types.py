"""The types that flow from a source to a file: frozen, numpy only, handed over and never shared.

A box, a mask and a keypoint use one coordinate system: pixels of the original picture as shown
(after EXIF rotation), x to the right, y down, pixel (0, 0) covering the square from (0, 0) to
(1, 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Task = Literal["detect", "segment", "pose", "obb", "classify"]
TASKS: tuple[Task, ...] = ("detect", "segment", "pose", "obb", "classify")

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]
UInt8 = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a source.

    Attributes:
        image: [H, W, 3] uint8 RGB.
        index: Position in its source, from 0 (page of a TIFF, frame of a video).
        time_s: Time of presentation in its video in seconds, None for pictures.
        origin: The file or stream it came from.
        warning: A sentence when it could be read only in part, None otherwise.
        arrived: When a camera or stream delivered it, by `time.monotonic`; None for files.
        duration_s: How long a video shows it in seconds, where the file tells.
    """

    image: UInt8
    index: int
    time_s: float | None
    origin: str
    warning: str | None = None
    arrived: float | None = None
    duration_s: float | None = None

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.image.shape[0])


@dataclass(frozen=True, slots=True)
class Rle:
    """A binary mask as COCO run lengths: column by column, first a run of zeros.

    Attributes:
        height: Height of the picture in pixels.
        width: Width of the picture in pixels.
        counts: [R] uint32 lengths of the alternating runs; their sum is height * width.
    """

    height: int
    width: int
    counts: NDArray[np.uint32]

    @property
    def area(self) -> int:
        """Number of pixels inside the mask."""
        return int(self.counts[1::2].sum())


@dataclass(frozen=True, slots=True)
class Detections:
    """The objects found in one picture, best first.

    Attributes:
        boxes: [N, 4] float32 x1, y1, x2, y2. With angles: the rectangle before its rotation.
        scores: [N] float32 confidence, 0 to 1.
        classes: [N] int32 index into the model's names.
        masks: N masks at picture size, or None.
        keypoints: [N, K, 2 or 3] float32 x, y and, where the model gives it, visibility 0 to 1.
        angles: [N] float32 rotation about the box centre in radians, clockwise on screen.
        ids: [N] int32 track numbers from 1, 0 for an object without one; None without tracking.
    """

    boxes: Float32
    scores: Float32
    classes: Int32
    masks: tuple[Rle, ...] | None = None
    keypoints: Float32 | None = None
    angles: Float32 | None = None
    ids: Int32 | None = None

    def __post_init__(self) -> None:
        """Refuse arrays whose lengths disagree."""
        count = len(self.boxes)
        for part in (self.scores, self.classes, self.masks, self.keypoints, self.angles, self.ids):
            if part is not None and len(part) != count:
                raise ValueError("the arrays of a Detections must have one length")
        if self.boxes.shape != (count, 4):
            raise ValueError(f"boxes must be [N, 4], not {self.boxes.shape}")

    def __len__(self) -> int:
        """Return the number of objects."""
        return len(self.boxes)

    @classmethod
    def empty(cls) -> Detections:
        """Return a Detections without objects."""
        zeros = np.zeros((0, 4), np.float32)
        return cls(zeros, np.zeros(0, np.float32), np.zeros(0, np.int32))


@dataclass(frozen=True, slots=True)
class Candidates:
    """What the network proposed before suppression, best first.

    Filtering and suppressing them again gives the detections of other thresholds without running
    the network; at the run's own thresholds it gives exactly the run's detections.

    Attributes:
        boxes: [N, 4] float32 as in `Detections`, not clipped to the picture.
        scores: [N] float32, descending.
        classes: [N] int32, the best class of each.
        angles: [N] float32 or None.
        keypoints: [N, K, 2 or 3] float32 or None.
        masks: The mask of each, None for those not worth one; None for tasks without masks.
        suppressed: True where the network itself leaves one box an object, so that IoU has no say.
    """

    boxes: Float32
    scores: Float32
    classes: Int32
    angles: Float32 | None = None
    keypoints: Float32 | None = None
    masks: tuple[Rle | None, ...] | None = None
    suppressed: bool = False

    def __len__(self) -> int:
        """Return the number of candidates."""
        return len(self.boxes)


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds spent on one picture."""

    preprocess_ms: float = 0.0
    network_ms: float = 0.0
    postprocess_ms: float = 0.0

    @property
    def total_ms(self) -> float:
        """Sum of the parts."""
        return self.preprocess_ms + self.network_ms + self.postprocess_ms


@dataclass(frozen=True, slots=True)
class Crossing:
    """A tracked object that crossed a line, or entered or left a zone, with this frame.

    Attributes:
        counter: Which of the run's counters, from 0.
        track: Number of the track.
        class_id: Index into the model's names.
        inward: True for across the line to its inner side, or into the zone.
    """

    counter: int
    track: int
    class_id: int
    inward: bool


@dataclass(frozen=True, slots=True)
class CounterTotals:
    """What one line or zone has counted since its source began.

    Attributes:
        entered: Crossings inward.
        left: Crossings outward.
        inside: Objects in the zone now; None for a line.
    """

    entered: int = 0
    left: int = 0
    inside: int | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """What tracking adds to a result.

    Attributes:
        crossings: Those that happened with this frame.
        totals: One for each of the run's counters, up to and with this frame.
        unique: Tracks so far by class index, each under the class it was first seen as.
    """

    crossings: tuple[Crossing, ...] = ()
    totals: tuple[CounterTotals, ...] = ()
    unique: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """What was found in one frame.

    Attributes:
        frame: The frame itself.
        detections: The objects at the run's thresholds.
        candidates: What was proposed before suppression, None where the detector keeps none.
        timing: Milliseconds by stage.
        probabilities: [C] float32 summing to 1 for classification, None for other tasks.
        counted: What tracking has counted; None without tracking.
    """

    frame: Frame
    detections: Detections
    candidates: Candidates | None = None
    timing: Timing = Timing()
    probabilities: Float32 | None = None
    counted: Counted | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a weights file says of itself.

    Attributes:
        name: File name without its suffix.
        task: What the model does.
        names: Class names by index.
        input_size: Longer side of the network's input in pixels.
        stride: The input sides are multiples of this.
        sha256: Hash of the file, 64 hexadecimal digits.
        keypoint_shape: (K, 2 or 3) for pose, None otherwise.
        end_to_end: True where the network needs no suppression.
        card: What the file tells beyond that (training data, metrics), JSON values only.
    """

    name: str
    task: Task
    names: tuple[str, ...]
    input_size: int
    stride: int
    sha256: str
    keypoint_shape: tuple[int, int] | None = None
    end_to_end: bool = False
    card: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is.

    Attributes:
        done: Frames or rows finished.
        total: All of them, None while unknown.
        rate_hz: Finished per second, 0 while unknown.
    """

    done: int
    total: int | None
    rate_hz: float = 0.0
