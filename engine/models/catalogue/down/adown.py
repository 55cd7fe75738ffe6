"""YOLOv9's ADown: smooth, then a convolution with stride for one half and pooling for the other."""

from __future__ import annotations

import torch
from ultralytics.nn.modules import ADown

from engine.models.parts.slices import even
from engine.models.registry import register


@register(
    "adown",
    slot="down",
    family="YOLOv9",
    paper="YOLOv9: Learning What You Want to Learn Using Programmable Gradient Information,"
    " ECCV 2024",
    year=2024,
    arxiv="2402.13616",
    origin="https://github.com/WongKinYiu/yolov9",
    licence="GPL-3.0; the class is ultralytics' own, AGPL-3.0",
)
class AverageDown(ADown):  # type: ignore[misc] # ultralytics is not typed
    """Ultralytics' ADown for sides that may be odd, which get their last pixel twice.

    2×2 averages with stride 1; half of the channels through a 3×3 convolution with stride 2, half
    through 3×3 maxima with stride 2 and a 1×1 convolution.

    Args:
        c_in: Channels in, even.
        c_out: Channels out, even.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        """Split the channels."""
        if c_in % 2 or c_out % 2:
            raise ValueError(f"{c_in} or {c_out} channels cannot be halved")
        super().__init__(c_in, c_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H / 2, W / 2], rounded up, for [B, c_in, H, W]."""
        halved: torch.Tensor = super().forward(even(x))
        return halved
