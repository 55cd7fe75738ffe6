"""YOLOv5's Focus: the picture's pixels side by side before the first convolution."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts.slices import slices
from engine.models.registry import register


@register(
    "focus",
    slot="stem",
    family="YOLOv5",
    paper="",
    year=2020,
    origin="https://github.com/ultralytics/yolov5",
    licence="AGPL-3.0; written from its description",
)
class Focus(nn.Module):
    """The four pixels of each 2×2 become channels, one slice of all after another; then Conv.

    YOLOv5 had it with a kernel of 3 up to its version 5; the 6×6 convolution with stride that came
    afterwards is the same written otherwise. An odd side gets its last pixel twice.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        kernel: Side of the convolution, odd.
    """

    def __init__(self, c_in: int, c_out: int, *, kernel: int = 3) -> None:
        """Make the convolution."""
        super().__init__()
        if kernel < 1 or kernel % 2 == 0:
            raise ValueError(f"the kernel {kernel} is not odd")
        self.conv = Conv(4 * c_in, c_out, kernel)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H / 2, W / 2], rounded up, for [B, c_in, H, W]."""
        above_left, above_right, below_left, below_right = slices(x)
        joined = torch.cat((above_left, below_left, above_right, below_right), 1)
        halved: torch.Tensor = self.conv(joined)
        return halved
