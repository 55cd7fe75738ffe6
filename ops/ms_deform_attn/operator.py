"""Multi-scale deformable attention by the fastest means that there is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from torch import Tensor

from ops import devices
from ops.bilinear_gather.arguments import LARGEST, LEVELS, PIXELS, TAPS, TYPES
from ops.bilinear_gather.core import Gather, Means
from ops.bilinear_gather.cpu import PROCESSOR
from ops.bilinear_gather.cuda import CARD
from ops.ms_deform_attn import reference
from ops.registry import register
from ops.tracing import below, tracing


def ms_deform_attn(
    value: Tensor,
    shapes: Sequence[tuple[int, int]],
    locations: Tensor,
    weights: Tensor,
) -> Tensor:
    """Return what `reference.ms_deform_attn` defines, where arguments and errors are described."""
    if not tracing():
        reference.check(value, shapes, locations, weights)
    if tracing() or not _is_taken(value, shapes, locations):
        return reference.ms_deform_attn(value, shapes, locations, weights)
    sides = [int(side) for size in shapes for side in size]
    found: Tensor = _attend(value, sides, locations.float(), weights.float())
    return found


def _is_taken(value: Tensor, shapes: Sequence[tuple[int, int]], locations: Tensor) -> bool:
    """Tell whether something compiled computes these."""
    return (
        value.dtype in TYPES
        and value.numel() > 0
        and locations.numel() > 0
        and len(shapes) <= LEVELS
        and len(shapes) * locations.shape[4] <= TAPS
        and below(LARGEST, (*value.shape, *locations.shape, *(max(size) for size in shapes)))
        and below(PIXELS, value.shape[1:2])
        and devices.is_served("bilinear_gather", value.device)
    )


def _taps(
    means: Means, value: Tensor, shapes: Sequence[int], locations: Tensor, weights: Tensor
) -> Gather:
    columns, rows = _by_tap(locations).unbind(-1)
    return Gather(
        *(means, value.contiguous(), list(zip(shapes[::2], shapes[1::2], strict=True))),
        *(rows, columns, _by_tap(weights)),
        relative=True,
        summed=True,
    )


def _by_tap(each: Tensor) -> Tensor:
    """Return [B, M, L · P, Q, ...] for [B, Q, M, L, P, ...]."""
    return each.flatten(3, 4).permute(0, 2, 3, 1, *range(4, each.ndim - 1))


def _forward(
    means: Means, value: Tensor, shapes: Sequence[int], locations: Tensor, weights: Tensor
) -> Tensor:
    output = _fake_forward(value, shapes, locations, weights)
    _taps(means, value, shapes, locations, weights).attend(output)
    return output


def _backward(
    means: Means,
    dy: Tensor,
    value: Tensor,
    shapes: Sequence[int],
    locations: Tensor,
    weights: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    _, dlocations, dweights = _fake_backward(dy, value, shapes, locations, weights)
    dy, locations, weights = dy.contiguous(), locations.contiguous(), weights.contiguous()
    taps = _taps(means, value, shapes, locations, weights)
    dcolumns, drows = _by_tap(dlocations).unbind(-1)
    taps.slopes(dy, drows, dcolumns, _by_tap(dweights))
    return taps.spread(dy).to(value.dtype), dlocations, dweights


def _fake_forward(
    value: Tensor, shapes: Sequence[int], locations: Tensor, weights: Tensor
) -> Tensor:
    batch, _, heads, depth = value.shape
    return value.new_empty(batch, locations.shape[1], heads * depth)


def _fake_backward(
    dy: Tensor, value: Tensor, shapes: Sequence[int], locations: Tensor, weights: Tensor
) -> tuple[Tensor, ...]:
    return tuple(each.new_empty(each.shape) for each in (value, locations, weights))


def _save(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ANN401
    value, ctx.shapes, locations, weights = inputs
    ctx.save_for_backward(value, locations, weights)


def _differentiate(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
    value, locations, weights = ctx.saved_tensors
    found = _attend_backward(dy, value, ctx.shapes, locations, weights)
    return found[0], None, found[1], found[2]


_INPUTS = "Tensor value, int[] shapes, Tensor locations, Tensor weights"

_attend_backward = register(
    f"ms_deform_attn_backward(Tensor dy, {_INPUTS}) -> (Tensor, Tensor, Tensor)",
    fake=_fake_backward,
    CPU=partial(_backward, PROCESSOR),
    CUDA=partial(_backward, CARD),
)
_attend = register(
    f"ms_deform_attn({_INPUTS}) -> Tensor",
    fake=_fake_forward,
    backward=_differentiate,
    save=_save,
    CPU=partial(_forward, PROCESSOR),
    CUDA=partial(_forward, CARD),
)
