"""The steps of a gather on a graphics card: how the work of kernel.cu is divided."""

from __future__ import annotations

import torch
from torch import Tensor

from ops import kernels
from ops.bilinear_gather.arguments import GatherArguments
from ops.bilinear_gather.core import Gather, Means, Step

THREADS, TILE, LANES = 256, 32, 32
"""Of a block, places that one has at a time, and of a warp."""
SUFFIXES, SIZES = ("f32", "f16", "bf16"), (4, 2, 2)
"""Of kernels and numbers, by type."""
SORTED = 2**24
"""Pixels that are sorted at a time, for each of which some thirty bytes are allocated."""
MOST = 2**31 - 1
"""Taps of a launch, and pixels of its maps."""


def run(step: Step, gather: Gather) -> None:
    """Do a step on torch's current stream.

    Raises:
        ValueError: It has more taps or pixels than are counted.
    """
    a = gather.arguments
    places, lanes = a.pictures * a.places * a.heads, _lanes(a)
    if max(places * a.taps, a.pictures * a.heads * a.pixels + a.pixels) > MOST:
        raise ValueError(
            f"{places * a.taps} taps and {a.heads} x {a.pixels} pixels of each of {a.pictures}"
            " pictures are too many at a time"
        )
    if step == "spread":
        _spread(gather)
    elif step == "slopes":
        _launch(step, gather, a, places * a.taps * lanes)
    elif step == "attend":
        _launch(step, gather, a, places * lanes)
    else:
        tiles = a.pictures * -(-a.places // TILE) * a.heads * a.taps
        _launch(step, gather, a, tiles * THREADS)


def channels_first(maps: Tensor, result: Tensor) -> None:
    """Write maps [B, H · W, M, C / M] of float32 as [B, C, H, W], both dense."""
    result.flatten(2).copy_(maps.flatten(2).transpose(1, 2))


def _spread(gather: Gather) -> None:
    """Add the gradient of the maps, of as many pictures or places at a time as can be sorted."""
    whole = gather.arguments
    each = whole.heads * whole.taps * 4
    pictures = max(1, SORTED // (each * whole.places))
    places = min(whole.places, max(1, SORTED // each))
    row = SIZES[whole.type] * whole.heads * whole.channels * (1 if whole.summed else whole.taps)
    for picture in range(0, whole.pictures, pictures):
        for place in range(0, whole.places, places):
            a = GatherArguments.from_buffer_copy(whole)
            a.first_picture += picture
            a.first_place += place
            a.pictures = min(pictures, whole.pictures - picture)
            a.places = min(places, whole.places - place)
            a.gradient += (picture * whole.places + place) * row
            _spread_some(gather, a)


def _spread_some(gather: Gather, a: GatherArguments) -> None:
    taps, pixels = a.pictures * a.places * a.heads * a.taps, a.pictures * a.heads * a.pixels
    keys = torch.empty(4 * taps, dtype=torch.int32, device=gather.maps.device)
    shares = torch.empty_like(keys, dtype=torch.float32)
    a.keys, a.shares = keys.data_ptr(), shares.data_ptr()
    _launch("find", gather, a, taps, "f32")
    # Equal keys stay in the order of the taps, so that sums have one order.
    keys, order = torch.sort(keys, stable=True)
    every = torch.arange(pixels + 1, dtype=torch.int32, device=keys.device)
    starts = torch.searchsorted(keys, every)
    a.order, a.starts = order.data_ptr(), starts.data_ptr()
    _launch("collect", gather, a, pixels * _lanes(a))


def _lanes(a: GatherArguments) -> int:
    """Decide how many numbers are read at once, and return how many lanes read a pixel."""
    a.wide = _is_wide(a)
    packs = a.channels * SIZES[a.type] // 16 if a.wide else a.channels
    lanes: int = min(LANES, 1 << (packs - 1).bit_length())
    a.lanes = lanes
    return lanes


def _is_wide(a: GatherArguments) -> bool:
    """Tell whether all pixels begin where 16 bytes can be read at once."""
    begins = (a.maps, a.output or 0, a.gradient or 0, a.channels * SIZES[a.type])
    return all(each % 16 == 0 for each in begins)


def _launch(step: str, gather: Gather, a: GatherArguments, threads: int, suffix: str = "") -> None:
    kernel = f"labsight_bilinear_gather_{step}_{suffix or SUFFIXES[a.type]}"
    blocks = -(-threads // THREADS)
    kernels.launch("bilinear_gather", kernel, gather.maps.device, (blocks, 1, 1), THREADS, a)


def multiply(left: Tensor, right: Tensor, product: Tensor, *, added: bool = False) -> None:
    """Write the product of matrices, or add it to what is there."""
    if product.dtype == left.dtype:
        product.baddbmm_(left, right, beta=int(added))
    elif added:
        product += torch.bmm(left, right)
    else:
        product.copy_(torch.bmm(left, right))


CARD = Means(run, channels_first, multiply, held=2**25)
