"""Convolutions whose kernel is another one for each picture."""

from __future__ import annotations

import torch
from torch import nn

from ops.tracing import tracing


def conv2d_per_sample(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return each map convolved with its own kernel, zeros around, of the same size.

    Args:
        x: [B, C, H, W].
        weight: [B, O, C, K, K], K odd.

    Returns:
        [B, O, H, W].
    """
    batch, outputs, channels, kernel = weight.shape[:4]
    height, width = x.shape[-2:]
    if tracing():
        # A group for each picture would write the size of the batch into an exported network.
        windows = nn.functional.unfold(x, int(kernel), padding=int(kernel) // 2)
        return (weight.flatten(2) @ windows).reshape(batch, outputs, height, width)
    convolved = nn.functional.conv2d(
        x.reshape(1, batch * channels, height, width),
        weight.flatten(0, 1),
        padding=kernel // 2,
        groups=batch,
    )
    return convolved.reshape(batch, outputs, height, width)
