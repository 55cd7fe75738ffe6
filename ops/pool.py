"""Threads for functions that compute without Python.

The operators' libraries have no threads of their own: a second OpenMP beside torch's stops the
program on Windows. ctypes lets go of the interpreter, so threads of Python do as well.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch

_pools: dict[int, ThreadPoolExecutor] = {}


def spread(function: Any, arguments: ctypes.Structure, units: int) -> None:  # noqa: ANN401
    """Call function(arguments, first, last) for ranges that make up all units of work.

    There are as many ranges as torch has threads; one is the caller's own.
    """
    parts = max(1, min(torch.get_num_threads(), units))
    pointer = ctypes.byref(arguments)
    if parts == 1:
        function(pointer, ctypes.c_int64(0), ctypes.c_int64(units))
        return
    ends = [ctypes.c_int64(units * part // parts) for part in range(parts + 1)]
    others = [
        _pool(parts).submit(function, pointer, first, last)
        for first, last in zip(ends[1:-1], ends[2:], strict=True)
    ]
    function(pointer, ends[0], ends[1])
    for other in others:
        other.result()


def _pool(size: int) -> ThreadPoolExecutor:
    if size not in _pools:
        _pools[size] = ThreadPoolExecutor(size - 1, thread_name_prefix="labsight-ops")
    return _pools[size]


def _forget() -> None:
    """Threads do not live on in a forked process."""
    _pools.clear()


_at_fork: Callable[..., None] | None = getattr(os, "register_at_fork", None)
if _at_fork is not None:
    _at_fork(after_in_child=_forget)
