"""RepViT's block: a re-parameterised depth-wise convolution, then a mixer of channels."""

from __future__ import annotations

from itertools import count

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from ultralytics.nn.modules import Conv

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.squeeze import squeezed
from engine.models.registry import register


class RepVggDw(nn.Module):
    """BN(BN(dw3x3(x)) + dw1x1(x) + x), one depth-wise 3×3 convolution once it is trained.

    Args:
        channels: In and out.
    """

    def __init__(self, channels: int) -> None:
        """Make the branches."""
        super().__init__()
        self.wide = Conv(channels, channels, 3, g=channels, act=False)
        self.point = nn.Conv2d(channels, channels, 1, groups=channels)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        normed: torch.Tensor = self.norm(self.wide(x) + self.point(x) + x)
        return normed

    @torch.no_grad()
    def fold(self) -> nn.Conv2d:
        """Return the convolution that gives the same."""
        folded: nn.Conv2d = fuse_conv_bn_eval(self.wide.conv, self.wide.bn)
        assert folded.bias is not None
        assert self.point.bias is not None
        folded.weight[:, :, 1:2, 1:2] += self.point.weight + 1
        folded.bias += self.point.bias
        return fuse_conv_bn_eval(folded, self.norm)


class RepVitBlock(nn.Module):
    """y + pw2(gelu(pw1(y))) with y = se(RepVggDw(x)), both convolutions with normalisation.

    "RepViT: Revisiting Mobile CNN From ViT Perspective", section 3.2: the token mixer is taken out
    of the inverted bottleneck and put in front of it, the channel mixer widens twice. The second
    normalisation begins with scale 0, so that the mixer begins with nothing.

    Args:
        channels: In and out.
        ratio: Channels in the middle of the mixer as a multiple of `channels`.
        squeeze: Whether channels are weighed by what is seen of them, with a quarter in between.
    """

    def __init__(self, channels: int, ratio: int = 2, *, squeeze: bool = True) -> None:
        """Make both mixers."""
        super().__init__()
        if ratio < 1:
            raise ValueError(f"the ratio {ratio} is not above 0")
        self.tokens = RepVggDw(channels)
        self.squeeze = squeezed(channels, 4) if squeeze else None
        self.pw1 = Conv(channels, ratio * channels, 1, act=nn.GELU())
        self.pw2 = Conv(ratio * channels, channels, 1, act=False)
        nn.init.zeros_(self.pw2.bn.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        y: torch.Tensor = self.tokens(x)
        if self.squeeze is not None:
            y = y * self.squeeze(y.mean((2, 3), keepdim=True)).sigmoid()
        mixed: torch.Tensor = self.pw2(self.pw1(y))
        return y + mixed


@register(
    "rvb",
    slot="block",
    family="RepViT",
    paper="RepViT: Revisiting Mobile CNN From ViT Perspective, CVPR 2024",
    year=2023,
    arxiv="2307.09283",
    origin="https://github.com/THU-MIG/RepViT",
    licence="Apache-2.0; written from the paper",
)
class CspRepVit(Csp):
    """RepViT's blocks of stride 1 in the frame of C3k2, every second one with squeeze.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of blocks.
        expansion: Channels of a half as a share of `c_out`.
        ratio: See `RepVitBlock`.
    """

    def __init__(
        self, c_in: int, c_out: int, repeats: int, expansion: float, *, ratio: int = 2
    ) -> None:
        """Put the blocks into the frame."""
        turn = count()
        super().__init__(
            c_in,
            c_out,
            repeats,
            expansion,
            lambda c: RepVitBlock(c, ratio, squeeze=next(turn) % 2 == 0),
        )
