"""SimpleStem: Mamba-YOLO's two convolutions in place of patches."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.registry import register


class SimpleStem(nn.Module):
    """Two normalised 3×3 convolutions, GELU after the first and SiLU after the second.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        stride: Of the second; the first halves.
    """

    def __init__(self, c_in: int, c_out: int, stride: int = 2) -> None:
        """Make both convolutions."""
        super().__init__()
        if c_out < 2:
            raise ValueError(f"{c_out} channels cannot be halved")
        self.conv1 = Conv(c_in, c_out // 2, 3, 2, act=nn.GELU())
        self.conv2 = Conv(c_out // 2, c_out, 3, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H / 2s, W / 2s] for [B, c_in, H, W] and a stride s."""
        y: torch.Tensor = self.conv2(self.conv1(x))
        return y


@register(
    "simple",
    slot="stem",
    family="Mamba-YOLO",
    paper="Mamba YOLO: A Simple Baseline for Object Detection with State Space Model, AAAI 2025",
    year=2024,
    arxiv="2406.05835",
    origin="https://github.com/HZAI-ZJNU/Mamba-YOLO",
    licence="AGPL-3.0; written from the paper",
)
class HalvingSimpleStem(SimpleStem):
    """Mamba-YOLO's stem where a stem halves.

    The original quarters height and width, in the place of the first two layers of a network. Here
    it stands for the first alone, so that the second convolution has no stride.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        """Make both convolutions."""
        super().__init__(c_in, c_out, stride=1)
