"""MambaOut's block: what is left of Mamba's without its scan."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.norms import ChannelNorm
from engine.models.registry import register

_RATIO = 8 / 3


class GatedCnnBlock(nn.Module):
    """x + W3 (gelu(g) ⊙ [i, dw(c)]), with g, i and c from one 1×1 convolution of LN(x).

    Algorithm 1. The gate g has 8/3 of the channels, i and c
    have as many together.

    Args:
        channels: In and out.
        kernel: Side of the depth-wise convolution, odd.
        share: Channels c that are convolved, as a share of `channels`.
    """

    def __init__(self, channels: int, kernel: int = 7, share: float = 1.0) -> None:
        """Make the three convolutions."""
        super().__init__()
        middle, worked = int(_RATIO * channels), int(share * channels)
        if kernel < 1 or kernel % 2 == 0:
            raise ValueError(f"kernel {kernel} is not odd")
        if not 0 < worked <= middle:
            raise ValueError(f"{share} of {channels} channels leaves none or too many to convolve")
        self.split = [middle, middle - worked, worked]
        self.norm = ChannelNorm(channels)
        self.fc1 = nn.Conv2d(channels, 2 * middle, 1)
        self.near = nn.Conv2d(worked, worked, kernel, padding=kernel // 2, groups=worked)
        self.fc2 = nn.Conv2d(middle, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        gate, kept, worked = torch.split(self.fc1(self.norm(x)), self.split, 1)
        value = torch.cat((kept, self.near(worked)), 1)
        mixed: torch.Tensor = self.fc2(nn.functional.gelu(gate) * value)
        return x + mixed


@register(
    "gatedcnn",
    slot="block",
    family="MambaOut",
    paper="MambaOut: Do We Really Need Mamba for Vision?, CVPR 2025",
    year=2024,
    arxiv="2405.07992",
    origin="https://github.com/yuweihao/MambaOut",
    licence="not verified; written from the paper",
)
class CspGatedCnn(Csp):
    """MambaOut's blocks in the frame of C3k2; stochastic depth is left out."""

    def __init__(
        self,
        c_in: int,
        c_out: int,
        repeats: int,
        expansion: float,
        *,
        kernel: int = 7,
        share: float = 1.0,
    ) -> None:
        """Put the blocks into the frame."""
        super().__init__(c_in, c_out, repeats, expansion, lambda c: GatedCnnBlock(c, kernel, share))
