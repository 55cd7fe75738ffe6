"""A 3×3 convolution in two steps: each channel for itself, then each place for itself."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv


class Separable(nn.Module):
    """MobileNets' layer, figure 3 of arXiv 1704.04861: depth-wise 3×3, then 1×1.

    Both are normalised and activated. Where the paper has ReLU it has the network's activation.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        stride: Of the depth-wise convolution.
    """

    def __init__(self, c_in: int, c_out: int, stride: int = 1) -> None:
        """Make the two convolutions."""
        super().__init__()
        self.depthwise = Conv(c_in, c_in, 3, stride, g=c_in)
        self.pointwise = Conv(c_in, c_out, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H / stride, W / stride], rounded up, for [B, c_in, H, W]."""
        mixed: torch.Tensor = self.pointwise(self.depthwise(x))
        return mixed
