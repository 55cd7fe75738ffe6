"""CoordConv: a convolution that knows where it is."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.registry import register


@register(
    "coordconv",
    slot="conv",
    family="CoordConv",
    paper="An Intriguing Failing of Convolutional Neural Networks and the CoordConv Solution,"
    " NeurIPS 2018",
    year=2018,
    arxiv="1807.03247",
    origin="https://github.com/uber-research/CoordConv",
    licence="not verified; written from the paper",
)
class CoordConv(nn.Module):
    """A 3×3 convolution that also reads how far down and right each pixel is, section 3.

    Both run from -1 to 1 over the map, here from its edges, so that the middles of the outermost
    pixels lie a half pixel within and a map of one pixel is 0. Outside of the map they are 0, as
    everything is.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        radius: Whether it reads the distance from the middle as well.
    """

    def __init__(self, c_in: int, c_out: int, *, radius: bool = False) -> None:
        """Make the convolution."""
        super().__init__()
        self.radius = radius
        self.conv = Conv(c_in + (3 if radius else 2), c_out, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        down, right = (_middles(side, x) for side in x.shape[-2:])
        like = x[:, :1] * 0
        where = [like + down[:, None], like + right]
        if self.radius:
            where.append((where[0].square() + where[1].square()).sqrt())
        convolved: torch.Tensor = self.conv(torch.cat((x, *where), 1))
        return convolved


def _middles(side: int, like: torch.Tensor) -> torch.Tensor:
    """Return the middles of `side` pixels that reach from -1 to 1."""
    exact = (2 * torch.arange(side, device=like.device) + 1) / side - 1
    return exact.to(like.dtype)
