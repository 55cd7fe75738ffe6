"""The definition of what a snake convolution reads."""

from __future__ import annotations

from typing import Literal

import torch

from ops.bilinear_gather.reference import bilinear_gather, check_kinds, named_shapes
from ops.tracing import tracing


def snake_gather(x: torch.Tensor, steps: torch.Tensor, axis: Literal["x", "y"]) -> torch.Tensor:
    """Return for each pixel what lies along a chain through it.

    The chain has one tap in each column (or row) from K // 2 before the pixel to K // 2 after it.
    From the pixel outward, each tap lies one step further up or down (left or right) than the one
    before: "Dynamic Snake Convolution", arXiv 2307.08388, equations 3 and 4. Between pixels it is
    `bilinear_gather`.

    Args:
        x: [B, C, H, W].
        steps: [B, K - 1, H, W] in pixels, K odd: of the taps before the pixel in the order of the
            columns, then of those after it. The tap in the middle has none.
        axis: Along what the chain lies: "x" has one tap a column.

    Returns:
        [B, C, K, H, W], taps in the order of the columns (or rows).

    Raises:
        ValueError: The shapes do not belong together, or the tensors lie on several devices.
        TypeError: They are not real numbers.
    """
    if not tracing():
        check(x, steps)
    return folded(x, bilinear_gather(x, *places(x, steps, axis)))


def check(x: torch.Tensor, steps: torch.Tensor) -> None:
    """Raise ValueError or TypeError where inputs do not belong together."""
    named = {"x": x, "steps": steps}
    check_kinds(named)
    fit = x.ndim == steps.ndim == 4 and x.shape[0] == steps.shape[0]
    if not fit or x.shape[2:] != steps.shape[2:]:
        raise ValueError(f"{named_shapes(named)} do not belong together")
    if steps.shape[1] % 2:
        raise ValueError(f"{steps.shape[1]} steps are not the same number on both sides")


def places(
    x: torch.Tensor, steps: torch.Tensor, axis: Literal["x", "y"]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return rows and columns of the taps, [B, K, H · W] in pixels, in at least 32 bits."""
    reach = steps.shape[1] // 2
    height, width = x.shape[-2:]
    exact = torch.promote_types(x.dtype, torch.float32)
    before, after = torch.split(steps.to(exact), reach, 1)
    aside = torch.cat(
        (before.flip(1).cumsum(1).flip(1), torch.zeros_like(steps[:, :1]), after.cumsum(1)), 1
    )
    along = torch.arange(-reach, reach + 1, device=x.device, dtype=exact)[:, None, None]
    rows = torch.arange(height, device=x.device, dtype=exact)[:, None]
    columns = torch.arange(width, device=x.device, dtype=exact)
    still = torch.zeros_like(aside)
    rows = rows + (aside if axis == "x" else still + along)
    columns = columns + (still + along if axis == "x" else aside)
    return rows.flatten(2), columns.flatten(2)


def folded(x: torch.Tensor, sampled: torch.Tensor) -> torch.Tensor:
    """Return [B, C, K, H, W] for [B, C, K, H · W]."""
    return sampled.reshape(*sampled.shape[:3], *x.shape[-2:])
