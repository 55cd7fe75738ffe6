"""What the compiled scan is told: the fields of `ScanArguments` in math.inl, in their order."""

from __future__ import annotations

import ctypes
from typing import Any

import torch

POINTERS = (
    *("u", "delta", "A", "B", "C", "D", "z", "bias", "y", "last", "starts", "dy", "dlast"),
    *("du", "ddelta", "dz", "dA", "dD", "dbias", "dB", "dC", "work"),
)
NUMBERS = (
    *("batch", "channels", "length", "states", "groups"),
    *("type", "softplus", "float_output", "parts", "segments"),
)
TYPES = (torch.float32, torch.float16, torch.bfloat16)
"""By the number that stands for each."""
STATES = 64
SPAN_CPU, SPAN_GPU = 64, 256


class ScanArguments(ctypes.Structure):
    """See math.inl, where each field has its shape."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in POINTERS),
        *((name, ctypes.c_int32) for name in NUMBERS),
    )


def filled(**values: torch.Tensor | int | None) -> ScanArguments:
    """Return arguments from dense tensors and numbers by name; all others are null."""
    plain: dict[str, Any] = {
        name: value.data_ptr() if isinstance(value, torch.Tensor) else value
        for name, value in values.items()
    }
    return ScanArguments(**plain)
