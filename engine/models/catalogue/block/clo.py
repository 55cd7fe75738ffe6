"""CloFormer's block: attention that is local and distant at once, then a convolutional FFN."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.clo import CloAttention
from engine.models.parts.stages import by_stage
from engine.models.registry import register

KERNELS = (3, 5, 7, 9)
WINDOWS = (8, 4, 2, 1)
QUARTERS = (1, 2, 2, 3)
"""Of the heads that look far, in the smallest CloFormer."""


class ConvFfn(nn.Module):
    """W2 dw5x5(gelu(W1 x)): a perceptron that looks around after its activation.

    Args:
        channels: In and out.
        ratio: Channels in the middle as a multiple of `channels`.
        kernel: Side of the depth-wise convolution, odd.
    """

    def __init__(self, channels: int, ratio: float = 4.0, kernel: int = 5) -> None:
        """Make the three convolutions."""
        super().__init__()
        middle = int(channels * ratio)
        if middle < 1:
            raise ValueError(f"{ratio} times {channels} channels leaves none in the middle")
        self.fc1 = nn.Conv2d(channels, middle, 1)
        self.near = nn.Conv2d(middle, middle, kernel, padding=kernel // 2, groups=middle)
        self.fc2 = nn.Conv2d(middle, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        mixed: torch.Tensor = self.fc2(self.near(nn.functional.gelu(self.fc1(x))))
        return mixed


class CloBlock(nn.Module):
    """x + attention(norm(x)), then x + ffn(norm(x)); norm is over channels and places.

    "Rethinking Local Perception in Lightweight Vision Transformer", arXiv 2303.17803, section 3.
    Kernels, windows and shares of heads are those of its four stages at p2 to p5. The form of
    the block that halves the map between stages is not here, and no sample skips a branch by
    chance.

    Args:
        channels: In and out, a multiple of 4.
        level: Of the map.
        ratio: See `ConvFfn`.
    """

    def __init__(self, channels: int, level: int, ratio: float = 4.0) -> None:
        """Make both halves."""
        super().__init__()
        self.norm1 = nn.GroupNorm(1, channels)
        self.attention = CloAttention(
            channels, by_stage(level, KERNELS), by_stage(level, WINDOWS), by_stage(level, QUARTERS)
        )
        self.norm2 = nn.GroupNorm(1, channels)
        self.ffn = ConvFfn(channels, ratio)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        x = x + self.attention(self.norm1(x))
        mixed: torch.Tensor = self.ffn(self.norm2(x))
        return x + mixed


@register(
    "clo",
    slot="block",
    family="CloFormer",
    paper="Rethinking Local Perception in Lightweight Vision Transformer, arXiv 2023",
    year=2023,
    arxiv="2303.17803",
    origin="https://github.com/qhfan/CloFormer",
    licence="MIT; written from the paper",
)
class CspClo(Csp):
    """CloFormer's blocks in the frame of C3k2.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of blocks.
        expansion: Channels of a half as a share of `c_out`.
        level: Of the map; it chooses kernel, window and shares.
        ratio: See `ConvFfn`.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        repeats: int,
        expansion: float,
        level: int = 3,
        *,
        ratio: float = 4.0,
    ) -> None:
        """Put the blocks into the frame."""
        super().__init__(c_in, c_out, repeats, expansion, lambda c: CloBlock(c, level, ratio))
