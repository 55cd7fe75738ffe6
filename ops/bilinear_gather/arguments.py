"""What the compiled steps are told: `GatherArguments` in math.inl, field by field."""

from __future__ import annotations

import ctypes

import torch

LEVELS, TAPS, PLACES = 8, 128, 16
"""Maps of different sizes and taps that are added up, at most; places of a unit of work."""
LARGEST, PIXELS = 2**22, 2**30
"""No side of a map is as large, and no map has as many pixels."""
TYPES = (torch.float32, torch.float16, torch.bfloat16)
"""By the number that stands for each."""

_POINTERS = (
    *("maps", "outside", "rows", "columns", "weights", "output", "gradient"),
    *("drows", "dcolumns", "dweights", "dmaps", "keys", "shares", "order", "starts"),
)
_SIZES = (
    *("first_picture", "pictures", "first_place", "places"),
    *("pixels", "heads", "channels", "taps", "levels", "points"),
)


class GatherStrides(ctypes.Structure):
    """Numbers from one of these to the next in a tensor."""

    _fields_ = tuple((name, ctypes.c_int64) for name in ("picture", "head", "tap", "place"))


class GatherArguments(ctypes.Structure):
    """See math.inl, where each field has its shape."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in _POINTERS),
        *((name, GatherStrides) for name in ("at", "weighs")),
        *((f"output_{name}", ctypes.c_int64) for name in ("picture", "channel", "tap")),
        *((name, ctypes.c_int32) for name in _SIZES),
        *((name, ctypes.c_int32 * LEVELS) for name in ("heights", "widths", "begins")),
        *((name, ctypes.c_int32) for name in ("relative", "summed", "across", "kernel")),
        *((name, ctypes.c_int32 * 2) for name in ("stride", "padding", "dilation")),
        *((name, ctypes.c_int32) for name in ("type", "parts", "lanes", "wide")),
    )
