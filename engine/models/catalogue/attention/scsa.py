"""SCSA: strips of several lengths weight the places, then channels attend to channels."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import nn

from engine.models.parts.pooling import averaging
from engine.models.registry import register

KERNELS = (3, 5, 7, 9)
"""Of the four parts of the channels."""


@register(
    "scsa",
    slot="attention",
    family="SCSA",
    paper="SCSA: Exploring the synergistic effects between spatial and channel attention,"
    " Neurocomputing 2025",
    year=2024,
    arxiv="2407.05128",
    origin="https://github.com/HZAI-ZJNU/SCSA",
    licence="not verified; written from the paper",
)
class SpatialChannelSynergy(nn.Module):
    """x' = SMSA(x) and then x' ⊙ σ(the mean of channel self-attention), section 3.

    SMSA: the means of rows and of columns, in four parts, each with a depthwise 1-D convolution
    that both directions share, then normalised in four groups: x σ(rows) σ(columns). PCSA: the map
    pooled by windows, normalised, times a number for each channel as queries, keys and values;
    softmax(q kᵀ / √d) v between the channels of a head, and its mean.

    A map whose sides are no multiples of the window has windows of nearly that size; the authors
    leave the rest out, and a map smaller than a window cannot be there.

    Args:
        channels: In and out, a multiple of 4 and of `heads`.
        heads: Of the channel attention; the authors have one.
        window: Side of the pooling.
    """

    def __init__(self, channels: int, *, heads: int = 1, window: int = 7) -> None:
        """Make both attentions."""
        super().__init__()
        if heads < 1 or channels % heads or channels % len(KERNELS):
            raise ValueError(
                f"{channels} channels are no multiple of {len(KERNELS)} and of {heads}"
            )
        if window < 1:
            raise ValueError(f"a window of {window} is none")
        self.heads, self.window = heads, window
        part = channels // len(KERNELS)
        self.along = nn.ModuleList(
            nn.Conv1d(part, part, kernel, padding=kernel // 2, groups=part) for kernel in KERNELS
        )
        self.norm_rows = nn.GroupNorm(len(KERNELS), channels)
        self.norm_columns = nn.GroupNorm(len(KERNELS), channels)
        self.norm = nn.GroupNorm(1, channels)
        self.queries, self.keys, self.values = (
            nn.Conv2d(channels, channels, 1, groups=channels, bias=False) for _ in range(3)
        )

    def _strip(self, means: torch.Tensor) -> torch.Tensor:
        """Return [B, C, N] for the means of N rows or columns."""
        parts = means.chunk(len(KERNELS), 1)
        pairs = zip(self.along, parts, strict=True)
        return torch.cat([conv(part) for conv, part in pairs], 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        rows = self.norm_rows(self._strip(x.mean(3))).sigmoid()
        columns = self.norm_columns(self._strip(x.mean(2))).sigmoid()
        x = x * rows[..., None] * columns[:, :, None]
        height, width = x.shape[-2:]
        rest = self.window - 1
        down = averaging(height, (height + rest) // self.window, x)
        across = averaging(width, (width + rest) // self.window, x)
        pooled = self.norm(down @ x @ across.T)
        query, key, value = (
            rearrange(made(pooled), "b (n d) h w -> b n d (h w)", n=self.heads)
            for made in (self.queries, self.keys, self.values)
        )
        scale = query.shape[2] ** -0.5
        attention = (query * scale @ key.transpose(2, 3)).softmax(3)
        weight = (attention @ value).mean(3).flatten(1).sigmoid()
        weighted: torch.Tensor = x * weight[..., None, None]
        return weighted
