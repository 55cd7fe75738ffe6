"""Focal modulation: surroundings of growing size, chosen by gates, multiply each place."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts.norms import ChannelNorm
from engine.models.registry import register


class FocalModulation(nn.Module):
    """W(q(x) ⊙ h(Σ g_l(x) ⊙ z_l(x))), section 3.2.

    z_l = gelu(dwconv(z_(l-1))) with larger and larger kernels; the last level is the mean of the
    map.

    Args:
        channels: In and out.
        levels: Number of convolutions, one after another.
        window: Side of the first kernel, odd.
    """

    def __init__(self, channels: int, levels: int = 3, window: int = 3) -> None:
        """Make the levels."""
        super().__init__()
        if levels < 1:
            raise ValueError(f"{levels} levels are below 1")
        if window % 2 == 0 or window < 1:
            raise ValueError(f"the window {window} is not odd")
        self.split = [channels, channels, levels + 1]
        self.start = nn.Conv2d(channels, sum(self.split), 1)
        sides = [window + 2 * level for level in range(levels)]
        self.focus = nn.ModuleList(
            nn.Conv2d(channels, channels, side, padding=side // 2, groups=channels, bias=False)
            for side in sides
        )
        self.mix = nn.Conv2d(channels, channels, 1)
        self.end = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        query, context, gates = torch.split(self.start(x), self.split, 1)
        levels = []
        for focus in self.focus:
            context = nn.functional.gelu(focus(context))
            levels.append(context)
        levels.append(nn.functional.gelu(context.mean((2, 3), keepdim=True)))
        seen = sum(level * gates[:, at : at + 1] for at, level in enumerate(levels))
        modulated: torch.Tensor = self.end(query * self.mix(seen))
        return modulated


@register(
    "focal",
    slot="context",
    family="FocalNet",
    paper="Focal Modulation Networks, NeurIPS 2022",
    year=2022,
    arxiv="2203.11926",
    origin="https://github.com/microsoft/FocalNet",
    licence="MIT; written from the paper",
)
class FocalContext(nn.Module):
    """x + modulation(norm(x)), the first half of FocalNet's block in the place of a pooling.

    Without the perceptron of the second half. Where channels change, a 1×1 convolution with
    normalisation comes first. Three levels are the paper's networks with large receptive field.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        levels: See `FocalModulation`.
        window: See `FocalModulation`.
    """

    def __init__(self, c_in: int, c_out: int, *, levels: int = 3, window: int = 3) -> None:
        """Make the layers."""
        super().__init__()
        self.fit = Conv(c_in, c_out, 1, act=False) if c_in != c_out else nn.Identity()
        self.norm = ChannelNorm(c_out)
        self.modulation = FocalModulation(c_out, levels, window)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        x = self.fit(x)
        modulated: torch.Tensor = x + self.modulation(self.norm(x))
        return modulated
