"""Bilinear gather by the fastest means that there is."""

from __future__ import annotations

from functools import partial
from math import prod
from typing import Any

from torch import Tensor

from ops import devices
from ops.bilinear_gather import reference
from ops.bilinear_gather.arguments import LARGEST, PIXELS, TYPES
from ops.bilinear_gather.core import Gather, Means, channels_last
from ops.bilinear_gather.cpu import PROCESSOR
from ops.bilinear_gather.cuda import CARD
from ops.registry import register
from ops.tracing import below, tracing


def bilinear_gather(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Return what `reference.bilinear_gather` defines, where arguments and errors are described."""
    if not tracing():
        reference.check(x, rows, columns)
    if tracing() or not is_taken(x, rows):
        return reference.bilinear_gather(x, rows, columns)
    found: Tensor = _gather(x, rows.float(), columns.float())
    return found


def is_taken(x: Tensor, places: Tensor) -> bool:
    """Tell whether something compiled reads maps [B, C, H, W] at places of any shape."""
    return (
        x.dtype in TYPES
        and x.numel() > 0
        and places.numel() > 0
        and below(LARGEST, x.shape)
        and below(PIXELS, (x.shape[2] * x.shape[3], prod(places.shape[1:])))
        and devices.is_served("bilinear_gather", x.device)
    )


def _taps(means: Means, x: Tensor, rows: Tensor, columns: Tensor) -> Gather:
    """Return one tap at each place."""
    size = (x.shape[2], x.shape[3])
    return Gather(means, channels_last(x), [size], _flat(rows), _flat(columns))


def _flat(places: Tensor) -> Tensor:
    """Return [N, P, Q] as [N, 1, 1, P Q]."""
    return places.contiguous().flatten(1)[:, None, None]


def _forward(means: Means, x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    output = _fake_forward(x, rows, columns)
    _taps(means, x, rows, columns).gather(output.flatten(2)[:, :, None])
    return output


def _backward(
    means: Means, dy: Tensor, x: Tensor, rows: Tensor, columns: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    dx, drows, dcolumns = _fake_backward(dy, x, rows, columns)
    taps, gradient = _taps(means, x, rows, columns), channels_last(dy)
    taps.slopes(gradient, _flat(drows), _flat(dcolumns))
    means.channels_first(taps.spread(gradient), dx)
    return dx, drows, dcolumns


def _fake_forward(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    return x.new_empty(*x.shape[:2], *rows.shape[1:])


def _fake_backward(
    dy: Tensor, x: Tensor, rows: Tensor, columns: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    return x.new_empty(x.shape), rows.new_empty(rows.shape), rows.new_empty(rows.shape)


def _save(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:  # noqa: ANN401
    ctx.save_for_backward(*inputs)


def _differentiate(ctx: Any, dy: Tensor) -> tuple[Tensor, ...]:  # noqa: ANN401
    found: tuple[Tensor, ...] = _gather_backward(dy, *ctx.saved_tensors)
    return found


_gather_backward = register(
    "bilinear_gather_backward(Tensor dy, Tensor x, Tensor rows, Tensor columns)"
    " -> (Tensor, Tensor, Tensor)",
    fake=_fake_backward,
    CPU=partial(_backward, PROCESSOR),
    CUDA=partial(_backward, CARD),
)
_gather = register(
    "bilinear_gather(Tensor x, Tensor rows, Tensor columns) -> Tensor",
    fake=_fake_forward,
    backward=_differentiate,
    save=_save,
    CPU=partial(_forward, PROCESSOR),
    CUDA=partial(_forward, CARD),
)
