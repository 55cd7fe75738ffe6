"""Maps as sequences in four directions and back.

"VMamba: Visual State Space Model", arXiv 2401.10166, section 4.2: rows from the top left, columns
from the top left, and both from the end.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ops.tracing import tracing

DIRECTIONS = 4


def cross_scan(x: Tensor) -> Tensor:
    """Return [B, 4, C, H W] for [B, C, H, W].

    Raises:
        ValueError: It is no map.
    """
    if x.ndim != 4:
        raise ValueError(f"a map is [B, C, H, W], not {list(x.shape)}")
    rows, columns = x.flatten(2), x.transpose(2, 3).flatten(2)
    forth = torch.stack((rows, columns), 1)
    return torch.cat((forth, forth.flip(-1)), 1)


def cross_merge(y: Tensor, height: int, width: int) -> Tensor:
    """Return the sum of four sequences where they belong, the transpose of `cross_scan`.

    Args:
        y: [B, 4, C, height width].
        height: Of the map.
        width: Of the map.

    Returns:
        [B, C, height, width].

    Raises:
        ValueError: They are not of such a map.
    """
    if not tracing() and (y.ndim != 4 or y.shape[1::2] != (DIRECTIONS, height * width)):
        raise ValueError(f"sequences {list(y.shape)} are not of a map of {height} x {width}")
    forth = y[:, :2] + y[:, 2:].flip(-1)
    batch, channels = y.shape[0], y.shape[2]
    rows = forth[:, 0].reshape(batch, channels, height, width)
    columns = forth[:, 1].reshape(batch, channels, width, height)
    return rows + columns.transpose(2, 3)
