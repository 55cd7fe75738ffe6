"""Objects that move over a textured picture, as a detector would report them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.inference.candidates import reconsider
from engine.types import Candidates, Float32, Frame, Result, Task, UInt8

SIZE = (240, 320)
CONFIDENCE = 0.25
IOU = 0.7


@dataclass(frozen=True, slots=True)
class Mover:
    """One object that moves at a steady pace.

    Attributes:
        start: x, y of its centre in the frame 0.
        step: How far it moves from frame to frame.
        size: Width and height.
        class_id: Its class.
        score: Its confidence.
        scores: Other confidences in some frames; 0 where it is not found at all.
        begins: The first frame that it is in.
        angle: Radians.
    """

    start: tuple[float, float]
    step: tuple[float, float]
    size: tuple[float, float] = (40.0, 24.0)
    class_id: int = 0
    score: float = 0.8
    scores: Mapping[int, float] = field(default_factory=dict)
    begins: int = 0
    angle: float = 0.3

    def box(self, frame: int) -> tuple[float, float, float, float]:
        """Return x1, y1, x2, y2 in a frame."""
        x, y = self.start[0] + frame * self.step[0], self.start[1] + frame * self.step[1]
        width, height = self.size
        return x - width / 2, y - height / 2, x + width / 2, y + height / 2

    def score_in(self, frame: int) -> float:
        """Return the confidence in a frame, 0 where it is not found."""
        return self.scores.get(frame, self.score) if frame >= self.begins else 0.0


def backdrop() -> UInt8:
    """Return a picture with enough texture to follow a camera by."""
    rng = np.random.default_rng(3)
    coarse = rng.integers(40, 200, (SIZE[0] // 8, SIZE[1] // 8, 3), np.uint8)
    return np.ascontiguousarray(coarse.repeat(8, axis=0).repeat(8, axis=1))


def walk(
    movers: Sequence[Mover],
    frame: int,
    *,
    origin: str = "walk.mp4",
    task: Task = "detect",
    confidence: float = CONFIDENCE,
) -> tuple[Result, list[int]]:
    """Return a frame and which mover each of its detections is; confidences must differ.

    Every object is proposed a second time, a little worse, so that suppression has work to do.
    """
    image = backdrop()
    seen = [(mover.score_in(frame), number) for number, mover in enumerate(movers)]
    seen = sorted(((score, number) for score, number in seen if score > 0), reverse=True)
    for _score, number in reversed(seen):
        x1, y1, x2, y2 = (round(max(side, 0)) for side in movers[number].box(frame))
        image[y1:y2, x1:x2] = (250, 40 * number % 256, 30)
    rows = [(score * share, number) for score, number in seen for share in (1.0, 0.9)]
    rows.sort(key=lambda row: -row[0])
    boxes = np.array([movers[number].box(frame) for _, number in rows], np.float32)
    numbers = np.array([number for _, number in rows], np.int64)
    candidates = Candidates(
        boxes.reshape(-1, 4),
        np.array([score for score, _ in rows], np.float32),
        np.array([movers[number].class_id for _, number in rows], np.int32),
        angles=_column([movers[number].angle for _, number in rows]) if task == "obb" else None,
        keypoints=np.ones((len(rows), 3, 3), np.float32) if task == "pose" else None,
    )
    found = reconsider(candidates, SIZE, confidence=confidence, iou=IOU)
    time_s = frame / 25
    owners = [
        int(numbers[np.flatnonzero(candidates.scores == score)[0]]) for score in found.scores
    ]
    return Result(Frame(image, frame, time_s, origin), found, candidates), owners


def _column(values: Sequence[float]) -> Float32:
    return np.array(values, np.float32)
