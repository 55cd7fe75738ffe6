"""The frame that blocks share: split, transform one half again and again, join everything."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from ultralytics.nn.modules import Conv


class Csp(nn.Module):
    """C2f's and C3k2's frame around any unit that keeps its channels.

    A 1×1 convolution makes two halves, the units work on the second one after another, and a 1×1
    convolution joins both halves and what each unit gave. (CSPNet, arXiv 1911.11929; the form with
    every unit's output is C2f of Ultralytics YOLOv8.)

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of units.
        expansion: Channels of a half as a share of `c_out`.
        unit: From channels to a module that keeps them.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        repeats: int,
        expansion: float,
        unit: Callable[[int], nn.Module],
    ) -> None:
        """Make the units."""
        super().__init__()
        half = int(c_out * expansion)
        self.cv1 = Conv(c_in, 2 * half, 1)
        self.cv2 = Conv((2 + repeats) * half, c_out, 1)
        self.m = nn.ModuleList(unit(half) for _ in range(repeats))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        parts = list(self.cv1(x).chunk(2, 1))
        for unit in self.m:
            parts.append(unit(parts[-1]))
        joined: torch.Tensor = self.cv2(torch.cat(parts, 1))
        return joined
