"""The selective scan on a processor."""

from __future__ import annotations

import ctypes
from typing import Any

from torch import Tensor

from ops import libraries, pool
from ops.selective_scan.arguments import SPAN_CPU, ScanArguments
from ops.selective_scan.tensors import Scan

PARTS = 16
"""Of the work of a backward pass, where batch and groups alone are fewer."""


def forward(*given: Any) -> tuple[Tensor, Tensor, Tensor]:  # noqa: ANN401
    """Compute `selective_scan` of the registry."""
    scan = Scan.dense(*given)
    y, last, starts = scan.outputs(SPAN_CPU)
    arguments = scan.arguments(y=y, last=last, starts=starts)
    library = libraries.needed()
    units = arguments.batch * arguments.groups * _blocks(library, arguments)
    pool.spread(library.function("selective_scan_forward"), arguments, units)
    return y, last, starts


def backward(dy: Tensor, dlast: Tensor, *given: Any) -> tuple[Tensor, ...]:  # noqa: ANN401
    """Compute `selective_scan_backward` of the registry."""
    *inputs, starts, softplus, float_output = given
    scan = Scan.dense(*inputs, softplus, float_output)
    dy, dlast, starts = dy.contiguous(), dlast.contiguous(), starts.contiguous()
    arguments = scan.arguments(starts=starts, dy=dy, dlast=dlast)
    library = libraries.needed()
    each = arguments.batch * arguments.groups
    # By shape alone, so that the order of sums is the same whatever the number of threads.
    parts = min(_blocks(library, arguments), -(-PARTS // each))
    found = scan.gradients(parts)
    arguments = scan.arguments(starts=starts, dy=dy, dlast=dlast, parts=parts, **found)
    pool.spread(library.function("selective_scan_backward"), arguments, each * parts)
    return scan.summed(found)


def _blocks(library: libraries.Library, arguments: ScanArguments) -> int:
    count = library.function("selective_scan_blocks", returns=libraries.INT64)
    return int(count(ctypes.byref(arguments)))
