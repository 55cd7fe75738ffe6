"""A depthwise convolution in the layout and type in which a processor is quick with it.

torch's own convolution is the definition and does all of the work; README.md has what it takes.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ops.tracing import tracing

Pair = int | Sequence[int]

_WIDE = {"AVX512": 15, "AVX2": 11}
"""Width from which torch is slow with the channels first, by instruction set."""
SMALLEST = min(_WIDE.values())
"""Width from which there is a difference on any processor."""
_WIDE_HERE = _WIDE.get(torch.backends.cpu.get_cpu_capability(), max(_WIDE.values()))


def depthwise_conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
) -> Tensor:
    """Return `conv2d(x, weight, bias, 1, padding, dilation, groups=C)`, by the quickest way.

    On a processor that is with the channels last where the kernel is wide, and with numbers of 16
    bits as 32: torch takes minutes for some of these kernels in half precision. Elsewhere, and
    where a network is written down, it is the plain convolution. Gradients go the same way.

    Args:
        x: [B, C, H, W].
        weight: [C, 1, kernel height, kernel width].
        bias: [C].
        padding: Zeros around, of both directions, or down and right.
        dilation: Distance of the taps, likewise.

    Returns:
        [B, C, H', W'] in the layout and of the type of an ordinary convolution.

    Raises:
        RuntimeError: The shapes do not belong together.
    """
    convolve = torch.nn.functional.conv2d
    if not _is_slow(x, weight):
        return convolve(x, weight, bias, 1, padding, dilation, weight.shape[0])
    kind, last = x.dtype, torch.channels_last
    layout = last if x.is_contiguous(memory_format=last) else torch.contiguous_format
    if kind != torch.float32:
        x, weight = x.float(), weight.float()
        bias = None if bias is None else bias.float()
    x = x.contiguous(memory_format=last)
    y = convolve(x, weight, bias, 1, padding, dilation, weight.shape[0])
    y = y.contiguous(memory_format=layout)
    return y if kind == torch.float32 else y.to(kind)


def _is_slow(x: Tensor, weight: Tensor) -> bool:
    """Tell whether the plain convolution is not the quickest."""
    return (
        not tracing()
        and x.device.type == "cpu"
        and x.ndim == 4
        and weight.shape[-1] >= _WIDE_HERE
        and x.dtype == weight.dtype
        and x.dtype in (torch.float32, torch.float16, torch.bfloat16)
        and not torch.compiler.is_exporting()
    )
