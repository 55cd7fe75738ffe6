"""ConvNeXt V2's block: a large depth-wise kernel, and channels that compete."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.norms import ChannelNorm
from engine.models.registry import register

EPS = 1e-6


class Grn(nn.Module):
    """γ (x n) + β + x, n = ‖x‖ of a channel over the map / mean of that over the channels.

    Global response normalisation, section 3.2 of the paper. γ and β are zero at the start, where
    it gives what it was given.

    Args:
        channels: In and out.
    """

    def __init__(self, channels: int) -> None:
        """Begin without effect."""
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        # The map's squares add up to more than half precision holds.
        size = torch.linalg.vector_norm(x.float(), dim=(2, 3), keepdim=True)
        share = (size / (size.mean(1, keepdim=True) + EPS)).to(x.dtype)
        normal: torch.Tensor = self.weight * (x * share) + self.bias + x
        return normal


class ConvNextV2Block(nn.Module):
    """x + W2 grn(gelu(W1 norm(dw7x7(x)))).

    "ConvNeXt V2: Co-designing and Scaling ConvNets with Masked Autoencoders", arXiv 2301.00808,
    section 3.2. As there, layer scale is gone. Skipping by chance is left out.

    Args:
        channels: In and out.
        ratio: Channels in the middle as a multiple of `channels`.
    """

    def __init__(self, channels: int, ratio: float = 4.0) -> None:
        """Make the convolutions and both normalisations."""
        super().__init__()
        middle = int(channels * ratio)
        if middle < 1:
            raise ValueError(f"{ratio} times {channels} channels leaves none in the middle")
        self.near = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = ChannelNorm(channels)
        self.fc1 = nn.Conv2d(channels, middle, 1)
        self.grn = Grn(middle)
        self.fc2 = nn.Conv2d(middle, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        wide = nn.functional.gelu(self.fc1(self.norm(self.near(x))))
        added: torch.Tensor = self.fc2(self.grn(wide))
        return x + added


@register(
    "convnextv2",
    slot="block",
    family="ConvNeXt V2",
    paper="ConvNeXt V2: Co-designing and Scaling ConvNets with Masked Autoencoders, CVPR 2023",
    year=2023,
    arxiv="2301.00808",
    origin="https://github.com/facebookresearch/ConvNeXt-V2",
    licence="MIT, its weights CC BY-NC 4.0; written from the paper",
)
class CspConvNextV2(Csp):
    """ConvNeXt V2's blocks in the frame of C3k2.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of blocks.
        expansion: Channels of a half as a share of `c_out`.
        ratio: See `ConvNextV2Block`.
    """

    def __init__(
        self, c_in: int, c_out: int, repeats: int, expansion: float, *, ratio: float = 4.0
    ) -> None:
        """Put the blocks into the frame."""
        super().__init__(c_in, c_out, repeats, expansion, lambda c: ConvNextV2Block(c, ratio))
