"""SCNet's block: half of the channels are weighed by what a smaller copy of them sees."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.widths import each_of
from engine.models.registry import register


class SelfCalibrated(nn.Module):
    """K4(K3(x) σ(x + up(K2(avgpool(x))))): self-calibration.

    K2, K3 and K4 are 3×3 convolutions with normalisation. A line of pixels that the pooling does
    not fill is averaged over those that are there.

    Args:
        channels: In and out.
        pool: Side and stride of the pooling, above 0.
    """

    def __init__(self, channels: int, pool: int = 4) -> None:
        """Make the convolutions."""
        super().__init__()
        if pool < 1:
            raise ValueError(f"the pooling {pool} is not above 0")
        self.pool = nn.AvgPool2d(pool, pool, ceil_mode=True)
        self.k2 = Conv(channels, channels, 3, act=False)
        self.k3 = Conv(channels, channels, 3, act=False)
        self.k4 = Conv(channels, channels, 3, act=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        far = nn.functional.interpolate(self.k2(self.pool(x)), x.shape[2:])
        found: torch.Tensor = self.k4(self.k3(x) * (x + far).sigmoid())
        return found


class ScBottleneck(nn.Module):
    """relu(x + W3 [K1 relu(W1 x), selfcalibrated(relu(W2 x))]), both halves activated again.

    "Improving Convolutional Networks with Self-Calibrated Convolutions", section 3: W1 and W2 are
    1×1 to half the channels each, K1 is 3×3. All have normalisation.

    Args:
        channels: In and out, a multiple of 2.
        pool: See `SelfCalibrated`.
    """

    def __init__(self, channels: int, pool: int = 4) -> None:
        """Make both halves."""
        super().__init__()
        half = each_of(2, channels)
        self.first = nn.Sequential(
            Conv(channels, half, 1, act=nn.ReLU()), Conv(half, half, 3, act=nn.ReLU())
        )
        self.second = nn.Sequential(
            Conv(channels, half, 1, act=nn.ReLU()), SelfCalibrated(half, pool), nn.ReLU()
        )
        self.join = Conv(channels, channels, 1, act=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        added = self.join(torch.cat((self.first(x), self.second(x)), 1))
        return nn.functional.relu(x + added)


@register(
    "scnet",
    slot="block",
    family="SCNet",
    paper="Improving Convolutional Networks with Self-Calibrated Convolutions, CVPR 2020",
    year=2020,
    origin="https://github.com/MCG-NKU/SCNet",
    licence="not verified; written from the paper",
)
class CspScNet(Csp):
    """SCNet's bottlenecks in the frame of C3k2.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of bottlenecks.
        expansion: Channels of a half as a share of `c_out`.
        pool: See `SelfCalibrated`.
    """

    def __init__(
        self, c_in: int, c_out: int, repeats: int, expansion: float, *, pool: int = 4
    ) -> None:
        """Put the bottlenecks into the frame."""
        super().__init__(c_in, c_out, repeats, expansion, lambda c: ScBottleneck(c, pool))
