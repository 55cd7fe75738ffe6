"""FBRT-YOLO's block: most channels say what, the others where, each weighs the other."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.depthwise import depthwise
from engine.models.registry import register


class FcmBlock(nn.Module):
    """a σ(BN(W b)) + b σ(avgpool(dw(a))), with a convolved from most channels and b from the rest.

    "FBRT-YOLO: Faster and Better for Real-Time Aerial Image Detection", the feature complementary
    mapping module: a is two 3×3 and a 1×1 convolution of the first share, b a 1×1 one of the
    others, both as wide as the block. The place weights of b, one map, go to a; the channel
    weights of a go to b. There is no shortcut around it, as in the authors' code.

    Args:
        channels: In and out.
        share: Part of the channels that is convolved three times, above 0 and below 1.
    """

    def __init__(self, channels: int, share: float = 0.75) -> None:
        """Split the channels."""
        super().__init__()
        most = int(channels * share)
        if not 0 < most < channels:
            raise ValueError(f"{share} of {channels} channels leaves none on one side")
        self.split = [most, channels - most]
        self.meaning = nn.Sequential(
            Conv(most, most, 3), Conv(most, most, 3), Conv(most, channels, 1)
        )
        self.position = Conv(channels - most, channels, 1)
        self.places = nn.Sequential(nn.Conv2d(channels, 1, 1), nn.BatchNorm2d(1), nn.Sigmoid())
        self.channels = nn.Sequential(depthwise(channels, 3), nn.AdaptiveAvgPool2d(1), nn.Sigmoid())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        first, second = torch.split(x, self.split, 1)
        meaning, position = self.meaning(first), self.position(second)
        weighed: torch.Tensor = meaning * self.places(position) + position * self.channels(meaning)
        return weighed


@register(
    "fcm",
    slot="block",
    family="FBRT-YOLO",
    paper="FBRT-YOLO: Faster and Better for Real-Time Aerial Image Detection, AAAI 2025",
    year=2025,
    arxiv="2504.20670",
    origin="https://github.com/galaxy-oss/FCM",
    licence="not verified; written from the paper",
)
class CspFcm(Csp):
    """FBRT-YOLO's feature complementary mapping in the frame of C3k2.

    The original varies the share by stage; here it is one for all places that a recipe names.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of blocks.
        expansion: Channels of a half as a share of `c_out`.
        share: See `FcmBlock`.
    """

    def __init__(
        self, c_in: int, c_out: int, repeats: int, expansion: float, *, share: float = 0.75
    ) -> None:
        """Put the blocks into the frame."""
        super().__init__(c_in, c_out, repeats, expansion, lambda c: FcmBlock(c, share))
