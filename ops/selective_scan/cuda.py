"""The selective scan on a graphics card: how the work of kernel.cu is divided."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ops import kernels
from ops.selective_scan.arguments import SPAN_GPU, ScanArguments
from ops.selective_scan.tensors import Scan

THREADS, CHANNELS = 256, 8
"""Of a block."""
SUFFIXES = ("f32", "f16", "bf16")
"""Of kernels, by the type of what they read and write."""
PARTS = 8
"""Sums of dB and dC that are kept apart, at most: each takes the memory of B and C in 32 bits."""
BLOCKS = 2
"""That are wanted for each multiprocessor where the length is cut."""


def forward(*given: Any) -> tuple[Tensor, Tensor, Tensor]:  # noqa: ANN401
    """Compute `selective_scan` of the registry."""
    scan = _packed(Scan.dense(*given))
    y, last, starts = scan.outputs(SPAN_GPU)
    blocks = _units(scan) * _octets(scan)
    segments = segments_of(scan.u, blocks)
    work = _work(scan, segments)
    arguments = scan.arguments(y=y, last=last, starts=starts, work=work, segments=segments)
    if segments > 1:
        _launch("forward_ends", scan, (blocks, segments - 1, 1), arguments)
    _launch("forward", scan, (blocks, segments, 1), arguments)
    return y, last, starts


def backward(dy: Tensor, dlast: Tensor, *given: Any) -> tuple[Tensor, ...]:  # noqa: ANN401
    """Compute `selective_scan_backward` of the registry."""
    *inputs, starts, softplus, float_output = given
    scan = _packed(Scan.dense(*inputs, softplus, float_output))
    dy, dlast, starts = _aligned(dy.contiguous()), dlast.contiguous(), starts.contiguous()
    units, octets = _units(scan), _octets(scan)
    parts = min(octets, PARTS)
    segments = segments_of(scan.u, units * parts)
    work = _work(scan, segments)
    found = scan.gradients(parts, segments)
    arguments = scan.arguments(
        **{"dy": dy, "dlast": dlast, "starts": starts, "work": work},
        **{"parts": parts, "segments": segments, **found},
    )
    if segments > 1:
        _launch("backward_ends", scan, (units * octets, segments - 1, 1), arguments)
    _launch("backward", scan, (units * parts, segments, 1), arguments)
    return scan.summed(found)


@functools.cache
def multiprocessors(device: torch.device) -> int:
    """Return how many a card has."""
    return int(torch.cuda.get_device_properties(device).multi_processor_count)


def segments_of(u: Tensor, blocks: int) -> int:
    """Return into how many segments the length is cut where there are so many blocks otherwise.

    To find what segments pass on costs most of a scan again, so that this wins only where half of
    the card would be idle. It depends on shapes and the card alone, and so does the order of sums.
    """
    there, chunks = multiprocessors(u.device), -(-u.shape[2] // SPAN_GPU)
    if 2 * blocks > there:
        return 1
    chunks_each = -(-chunks * blocks // (BLOCKS * there))
    return -(-chunks // chunks_each)


def _packed(scan: Scan) -> Scan:
    """Return a scan of which the kernels can read 16 bytes at a time."""
    z = None if scan.z is None else _aligned(scan.z)
    return replace(scan, u=_aligned(scan.u), delta=_aligned(scan.delta), z=z)


def _aligned(each: Tensor) -> Tensor:
    """Return a dense tensor in memory that begins at a multiple of 16 bytes, as torch allocates."""
    return each.clone() if each.data_ptr() % 16 else each


def _units(scan: Scan) -> int:
    return scan.B.shape[0] * scan.B.shape[1]


def _octets(scan: Scan) -> int:
    """Return the blocks that the channels of a group fill."""
    return -(-scan.u.shape[1] // scan.B.shape[1] // CHANNELS)


def _work(scan: Scan, segments: int) -> Tensor | None:
    """Return memory for what segments pass on."""
    if segments == 1:
        return None
    batch, channels = scan.u.shape[:2]
    return scan.A.new_empty(segments, batch, channels, scan.A.shape[1] + 1)


def _launch(stage: str, scan: Scan, grid: tuple[int, int, int], arguments: ScanArguments) -> None:
    kernel = f"labsight_selective_scan_{stage}_{SUFFIXES[arguments.type]}"
    kernels.launch("selective_scan", kernel, scan.u.device, grid, THREADS, arguments)
