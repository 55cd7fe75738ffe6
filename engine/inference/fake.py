"""A detector without a network, for tests and measurements of everything around one."""

from __future__ import annotations

import numpy as np

from engine.config import RunConfig
from engine.inference.candidates import reconsider
from engine.types import Candidates, Frame, ModelInfo, Result, Timing


class FakeDetector:
    """Finds the same objects in the same frame every time.

    Args:
        objects: Objects a frame.
        names: Class names.
        seed: Another seed gives other objects.
    """

    def __init__(
        self, objects: int = 5, names: tuple[str, ...] = ("cells", "gel", "serum"), seed: int = 0
    ) -> None:
        """Make a model that says it detects these classes."""
        self._objects = objects
        self._seed = seed
        self.info = ModelInfo(
            name="fake",
            task="detect",
            names=names,
            input_size=640,
            stride=32,
            sha256="0" * 64,
        )
        self.device = "fake"

    def detect(self, frame: Frame, config: RunConfig) -> Result:
        """Return boxes drawn from the frame's number."""
        rng = np.random.default_rng((self._seed, frame.index))
        size = np.array((frame.width, frame.height), np.float32)
        centres = rng.uniform(0.1, 0.9, (self._objects, 2)).astype(np.float32) * size
        half = rng.uniform(0.02, 0.1, (self._objects, 2)).astype(np.float32) * size
        scores = np.sort(rng.uniform(0.3, 1.0, self._objects).astype(np.float32))[::-1]
        picture = frame.height, frame.width
        proposed = Candidates(
            boxes=np.concatenate((centres - half, centres + half), axis=1),
            scores=scores.copy(),
            classes=rng.integers(0, len(self.info.names), self._objects).astype(np.int32),
            suppressed=True,
        )
        found = reconsider(proposed, picture, confidence=config.confidence, iou=config.iou)
        return Result(frame, found, proposed, Timing(network_ms=1.0))

    def side_by_side(self, count: int) -> list[FakeDetector]:
        """Work alone."""
        return [self]

    def close(self) -> None:
        """Hold nothing, free nothing."""
