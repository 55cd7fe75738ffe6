"""YOLO-MS's block: branches that see further and further, with larger kernels at deeper levels."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv, DWConv

from engine.models.parts.stages import by_stage
from engine.models.registry import register

BRANCHES = 3
KERNELS = (3, 5, 7, 9)
"""Of the stages from shallow to deep, "heterogeneous kernel size selection"."""


class InvertedBottleneck(nn.Sequential):
    """1×1 to more channels, depth-wise k×k, 1×1 back; each normalised and activated.

    Args:
        channels: In and out.
        kernel: Side of the depth-wise convolution, odd.
        ratio: Channels in the middle as a multiple of `channels`.
    """

    def __init__(self, channels: int, kernel: int, ratio: float) -> None:
        """Make the three convolutions."""
        middle = int(channels * ratio)
        if middle < 1:
            raise ValueError(f"{ratio} times {channels} channels leaves none in the middle")
        super().__init__(
            Conv(channels, middle, 1), DWConv(middle, middle, kernel), Conv(middle, channels, 1)
        )


@register(
    "msblock",
    slot="block",
    family="YOLO-MS",
    paper="YOLO-MS: Rethinking Multi-Scale Representation Learning for Real-time Object Detection,"
    " TPAMI 2025",
    year=2023,
    arxiv="2308.05480",
    origin="https://github.com/FishAndWasabi/YOLO-MS",
    licence="CC BY-NC 4.0; written from the paper",
)
class MsBlock(nn.Module):
    """Y1 = X1, Yi = IB(Y(i−1) + Xi) for the parts Xi of a 1×1 convolution; all joined by another.

    IB is a row of inverted bottlenecks (section 3 of the paper). It is a whole block: it takes the
    place of C3k2's frame and does not stand in it.

    The paper's neck keeps kernels of 3 at all levels, which is `kernel=3` at the place `neck`
    here. A part has as many channels as a half of the block that stood here, where the paper has
    the channels that come in; a row is as long as that block repeats.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Inverted bottlenecks in a row.
        expansion: Channels of a part as a share of `c_out`.
        level: Of the map; it chooses the kernel.
        kernel: Of the depth-wise convolutions, odd; 0 for 3, 5, 7 and 9 at p2 to p5.
        ratio: See `InvertedBottleneck`.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        repeats: int,
        expansion: float,
        level: int = 3,
        *,
        kernel: int = 0,
        ratio: float = 2.0,
    ) -> None:
        """Make a row for each part but the first."""
        super().__init__()
        if kernel < 0 or (kernel and kernel % 2 == 0):
            raise ValueError(f"the kernel {kernel} is neither odd nor 0")
        side = kernel or by_stage(level, KERNELS)
        part = int(c_out * expansion)
        self.cv1 = Conv(c_in, BRANCHES * part, 1)
        self.cv2 = Conv(BRANCHES * part, c_out, 1)
        self.m = nn.ModuleList(
            nn.Sequential(*(InvertedBottleneck(part, side, ratio) for _ in range(repeats)))
            for _ in range(BRANCHES - 1)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        first, *others = self.cv1(x).chunk(BRANCHES, 1)
        made = [first]
        for row, part in zip(self.m, others, strict=True):
            made.append(row(made[-1] + part))
        joined: torch.Tensor = self.cv2(torch.cat(made, 1))
        return joined
