"""The definition of bilinear gather, the core of all operators that sample."""

from __future__ import annotations

import torch

from ops.tracing import tracing


def bilinear_gather(x: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """Return the values of maps at places between their pixels.

    Each value is the mean of the four pixels around a place, weighted by how near they are. Pixels
    outside of the map are 0. Places and weights are computed in at least 32 bits.

    Args:
        x: [N, C, H, W].
        rows: [N, P, Q] in pixels; 0 is the middle of the first row. Any value.
        columns: [N, P, Q], likewise.

    Returns:
        [N, C, P, Q] of the type of `x`.

    Raises:
        ValueError: The shapes do not belong together, or the tensors lie on several devices.
        TypeError: They are not real numbers.
    """
    if not tracing():
        check(x, rows, columns)
    height, width = x.shape[-2:]
    exact = torch.promote_types(x.dtype, torch.float32)
    across = (2 * columns.to(exact) + 1) / width - 1
    down = (2 * rows.to(exact) + 1) / height - 1
    sampled = torch.nn.functional.grid_sample(
        x.to(exact),
        torch.stack((across, down), -1),
        mode="bilinear",
        padding_mode="zeros",
        align_corners=False,
    )
    return sampled.to(x.dtype)


def check(x: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> None:
    """Raise ValueError or TypeError where inputs do not belong together."""
    named = {"x": x, "rows": rows, "columns": columns}
    ranks = (x.ndim, rows.ndim, columns.ndim) == (4, 3, 3)
    if not ranks or rows.shape != columns.shape or rows.shape[0] != x.shape[0]:
        raise ValueError(f"{named_shapes(named)} do not belong together")
    if 0 in x.shape[2:]:
        raise ValueError(f"maps of {list(x.shape)} have no pixels")
    check_kinds(named)


def check_kinds(named: dict[str, torch.Tensor]) -> None:
    """Raise where tensors lie on several devices, or are not of real numbers."""
    if len({each.device for each in named.values()}) > 1:
        where = ", ".join(f"{name} on {each.device}" for name, each in named.items())
        raise ValueError(f"the tensors lie on several devices: {where}")
    if not all(each.is_floating_point() for each in named.values()):
        kinds = ", ".join(f"{name} {each.dtype}" for name, each in named.items())
        raise TypeError(f"only real numbers can be read and placed, not {kinds}")


def named_shapes(named: dict[str, torch.Tensor]) -> str:
    """Return tensors' names and shapes for a sentence."""
    *most, last = (f"{name} {list(each.shape)}" for name, each in named.items())
    return f"{', '.join(most)} and {last}"
