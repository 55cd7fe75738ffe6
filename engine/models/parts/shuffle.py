"""Mixing the channels of groups."""

from __future__ import annotations

import torch
from einops import rearrange


def shuffled(x: torch.Tensor, groups: int) -> torch.Tensor:
    """Return channels in turn of each group: a b c | d e f becomes a d b e c f for two groups.

    ("ShuffleNet", arXiv 1707.01083, section 3.1.)

    Args:
        x: [B, C, H, W], with C a multiple of `groups`.
        groups: Number of them.
    """
    mixed: torch.Tensor = rearrange(x, "b (g c) h w -> b (c g) h w", g=groups)
    return mixed
