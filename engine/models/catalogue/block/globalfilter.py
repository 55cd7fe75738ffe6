"""GFNet's block: every frequency of the map has a learned factor."""

from __future__ import annotations

import math

import torch
from torch import nn

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.glu import Mlp
from engine.models.parts.norms import ChannelNorm
from engine.models.registry import register


def waves(size: int, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the cosine and sine [size, size] of the unitary Fourier transform of a line.

    Args:
        size: Places, which is also how many frequencies there are.
        like: Has the device and the type.
    """
    step = torch.arange(size, device=like.device)
    # The product is taken modulo the size before it becomes an angle, which stays exact so.
    angle = (step[:, None] * step % size).float() * (2 * math.pi / size)
    scale = 1 / math.sqrt(size)
    return (angle.cos() * scale).to(like.dtype), (angle.sin() * scale).to(like.dtype)


class GlobalFilter(nn.Module):
    """The map's Fourier transform times learned complex factors, transformed back.

    "Global Filter Networks for Image Classification", section 3.2. It is a circular convolution
    with a kernel as large as the map.

    The filter is learned for one size and bilinearly resized to the frequencies of others, as the
    authors do for larger pictures. The transform is written as products with matrices of cosines
    and sines: these can be exported and run in half precision. A real map needs only a half of the
    frequencies across, so that as in the paper the filter has columns / 2 + 1 columns.

    Args:
        channels: In and out.
        size: Rows and columns that the filter is learned for.
    """

    def __init__(self, channels: int, size: int = 14) -> None:
        """Begin with factors about 0.02, as the authors do."""
        super().__init__()
        if size < 1:
            raise ValueError(f"the size {size} is not above 0")
        self.filter = nn.Parameter(torch.empty(2, channels, size, size // 2 + 1))
        nn.init.normal_(self.filter, std=0.02)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        height, width = int(x.shape[2]), int(x.shape[3])
        kept = width // 2 + 1
        cos_down, sin_down = waves(height, x)
        cos_across, sin_across = (each[:, :kept] for each in waves(width, x))
        across, across_i = x @ cos_across, -(x @ sin_across)
        real = cos_down @ across + sin_down @ across_i
        imaginary = cos_down @ across_i - sin_down @ across
        factor, factor_i = nn.functional.interpolate(
            self.filter, (height, kept), mode="bilinear", align_corners=True
        ).unbind(0)
        real, imaginary = (
            real * factor - imaginary * factor_i,
            real * factor_i + imaginary * factor,
        )
        down = cos_down @ real - sin_down @ imaginary
        down_i = cos_down @ imaginary + sin_down @ real
        # Columns that have a mirror image stand for both.
        column = torch.arange(kept, device=x.device)
        twice = 2 - ((column == 0) | (2 * column == width)).to(x.dtype)
        return (down * twice) @ cos_across.T - (down_i * twice) @ sin_across.T


class GlobalFilterBlock(nn.Module):
    """x + mlp(LN(filter(LN(x)))), with one shortcut as in the paper.

    Stochastic depth and dropout are left out.

    Args:
        channels: In and out.
        size: See `GlobalFilter`.
        ratio: Channels in the perceptron's middle as a multiple of `channels`.
    """

    def __init__(self, channels: int, size: int = 14, ratio: float = 4.0) -> None:
        """Make filter and perceptron."""
        super().__init__()
        self.mix = nn.Sequential(
            ChannelNorm(channels),
            GlobalFilter(channels, size),
            ChannelNorm(channels),
            Mlp(channels, ratio),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        added: torch.Tensor = self.mix(x)
        return x + added


@register(
    "globalfilter",
    slot="block",
    family="GFNet",
    paper="Global Filter Networks for Image Classification, NeurIPS 2021",
    year=2021,
    arxiv="2107.00645",
    origin="https://github.com/raoyongming/GFNet",
    licence="MIT; written from the paper",
)
class CspGlobalFilter(Csp):
    """GFNet's blocks in the frame of C3k2.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of blocks.
        expansion: Channels of a half as a share of `c_out`.
        size: See `GlobalFilter`.
        ratio: See `GlobalFilterBlock`.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        repeats: int,
        expansion: float,
        *,
        size: int = 14,
        ratio: float = 4.0,
    ) -> None:
        """Put the blocks into the frame."""
        super().__init__(
            c_in, c_out, repeats, expansion, lambda c: GlobalFilterBlock(c, size, ratio)
        )
