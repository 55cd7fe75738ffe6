"""Polarized self-attention: full channels while places collapse, full places while channels do."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.parts.norms import ChannelNorm
from engine.models.registry import register

LAYOUTS = ("parallel", "sequential")


class ChannelGate(nn.Module):
    """A weight for each channel from a mean over the places that the map chooses.

    σ(LN(Wz (Wv x · softmax(Wq x)))): Wv keeps half the channels, Wq makes one, and the softmax is
    over the places.

    Args:
        channels: In.
    """

    def __init__(self, channels: int) -> None:
        """Make the projections."""
        super().__init__()
        half = max(1, channels // 2)
        self.value = nn.Conv2d(channels, half, 1, bias=False)
        self.query = nn.Conv2d(channels, 1, 1, bias=False)
        self.widen = nn.Conv2d(half, channels, 1, bias=False)
        self.norm = ChannelNorm(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, 1, 1] for [B, C, H, W]."""
        places = self.query(x).flatten(2).softmax(2)
        mean = self.value(x).flatten(2) @ places.transpose(1, 2)
        weight: torch.Tensor = self.norm(self.widen(mean[..., None])).sigmoid()
        return weight


class PlaceGate(nn.Module):
    """A weight for each place from a mean over the channels that the map chooses.

    σ(softmax(avgpool(Wq x)) · Wv x): both projections keep half the channels, and the softmax is
    over them.

    Args:
        channels: In.
    """

    def __init__(self, channels: int) -> None:
        """Make the projections."""
        super().__init__()
        half = max(1, channels // 2)
        self.value = nn.Conv2d(channels, half, 1, bias=False)
        self.query = nn.Conv2d(channels, half, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, 1, H, W] for [B, C, H, W]."""
        chosen = self.query(x.mean((2, 3), keepdim=True)).softmax(1)
        weight: torch.Tensor = (chosen * self.value(x)).sum(1, keepdim=True).sigmoid()
        return weight


@register(
    "polarized",
    slot="attention",
    family="Polarized self-attention",
    paper="Polarized Self-Attention: Towards High-quality Pixel-wise Mapping, Neurocomputing 2022",
    year=2021,
    arxiv="2107.00782",
    origin="https://github.com/DeLightCMU/PSA",
    licence="not verified; written from the paper",
)
class PolarizedSelfAttention(nn.Module):
    """Both gates side by side, A_ch x + A_sp x, or one after the other.

    They are the channel-only and the spatial-only branch of section 3. In the authors' code the
    softmax over channels is one over places, and the parallel layout has no normalisation before
    the first sigmoid; here both layouts have the branches of the paper. The map is pooled before
    the query of the second gate instead of after it, which is the same for a linear one and
    cheaper.

    Args:
        channels: In and out.
        layout: "parallel" or "sequential", channels before places.
    """

    def __init__(self, channels: int, *, layout: str = "parallel") -> None:
        """Make both gates."""
        super().__init__()
        if layout not in LAYOUTS:
            raise ValueError(f"the layout {layout} is not one of {', '.join(LAYOUTS)}")
        self.layout = layout
        self.channels = ChannelGate(channels)
        self.places = PlaceGate(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        by_channel: torch.Tensor = x * self.channels(x)
        parallel = self.layout == "parallel"
        seen = x if parallel else by_channel
        by_place: torch.Tensor = seen * self.places(seen)
        return by_channel + by_place if parallel else by_place
