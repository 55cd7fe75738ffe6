"""RMT's block: attention that fades with the Manhattan distance."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.heads import heads_of
from engine.models.parts.norms import ChannelNorm
from engine.models.parts.retention import ManhattanAttention
from engine.models.parts.stages import by_stage
from engine.models.registry import register

SPANS = (4.0, 4.0, 6.0, 6.0)
"""Of the decay in the stages of RMT-T."""


class RetFfn(nn.Module):
    """W2 (y + dw3x3(y)) with y = gelu(W1 x).

    Args:
        channels: In and out.
        ratio: Channels in the middle as a multiple of `channels`.
    """

    def __init__(self, channels: int, ratio: float = 3.0) -> None:
        """Make the three convolutions."""
        super().__init__()
        middle = int(channels * ratio)
        if middle < 1:
            raise ValueError(f"{ratio} times {channels} channels leaves none in the middle")
        self.fc1 = nn.Conv2d(channels, middle, 1)
        self.near = nn.Conv2d(middle, middle, 3, padding=1, groups=middle)
        self.fc2 = nn.Conv2d(middle, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        y = nn.functional.gelu(self.fc1(x))
        mixed: torch.Tensor = self.fc2(y + self.near(y))
        return mixed


class RetBlock(nn.Module):
    """x + dw3x3(x), x + attention(norm(x)) and x + ffn(norm(x)) one after the other.

    "RMT: Retentive Networks Meet Vision Transformers", arXiv 2309.11523, section 3, with the
    numbers of RMT-T. Layer scale, which its largest networks have, and skipping by chance are left
    out.

    Args:
        channels: In and out.
        level: Of the map; it chooses how fast attention fades.
        head: Channels of a head.
        whole: See `CspRet`.
        ratio: See `RetFfn`.
    """

    def __init__(
        self, channels: int, level: int, head: int = 16, whole: int = 4, ratio: float = 3.0
    ) -> None:
        """Make the three parts."""
        super().__init__()
        self.near = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.norm1 = ChannelNorm(channels)
        self.attention = ManhattanAttention(
            channels,
            heads_of(channels, head),
            by_stage(level, SPANS),
            decomposed=level < whole,
        )
        self.norm2 = ChannelNorm(channels)
        self.ffn = RetFfn(channels, ratio)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        x = x + self.near(x)
        x = x + self.attention(self.norm1(x))
        mixed: torch.Tensor = self.ffn(self.norm2(x))
        return x + mixed


@register(
    "ret",
    slot="block",
    family="RMT",
    paper="RMT: Retentive Networks Meet Vision Transformers, CVPR 2024",
    year=2023,
    arxiv="2309.11523",
    origin="https://github.com/qhfan/RMT",
    licence="none granted; written from the paper",
)
class CspRet(Csp):
    """RMT's blocks in the frame of C3k2.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of blocks.
        expansion: Channels of a half as a share of `c_out`.
        level: Of the map.
        head: Channels of a head. The paper has 16 in its first stage and 32 in the others, which
            are wider than the halves of a small network.
        whole: The first level with attention over the whole map; it is by rows and columns below.
            The paper's T has this at p4, its larger networks at p5.
        ratio: See `RetFfn`.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        repeats: int,
        expansion: float,
        level: int = 3,
        *,
        head: int = 16,
        whole: int = 4,
        ratio: float = 3.0,
    ) -> None:
        """Put the blocks into the frame."""
        super().__init__(
            c_in, c_out, repeats, expansion, lambda c: RetBlock(c, level, head, whole, ratio)
        )
