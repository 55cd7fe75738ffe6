"""What every library that runs a network offers the detector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

from engine.types import Float32, ModelInfo, UInt8


@dataclass(frozen=True, slots=True)
class Output:
    """What a network gives for one picture.

    Attributes:
        predictions: [4 + C + E, A] float32, a column an anchor: centre x, centre y, width and
            height in input pixels, C class scores 0 to 1, E more values (mask coefficients,
            keypoints or an angle); for end-to-end networks [N, 6 + E], a row an object: x1, y1,
            x2, y2 (with an angle: centre x, centre y, width, height), score, class, E more
            values; for classification [C] probabilities.
        prototypes: [M, h, w] float32 for segmentation, None otherwise.
    """

    predictions: Float32
    prototypes: Float32 | None


class Backend(Protocol):
    """A network ready to run.

    Attributes:
        info: What its weights say of themselves.
        device: What it runs on, in words.
        threads: Of the processor that one run may use; of no meaning elsewhere.
    """

    info: ModelInfo
    device: str
    threads: int

    def run(self, image: UInt8) -> Output:
        """Run the network on one input, [H, W, 3] uint8 RGB."""

    def twin(self) -> Self | None:
        """Return the same network for another thread, None where that would win nothing.

        The weights are in memory once.
        """

    def close(self) -> None:
        """Free the network's memory."""
