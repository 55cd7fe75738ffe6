"""MANet: three ways through a block, all of them joined."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Bottleneck, Conv, DWConv

from engine.models.parts.reach import reach_of
from engine.models.registry import register


@register(
    "man",
    slot="block",
    family="Hyper-YOLO",
    paper="Hyper-YOLO: When Visual Object Detection Meets Hypergraph Computation, TPAMI 2025",
    year=2024,
    arxiv="2408.04804",
    origin="https://github.com/iMoonLab/Hyper-YOLO",
    licence="not verified; written from the paper",
)
class MixedAggregation(nn.Module):
    """A 1×1 convolution, a depth-wise separable one and the bottlenecks of C2f, side by side.

    A 1×1 convolution makes twice the half of the frame; what is joined at the end is a 1×1
    convolution of it, a wider one followed by a depth-wise and a 1×1 one, both halves of it, and
    the output of each bottleneck on the second half. The bottlenecks are ultralytics' own with
    their shortcut.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of bottlenecks.
        expansion: Channels of a half as a share of `c_out`.
        kernel: Side of the depth-wise kernel, odd.
        widen: Channels of the depth-wise convolution as a multiple of both halves.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        repeats: int,
        expansion: float,
        *,
        kernel: int = 3,
        widen: int = 2,
    ) -> None:
        """Make the ways."""
        super().__init__()
        if widen < 1:
            raise ValueError(f"{widen} times the channels are none")
        reach_of(kernel)
        half = int(c_out * expansion)
        wide = widen * 2 * half
        self.cv1 = Conv(c_in, 2 * half, 1)
        self.point = Conv(2 * half, half, 1)
        self.separable = nn.Sequential(
            Conv(2 * half, wide, 1), DWConv(wide, wide, kernel), Conv(wide, half, 1)
        )
        self.m = nn.ModuleList(Bottleneck(half, half, e=1.0) for _ in range(repeats))
        self.cv2 = Conv((4 + repeats) * half, c_out, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        both = self.cv1(x)
        parts = [self.point(both), self.separable(both), *both.chunk(2, 1)]
        for unit in self.m:
            parts.append(unit(parts[-1]))
        joined: torch.Tensor = self.cv2(torch.cat(parts, 1))
        return joined
