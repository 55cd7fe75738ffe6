"""RFB: the farther out, the larger the kernel and its holes."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.registry import register


@register(
    "rfb",
    slot="context",
    family="RFBNet",
    paper="Receptive Field Block Net for Accurate and Fast Object Detection, ECCV 2018",
    year=2017,
    arxiv="1711.07767",
    origin="https://github.com/ruinmessi/RFBNet",
    licence="MIT; written from the paper",
)
class Rfb(nn.Module):
    """relu(S(x) + scale · W[b1, b2, b3]) of three branches, figure 4 (a).

    A 1×1 kernel before a 3×3 one of rate 1, a 3×3 one before rate 3, and a 5×5 one, made of two of
    3×3, before rate 5. The authors' code dilates by 1, 2 and 3 where the figure says 1, 3 and 5;
    this follows the figure. Channels inside are those of the code, an eighth in the bottlenecks.

    Args:
        c_in: Channels in, at least 16.
        c_out: Channels out.
        scale: Of the branches against the shortcut S.
    """

    def __init__(self, c_in: int, c_out: int, *, scale: float = 0.1) -> None:
        """Make the branches."""
        super().__init__()
        if c_in < 16:
            raise ValueError(f"{c_in} channels are too few for an eighth of them in each branch")
        small, relu = c_in // 8, nn.ReLU(inplace=True)
        wide, between = 2 * small, 3 * small // 2
        self.near = nn.Sequential(
            Conv(c_in, wide, 1, act=relu),
            Conv(wide, wide, 3, act=False),
        )
        self.middle = nn.Sequential(
            Conv(c_in, small, 1, act=relu),
            Conv(small, wide, 3, act=relu),
            Conv(wide, wide, 3, d=3, act=False),
        )
        self.far = nn.Sequential(
            Conv(c_in, small, 1, act=relu),
            Conv(small, between, 3, act=relu),
            Conv(between, wide, 3, act=relu),
            Conv(wide, wide, 3, d=5, act=False),
        )
        self.join = Conv(3 * wide, c_out, 1, act=False)
        self.shortcut = Conv(c_in, c_out, 1, act=False)
        self.scale = scale

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        seen = self.join(torch.cat((self.near(x), self.middle(x), self.far(x)), 1))
        summed: torch.Tensor = self.shortcut(x) + self.scale * seen
        return summed.relu()
