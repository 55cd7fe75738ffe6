"""A normalised convolution with a bias of its own."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


class BiasedConv(nn.Module):
    """silu(BN(W x + b)) with a 1×1 convolution.

    The normalisation takes the bias away again. Works that count it among their parameters have it.

    Args:
        c_in: Channels in.
        c_out: Channels out.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        """Make the convolution."""
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, 1)
        self.norm = nn.BatchNorm2d(c_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        return nn.functional.silu(self.norm(self.conv(x)))

    def fold(self) -> nn.Module:
        """Return it with the normalisation inside the convolution."""
        return nn.Sequential(fuse_conv_bn_eval(self.conv, self.norm), nn.SiLU())
