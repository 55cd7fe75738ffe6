"""A film of objects that walk across it, and a detector that knows where each of them is."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import av
import numpy as np

from engine.config import RunConfig
from engine.inference.fake import FakeDetector
from engine.paths import DEFAULT_WEIGHTS, resource
from engine.types import Candidates, Detections, Frame, Result
from tests.helpers.walks import SIZE, Mover, walk

FRAMES, RATE = 85, 25
MOVERS = (
    Mover((20, 60), (3, 0), score=0.9),
    Mover((318, 100), (-3, 0), score=0.8),
    Mover((20, 140), (3, 0), score=0.7, class_id=1, begins=10),
    Mover((100, 200), (0.5, 0), score=0.6, class_id=1),
)
LINE = ((160.0, 20.0), (160.0, 220.0))
"""Drawn from top to bottom: one walks in through it, to the left, and two walk out."""
ZONE = ((190.0, 30.0), (280.0, 30.0), (280.0, 170.0), (190.0, 170.0))
"""Three walk in, one of them out again."""
UNIQUE = {0: 2, 1: 2}


class Walkers(FakeDetector):
    """Finds the walkers where they are.

    Args:
        pause_s: So long it thinks about each frame.
    """

    def __init__(self, pause_s: float = 0.0) -> None:
        """Say that the model is that of the weights that come with the application."""
        super().__init__(0)
        digest = sha256(resource(DEFAULT_WEIGHTS).read_bytes()).hexdigest()
        self.info = replace(self.info, sha256=digest)
        self._pause_s = pause_s

    def detect(self, frame: Frame, config: RunConfig) -> Result:
        """Return the boxes in a frame."""
        time.sleep(self._pause_s)
        seen = [each for each in MOVERS if each.score_in(frame.index)]
        boxes = np.array([each.box(frame.index) for each in seen], np.float32)
        scores = np.array([each.score for each in seen], np.float32)
        classes = np.array([each.class_id for each in seen], np.int32)
        proposed = Candidates(boxes, scores, classes, suppressed=True)
        return Result(frame, Detections(boxes, scores, classes), proposed)


def walkers_film(path: Path) -> Path:
    """Write the film."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"g": "20", "bf": "2"})
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = SIZE
        stream.pix_fmt = "yuv420p"
        for number in range(FRAMES):
            result, _ = walk(MOVERS, number)
            picture = av.VideoFrame.from_ndarray(result.frame.image, format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path
