"""DySample: the network says where each new pixel is sampled."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import nn

from engine.models.registry import register

SCALE = 2
SCOPE = 0.25
"""How far a sample may move at the start, in pixels for an offset of one; section 3.2."""


@register(
    "dysample",
    slot="up",
    family="DySample",
    paper="Learning to Upsample by Learning to Sample, ICCV 2023",
    year=2023,
    arxiv="2308.15085",
    origin="https://github.com/tiny-smart/dysample",
    licence="MIT; written from the paper",
)
class DySample(nn.Module):
    """Bilinear sampling at G + O: the regular grid and offsets from a 1×1 convolution.

    Offsets are made at the small size and shuffled to the large one ("linear + pixel shuffle",
    static scope). With zero offsets this is bilinear upsampling.

    Args:
        channels: In and out.
        groups: Of channels with offsets of their own.
    """

    start: torch.Tensor

    def __init__(self, channels: int, *, groups: int = 4) -> None:
        """Make offsets that begin close to zero."""
        super().__init__()
        if groups < 1 or channels % groups:
            raise ValueError(f"{channels} channels cannot be split into {groups} groups")
        self.groups = groups
        self.offset = nn.Conv2d(channels, 2 * groups * SCALE**2, 1)
        nn.init.normal_(self.offset.weight, std=0.001)
        assert self.offset.bias is not None
        nn.init.zeros_(self.offset.bias)
        # From the middle of a pixel to the middles of the four that it becomes.
        away = torch.tensor([(-1, -1), (1, -1), (-1, 1), (1, 1)]) / (2 * SCALE)
        start = away.T[:, None, :].expand(2, groups, SCALE**2).reshape(1, -1, 1, 1)
        self.register_buffer("start", start.clone())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, 2H, 2W] for [B, C, H, W]."""
        height, width = x.shape[-2:]
        moved = nn.functional.pixel_shuffle(self.offset(x) * SCOPE + self.start, SCALE)
        moved = rearrange(moved, "b (xy g) h w -> (b g) h w xy", xy=2)
        columns = torch.arange(SCALE * width, device=x.device, dtype=x.dtype) // SCALE + 0.5
        rows = torch.arange(SCALE * height, device=x.device, dtype=x.dtype) // SCALE + 0.5
        across = (moved[..., 0] + columns) * (2 / width) - 1
        down = (moved[..., 1] + rows[:, None]) * (2 / height) - 1
        sampled = nn.functional.grid_sample(
            rearrange(x, "b (g c) h w -> (b g) c h w", g=self.groups),
            torch.stack((across, down), -1),
            mode="bilinear",
            padding_mode="border",
            align_corners=False,
        )
        return rearrange(sampled, "(b g) c h w -> b (g c) h w", g=self.groups)
