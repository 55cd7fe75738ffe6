"""Deformable convolution by the fastest means that there is.

What the taps give for some places of the output, the columns, is multiplied by the weights before
the next places are read: by torch, or on a processor tap by tap by `cpu.convolve`. It is never
whole and never kept; the backward pass makes it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ops.bilinear_gather.arguments import LARGEST
from ops.bilinear_gather.core import Gather, Grid, Means, Pair, channels_last
from ops.bilinear_gather.cpu import PROCESSOR
from ops.bilinear_gather.cuda import CARD
from ops.bilinear_gather.operator import is_taken
from ops.deform_conv2d import reference
from ops.deform_conv2d.cpu import convolve
from ops.registry import register
from ops.tracing import tracing

STEP = 16
"""Places are taken in multiples of this many."""


def deform_conv2d(
    x: Tensor,
    offset: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    mask: Tensor | None = None,
    stride: reference.Pair = 1,
    padding: reference.Pair = 0,
    dilation: reference.Pair = 1,
    groups: int = 1,
) -> Tensor:
    """Return what `reference.deform_conv2d` defines, where arguments and errors are described.

    As other convolutions it is computed in the type of autocast where that is on; offsets and mask
    keep at least 32 bits.
    """
    stride, padding, dilation = (reference.pair(each) for each in (stride, padding, dilation))
    if not tracing():
        reference.check(x, offset, weight, bias, mask, stride, padding, dilation, groups)
    x, weight = _autocast(x), _autocast(weight)
    taken = x.dtype == weight.dtype and max(padding) < LARGEST and is_taken(x, offset)
    if tracing() or not taken:
        return reference.deform_conv2d(
            x, offset, weight, bias, mask, stride, padding, dilation, groups
        )
    found: Tensor = _convolve(
        *(x, offset.float(), weight),
        None if bias is None else bias.to(x.dtype),
        None if mask is None else mask.float(),
        *(stride, padding, dilation, groups),
    )
    return found


def _autocast(tensor: Tensor) -> Tensor:
    kind = tensor.device.type
    if tensor.dtype == torch.float64 or not torch.is_autocast_enabled(kind):
        return tensor
    return tensor.to(torch.get_autocast_dtype(kind))


def _taps(
    means: Means,
    x: Tensor,
    offset: Tensor,
    weight: Tensor,
    mask: Tensor | None,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
) -> Gather:
    rows, columns = _by_tap(offset, weight, 2).unbind(3)
    return Gather(
        means,
        channels_last(x, rows.shape[1]),
        [(x.shape[2], x.shape[3])],
        rows,
        columns,
        None if mask is None else _by_tap(mask, weight, 1).squeeze(3),
        grid=Grid(offset.shape[3], weight.shape[3], stride, padding, dilation),
    )


def _by_tap(each: Tensor, weight: Tensor, numbers: int) -> Tensor:
    """Return [B, G, K, numbers, P] for [B, G · K · numbers, H', W']."""
    taps = weight.shape[2] * weight.shape[3]
    return each.reshape(each.shape[0], -1, taps, numbers, each.shape[2] * each.shape[3])


def _columns(taps: Gather, groups: int) -> Iterator[tuple[slice, slice, Tensor]]:
    """Yield pictures, places and what the taps give there; the next one is written over it.

    Args:
        taps: Left at the pictures and places of what was yielded.
        groups: Of channels.

    Yields:
        The last is [pictures, groups, C / groups · K, places].
    """
    a = taps.arguments
    fit = taps.means.held // (a.heads * a.channels * a.taps * taps.maps.element_size())
    parts = -(-taps.places // max(fit, STEP))
    places = -(-taps.places // parts // STEP) * STEP
    pictures = min(max(1, fit // places), taps.batch) if parts == 1 else 1
    # Rows that are a power of two apart would share the same few lines of a cache.
    room = taps.maps.new_empty(pictures, a.heads * a.channels, a.taps, places + STEP)
    for picture in range(0, taps.batch, pictures):
        for place in range(0, taps.places, places):
            some = slice(picture, min(picture + pictures, taps.batch))
            part = slice(place, min(place + places, taps.places))
            taps.take(some, part)
            values = room[: some.stop - some.start, ..., : part.stop - part.start]
            taps.gather(values)
            yield some, part, values.view(len(values), groups, -1, values.shape[3])


def _forward(
    means: Means,
    x: Tensor,
    offset: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    mask: Tensor | None,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> Tensor:
    output = _fake_forward(x, offset, weight, bias, mask, stride, padding, dilation, groups)
    taps = _taps(means, x, offset, weight, mask, stride, padding, dilation)
    factors = weight.contiguous().view(groups, len(weight) // groups, -1)
    by_group = _by_group(output, groups)
    for pictures, places, columns in _columns(taps, groups):
        part = by_group[pictures, ..., places]
        if bias is not None:
            part.copy_(bias.view(groups, -1, 1))
        means.multiply(
            *(_repeated(factors, len(part)), columns.flatten(0, 1), part.view(-1, *part.shape[2:])),
            added=bias is not None,
        )
    return output


def _on_processor(*given: Any) -> Tensor:  # noqa: ANN401
    """Return what `_forward` does, in one step unless groups part the channels."""
    x, offset, weight, bias, mask, *grid, groups = given
    if groups > 1:
        return _forward(PROCESSOR, *given)
    output = _fake_forward(*given)
    convolve(_taps(PROCESSOR, x, offset, weight, mask, *grid), weight, bias, output)
    return output


def _backward(
    means: Means,
    dy: Tensor,
    x: Tensor,
    offset: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    mask: Tensor | None,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> tuple[Tensor, ...]:
    found = _fake_backward(dy, x, offset, weight, bias, mask, stride, padding, dilation, groups)
    dx, doffset, dweight, dbias, dmask = found
    offset, mask = offset.contiguous(), None if mask is None else mask.contiguous()
    taps = _taps(means, x, offset, weight, mask, stride, padding, dilation)
    drows, dcolumns = _by_tap(doffset, weight, 2).unbind(3)
    mask_slopes = None if mask is None else _by_tap(dmask, weight, 1).squeeze(3)
    factors = _by_tap_first(weight, groups)
    by_group = _by_group(dy.contiguous(), groups).transpose(2, 3).contiguous()
    total = torch.zeros(groups, weight[0].numel(), len(weight) // groups, device=x.device)
    # Of few places at a time: sums of many numbers one by one would lose digits.
    share, bias_total = torch.empty_like(total), torch.zeros_like(total[:, :1])
    bias_share = torch.empty_like(bias_total)
    dmaps = torch.zeros_like(taps.maps, dtype=torch.float32)
    for pictures, places, columns in _columns(taps, groups):
        part = by_group[pictures, :, places]
        ones = part.new_ones(groups, 1, part.shape[2])
        for each, picture in zip(part, columns, strict=True):
            means.multiply(picture, each, share)
            total += share
            if bias is not None:
                means.multiply(ones, each, bias_share)
                bias_total += bias_share
        product = part.new_empty(len(part) * groups, part.shape[2], factors.shape[2])
        means.multiply(part.flatten(0, 1), _repeated(factors, len(part)), product)
        gradient = _all_channels(product, groups, weight)
        taps.slopes(gradient, drows, dcolumns, mask_slopes)
        taps.spread(gradient, dmaps)
    means.channels_first(dmaps, dx)
    dweight.copy_(total.transpose(1, 2).reshape(weight.shape))
    if bias is not None:
        dbias.copy_(bias_total.flatten())
    return found


def _by_tap_first(weight: Tensor, groups: int) -> Tensor:
    """Return [groups, O / groups, K · C / groups]."""
    turned = weight.flatten(2).transpose(1, 2).contiguous()
    return turned.view(groups, len(weight) // groups, -1)


def _by_group(output: Tensor, groups: int) -> Tensor:
    """Return [B, groups, O / groups, P] for [B, O, H', W']."""
    return output.view(output.shape[0], groups, -1, output.shape[2] * output.shape[3])


def _repeated(factors: Tensor, count: int) -> Tensor:
    """Return the weights of the groups for as many pictures."""
    return factors if count == 1 else factors.expand(count, -1, -1, -1).flatten(0, 1)


def _all_channels(product: Tensor, groups: int, weight: Tensor) -> Tensor:
    """Return [B, P, K · C] for [B · groups, P, K · C / groups], dense."""
    split = product.view(-1, groups, product.shape[1], weight[0, 0].numel(), weight.shape[1])
    return split.permute(0, 2, 3, 1, 4).contiguous()


def _fake_forward(
    x: Tensor,
    offset: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    mask: Tensor | None,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> Tensor:
    return x.new_empty(x.shape[0], weight.shape[0], *offset.shape[2:])


def _fake_backward(
    dy: Tensor,
    x: Tensor,
    offset: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    mask: Tensor | None,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> tuple[Tensor, ...]:
    given = (x, offset, weight, bias, mask)
    return tuple(x.new_empty(0) if each is None else each.new_empty(each.shape) for each in given)


def _save(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ANN401
    *tensors, ctx.stride, ctx.padding, ctx.dilation, ctx.groups = inputs
    ctx.given = [each is not None for each in tensors]
    ctx.save_for_backward(*tensors)


def _differentiate(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
    found = _convolve_backward(
        dy, *ctx.saved_tensors, ctx.stride, ctx.padding, ctx.dilation, ctx.groups
    )
    slopes = [each if given else None for each, given in zip(found, ctx.given, strict=True)]
    return (*slopes, None, None, None, None)


_INPUTS = (
    "Tensor x, Tensor offset, Tensor weight, Tensor? bias, Tensor? mask,"
    " int[] stride, int[] padding, int[] dilation, int groups"
)

_convolve_backward = register(
    f"deform_conv2d_backward(Tensor dy, {_INPUTS}) -> (Tensor, Tensor, Tensor, Tensor, Tensor)",
    fake=_fake_backward,
    CPU=partial(_backward, PROCESSOR),
    CUDA=partial(_backward, CARD),
)
_convolve = register(
    f"deform_conv2d({_INPUTS}) -> Tensor",
    fake=_fake_forward,
    backward=_differentiate,
    save=_save,
    CPU=_on_processor,
    CUDA=partial(_forward, CARD),
)
