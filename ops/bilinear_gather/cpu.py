"""The steps of a gather on a processor."""

from __future__ import annotations

import torch
from torch import Tensor

from ops import libraries, pool
from ops.bilinear_gather.arguments import PLACES, TYPES, GatherArguments
from ops.bilinear_gather.core import Gather, Means, Step
from ops.matrix_product.cpu import multiply


def run(step: Step, gather: Gather) -> None:
    """Do a step with the library and torch's number of threads."""
    a = gather.arguments
    a.outside = gather.outside().data_ptr()
    if step == "spread":
        maps = a.pictures * a.heads
        # The order of additions does not depend on the parts. None is less than a vector.
        a.parts = max(1, min(a.channels // PLACES, -(-torch.get_num_threads() // maps)))
        units = maps * a.parts
    else:
        units = a.pictures * -(-a.places // PLACES)
    pool.spread(libraries.needed().function(f"bilinear_gather_{step}"), a, units)


def channels_first(maps: Tensor, result: Tensor) -> None:
    """Write maps [B, H · W, M, C / M] of float32 as [B, C, H, W], both dense.

    torch takes several times as long where the maps do not fit the cache.
    """
    a = GatherArguments(dmaps=maps.data_ptr(), output=result.data_ptr())
    a.pixels, a.heads, a.channels, a.type = *maps.shape[1:], TYPES.index(result.dtype)
    function = libraries.needed().function("bilinear_gather_turn")
    pool.spread(function, a, len(maps) * -(-a.pixels // PLACES))


PROCESSOR = Means(run, channels_first, multiply, held=2**20)
