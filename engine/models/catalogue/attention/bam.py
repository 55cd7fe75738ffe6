"""BAM: channels and places side by side, through narrow middles."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.parts.pooled import PooledNorm
from engine.models.parts.widths import reduced
from engine.models.registry import register


@register(
    "bam",
    slot="attention",
    family="BAM",
    paper="BAM: Bottleneck Attention Module, BMVC 2018",
    year=2018,
    arxiv="1807.06514",
    origin="https://github.com/Jongchan/attention-module",
    licence="MIT; written from the paper",
)
class Bam(nn.Module):
    """x + x σ(Mc(x) + Ms(x)), equations 1 to 4.

    Mc = BN(W1 relu(W0 avgpool(x))) over the whole map; Ms = BN(1×1(3×3(3×3(1×1(x))))) with dilated
    3×3 convolutions and one channel at the end.

    The paper does not say what stands between the four convolutions: here each of the first three
    is normalised and activated, as four of them in a row would be one. The authors' repository
    multiplies Mc and Ms, the paper adds them. A batch of one picture can be trained, see
    `PooledNorm`.

    Args:
        channels: In and out.
        ratio: The channels in both middles are `channels` / `ratio`, at least one.
        dilation: Of the 3×3 convolutions.
    """

    def __init__(self, channels: int, *, ratio: int = 16, dilation: int = 4) -> None:
        """Make both branches."""
        super().__init__()
        if dilation < 1:
            raise ValueError(f"the dilation {dilation} is below 1")
        middle = reduced(channels, ratio)
        self.channels = nn.Sequential(
            nn.Conv2d(channels, middle, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(middle, channels, 1, bias=False),
            PooledNorm(channels),
        )
        self.places = nn.Sequential(
            *_normalised(nn.Conv2d(channels, middle, 1, bias=False)),
            *_normalised(_dilated(middle, dilation)),
            *_normalised(_dilated(middle, dilation)),
            nn.Conv2d(middle, 1, 1, bias=False),
            nn.BatchNorm2d(1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        channels = self.channels(x.mean((2, 3), keepdim=True))
        weight: torch.Tensor = (channels + self.places(x)).sigmoid()
        return x + x * weight


def _dilated(channels: int, dilation: int) -> nn.Conv2d:
    return nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation, bias=False)


def _normalised(conv: nn.Conv2d) -> tuple[nn.Module, ...]:
    return conv, nn.BatchNorm2d(conv.out_channels), nn.ReLU(inplace=True)
