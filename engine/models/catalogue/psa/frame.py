"""The frame that these entries share: C2PSA's, around any unit that keeps its channels."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from ultralytics.nn.modules import Conv


class PsaFrame(nn.Module):
    """Half of the channels pass, units of attention work on the others, both are joined.

    The names of the weights are those of ultralytics' C2PSA, so that whatever is the same can be
    started from a trained network.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of units.
        unit: From channels to a module that keeps them.
    """

    def __init__(
        self, c_in: int, c_out: int, repeats: int, unit: Callable[[int], nn.Module]
    ) -> None:
        """Make the units."""
        super().__init__()
        half = c_out // 2
        self.cv1 = Conv(c_in, 2 * half, 1)
        self.cv2 = Conv(2 * half, c_out, 1)
        self.m = nn.Sequential(*(unit(half) for _ in range(repeats)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        kept, worked = self.cv1(x).chunk(2, 1)
        joined: torch.Tensor = self.cv2(torch.cat((kept, self.m(worked)), 1))
        return joined


class Residuals(nn.Module):
    """x + part(x) of one part after another.

    C2PSA's own unit is one of `attn` and `ffn`.

    Args:
        parts: By the name that their weights have.
    """

    def __init__(self, **parts: nn.Module) -> None:
        """Take the parts in their order."""
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        for part in self.children():
            x = x + part(x)
        return x


def feed_forward(channels: int) -> nn.Module:
    """Return C2PSA's: to twice the channels and back, with normalisation."""
    return nn.Sequential(
        Conv(channels, 2 * channels, 1), Conv(2 * channels, channels, 1, act=False)
    )
