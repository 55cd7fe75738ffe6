"""Mamba-YOLO's blocks: a selective scan between a local block and a gated one."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from ultralytics.nn.modules import Conv

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.biased_conv import BiasedConv
from engine.models.parts.norms import ChannelNorm
from engine.models.parts.ss2d import Ss2d
from engine.models.registry import register


class LsBlock(nn.Module):
    """x + W2 gelu(W1 BN(dw3x3(x))): what is near, before the scan.

    Args:
        channels: In and out.
    """

    def __init__(self, channels: int) -> None:
        """Make the three convolutions."""
        super().__init__()
        self.near = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.norm: nn.Module = nn.BatchNorm2d(channels)
        self.mix = nn.Sequential(
            nn.Conv2d(channels, channels, 1), nn.GELU(), nn.Conv2d(channels, channels, 1)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        mixed: torch.Tensor = self.mix(self.norm(self.near(x)))
        return x + mixed

    def fold(self) -> LsBlock:
        """Return it with the normalisation inside the convolution."""
        if isinstance(self.norm, nn.BatchNorm2d):
            self.near = fuse_conv_bn_eval(self.near, self.norm)
            self.norm = nn.Identity()
        return self


class RgBlock(nn.Module):
    """W3 (gelu(dw3x3(W1 x) + W1 x) ⊙ W2 x): channels mixed through a residual gate.

    Args:
        channels: In and out.
        ratio: Two thirds of this multiple of `channels` are in the middle.
    """

    def __init__(self, channels: int, ratio: float = 4.0) -> None:
        """Make the gate and the value in one convolution."""
        super().__init__()
        middle = int(2 * int(channels * ratio) / 3)
        if middle < 1:
            raise ValueError(f"{ratio} times {channels} channels leaves none in the middle")
        self.fc1 = nn.Conv2d(channels, 2 * middle, 1)
        self.near = nn.Conv2d(middle, middle, 3, padding=1, groups=middle)
        self.fc2 = nn.Conv2d(middle, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        gate, value = self.fc1(x).chunk(2, 1)
        mixed: torch.Tensor = self.fc2(nn.functional.gelu(self.near(gate) + gate) * value)
        return mixed


def _scan(channels: int, state: int, ratio: float) -> Ss2d:
    return Ss2d(channels, state, ratio, gate=True, act=nn.GELU, bias=True)


class OdssBlock(nn.Module):
    """x = silu(BN(W x)), then x += SS2D(LN(LS(x))) and x += RG(LN(x)).

    VSSBlock in its code. As there, the first residual goes around the local block as well, and the
    scans begin with steps of about 1, which the paper does not say.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        state: See `Ss2d`.
        ratio: See `Ss2d`.
    """

    def __init__(self, c_in: int, c_out: int, state: int = 16, ratio: float = 2.0) -> None:
        """Make the parts."""
        super().__init__()
        self.begin = BiasedConv(c_in, c_out)
        self.local = LsBlock(c_out)
        self.norm1 = ChannelNorm(c_out)
        self.scan = _scan(c_out, state, ratio)
        self.norm2 = ChannelNorm(c_out)
        self.mix = RgBlock(c_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        x = self.begin(x)
        x = x + self.scan(self.norm1(self.local(x)))
        mixed: torch.Tensor = x + self.mix(self.norm2(x))
        return mixed


_PAPER = "Mamba YOLO: A Simple Baseline for Object Detection with State Space Model, AAAI 2025"
_ORIGIN = "https://github.com/HZAI-ZJNU/Mamba-YOLO"
_LICENCE = "AGPL-3.0; written from the paper"


@register(
    "odss",
    slot="block",
    family="Mamba-YOLO",
    paper=_PAPER,
    year=2024,
    arxiv="2406.05835",
    origin=_ORIGIN,
    licence=_LICENCE,
    operators=("selective_scan",),
    stability="experimental",
)
class CspOdss(Csp):
    """Mamba-YOLO's ODSS blocks in the frame of C3k2.

    In Mamba-YOLO they follow one another at full width, without a frame; on half of the channels
    they cost a quarter. Stochastic depth is left out, which its configurations set to 0 too.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        repeats: int,
        expansion: float,
        *,
        state: int = 16,
        ratio: float = 2.0,
    ) -> None:
        """Put the blocks into the frame."""
        super().__init__(c_in, c_out, repeats, expansion, lambda c: OdssBlock(c, c, state, ratio))


@register(
    "xss",
    slot="block",
    family="Mamba-YOLO",
    paper=_PAPER,
    year=2024,
    arxiv="2406.05835",
    origin=_ORIGIN,
    licence=_LICENCE,
    operators=("selective_scan",),
    stability="experimental",
)
class XssBlock(nn.Module):
    """x += SS2D(...SS2D(LN(LS(x)))), then x += RG(LN(x)): the block of Mamba-YOLO's neck.

    Where the channels change, a normalised 1×1 convolution comes first. It stands alone, at full
    width, and repeats its scans, as in the original; `expansion` has no meaning for it.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of scans.
        expansion: Not used.
        state: See `Ss2d`.
        ratio: See `Ss2d`.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        repeats: int = 1,
        expansion: float = 1.0,
        *,
        state: int = 16,
        ratio: float = 2.0,
    ) -> None:
        """Make the parts."""
        super().__init__()
        self.begin = Conv(c_in, c_out, 1) if c_in != c_out else nn.Identity()
        self.local = LsBlock(c_out)
        self.norm1 = ChannelNorm(c_out)
        self.scans = nn.Sequential(*(_scan(c_out, state, ratio) for _ in range(repeats)))
        self.norm2 = ChannelNorm(c_out)
        self.mix = RgBlock(c_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        x = self.begin(x)
        x = x + self.scans(self.norm1(self.local(x)))
        mixed: torch.Tensor = x + self.mix(self.norm2(x))
        return mixed
