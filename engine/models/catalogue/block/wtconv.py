"""WTConv: small kernels on the levels of a wavelet transform see far."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import nn

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.depthwise import depthwise
from engine.models.parts.glu import Mlp
from engine.models.parts.norms import ChannelNorm
from engine.models.parts.scale import Scale
from engine.models.parts.stages import by_stage
from engine.models.registry import register

LEVELS = (5, 4, 3, 2)
"""Of the wavelets from the first stage to the last one."""


def haar(x: torch.Tensor) -> torch.Tensor:
    """Return the four bands of the orthonormal Haar transform.

    Args:
        x: [B, C, H, W] with even sides.

    Returns:
        [B, 4, C, H/2, W/2]: averages, then what differs across, down and along the diagonals.
    """
    a, b, c, d = rearrange(x, "b c (h p) (w q) -> (p q) b c h w", p=2, q=2).unbind(0)
    bands = (a + b + c + d, a - b + c - d, a + b - c - d, a - b - c + d)
    return torch.stack(bands, 1) / 2


def inverse_haar(bands: torch.Tensor) -> torch.Tensor:
    """Return [B, C, 2H, 2W] for what `haar` gives of it, [B, 4, C, H, W]."""
    a, b, c, d = bands.unbind(1)
    pixels = torch.stack((a + b + c + d, a - b + c - d, a + b - c - d, a - b - c + d)) / 2
    whole: torch.Tensor = rearrange(pixels, "(p q) b c h w -> b c (h p) (w q)", p=2, q=2)
    return whole


class WtConv(nn.Module):
    """A depth-wise convolution, and others of the same side on each level of wavelets.

    "Wavelet Convolutions for Large Receptive Fields", section 3: the bands of a level are
    convolved and scaled; from the last level to the first, what the coarser one gives is added to
    the averages before the inverse transform. Scales begin with 1 for the plain convolution and
    0.1 for the levels, as in the authors' code. The wavelet is Haar's.

    Args:
        channels: In and out.
        kernel: Side of every kernel, odd.
        levels: Of wavelets, above 0.
    """

    def __init__(self, channels: int, kernel: int = 5, levels: int = 3) -> None:
        """Make a convolution for each level."""
        super().__init__()
        if levels < 1:
            raise ValueError(f"{levels} levels are none")
        bands = 4 * channels
        self.plain = depthwise(channels, kernel)
        self.plain_scale = Scale(channels)
        self.levels = nn.ModuleList(
            nn.Sequential(depthwise(bands, kernel, bias=False), Scale(bands, 0.1))
            for _ in range(levels)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]; odd sides get a line of zeros on the way."""
        averages, found = x, []
        for level in self.levels:
            height, width = averages.shape[2:]
            even = nn.functional.pad(averages, (0, width % 2, 0, height % 2))
            bands = haar(even)
            averages = bands[:, 0]
            worked = level(bands.flatten(1, 2))
            found.append((worked.unflatten(1, (4, -1)), height, width))
        deeper = torch.zeros_like(averages)
        for bands, height, width in reversed(found):
            joined = torch.cat((bands[:, :1] + deeper[:, None], bands[:, 1:]), 1)
            deeper = inverse_haar(joined)[:, :, :height, :width]
        plain: torch.Tensor = self.plain_scale(self.plain(x))
        return plain + deeper


class WtConvBlock(nn.Module):
    """ConvNeXt's block with WTConv in it: x + γ W2 gelu(W1 LN(wtconv(x))).

    The paper's WTConvNeXt has it in the place of the 7×7 convolutions. γ begins with 1e-6 as in
    ConvNeXt.

    Args:
        channels: In and out.
        kernel: See `WtConv`.
        levels: See `WtConv`.
    """

    def __init__(self, channels: int, kernel: int = 5, levels: int = 3) -> None:
        """Make the layers."""
        super().__init__()
        self.mix = nn.Sequential(
            WtConv(channels, kernel, levels),
            ChannelNorm(channels),
            Mlp(channels),
            Scale(channels, 1e-6),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        added: torch.Tensor = self.mix(x)
        return x + added


@register(
    "wtconv",
    slot="block",
    family="WTConv",
    paper="Wavelet Convolutions for Large Receptive Fields, ECCV 2024",
    year=2024,
    arxiv="2407.05848",
    origin="https://github.com/BGU-CS-VIL/WTConv",
    licence="MIT; written from the paper",
)
class CspWtConv(Csp):
    """WTConvNeXt's blocks in the frame of C3k2.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of blocks.
        expansion: Channels of a half as a share of `c_out`.
        level: log2 of the map's stride.
        kernel: See `WtConv`.
        depth: Of the wavelets; 0 for 5, 4, 3 and 2 at p2, p3, p4 and p5 as the paper has it.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        repeats: int,
        expansion: float,
        level: int,
        *,
        kernel: int = 5,
        depth: int = 0,
    ) -> None:
        """Put the blocks into the frame."""
        levels = depth or by_stage(level, LEVELS)
        super().__init__(c_in, c_out, repeats, expansion, lambda c: WtConvBlock(c, kernel, levels))
