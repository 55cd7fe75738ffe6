"""Deformable convolution on a processor, in one step."""

from __future__ import annotations

import ctypes

from torch import Tensor

from ops import libraries, pool
from ops.bilinear_gather.arguments import GatherArguments
from ops.bilinear_gather.core import Gather


class ConvolveArguments(GatherArguments):
    """`ConvolveArguments` in cpu.cpp, field by field."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("factors", "bias")),
        ("outputs", ctypes.c_int32),
    )


libraries.ready("deform_conv2d", ConvolveArguments)


def convolve(taps: Gather, weight: Tensor, bias: Tensor | None, output: Tensor) -> None:
    """Multiply what taps give by weights, add a bias and write it, with torch's number of threads.

    Args:
        taps: Of all pictures and places, P.
        weight: [O, C, height, width of the kernel].
        bias: [O], as weight.
        output: [B, O, H', W'], where H' W' = P; as weight, dense.
    """
    factors = weight.float().flatten(2).permute(2, 1, 0).contiguous()
    a, given = ConvolveArguments(), taps.arguments
    ctypes.memmove(ctypes.byref(a), ctypes.byref(given), ctypes.sizeof(given))
    a.outside, a.output = taps.outside().data_ptr(), output.data_ptr()
    a.factors, a.outputs = factors.data_ptr(), len(weight)
    bias = None if bias is None else bias.contiguous()
    a.bias = None if bias is None else bias.data_ptr()
    library = libraries.needed()
    units = library.function("deform_conv2d_units", returns=libraries.INT64)(ctypes.byref(a))
    pool.spread(library.function("deform_conv2d_convolve"), a, units)
