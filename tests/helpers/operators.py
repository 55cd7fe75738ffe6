"""Calls of the operators as networks make them, for tests that hold for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ops.bilinear_gather import bilinear_gather
from ops.deform_conv2d import deform_conv2d
from ops.ms_deform_attn import ms_deform_attn
from ops.selective_scan import selective_scan
from ops.snake_gather import snake_gather

Result = Tensor | tuple[Tensor, ...]
Axes = dict[int, str]
"""Of a tensor: which of its dimensions are the batch and which the length."""


@dataclass(frozen=True, slots=True)
class Case:
    """A call with everything but its tensors bound.

    Attributes:
        operator: Of torch.ops.labsight.
        special: What is special here.
        call: Takes the tensors.
        inputs: Makes them for a batch and a length, or a height.
        free: Of each tensor by its name in a refusal, in the order of the call.
        kind: Of numbers.
    """

    operator: str
    special: str
    call: Callable[..., Result]
    inputs: Callable[[int, int], tuple[Tensor, ...]]
    free: dict[str, Axes]
    kind: torch.dtype = field(default=torch.float32)

    def __str__(self) -> str:
        """Return its name in the list of tests."""
        return f"{self.operator}: {self.special}"

    def network(self) -> torch.nn.Module:
        """Return a network that is this call and nothing else."""
        return _Network(self.call).eval()

    def dynamic_shapes(self) -> tuple[Any, ...]:
        """Return the free dimensions as torch.export takes them."""
        ranges = {
            "batch": torch.export.Dim("batch", min=2, max=64),
            "length": torch.export.Dim("length", min=2, max=10_000),
        }
        each = (axes.items() for axes in self.free.values())
        return (tuple({axis: ranges[what] for axis, what in axes} for axes in each),)

    def tensors(self, batch: int = 2, length: int = 9, *, slopes: bool = False) -> list[Tensor]:
        """Return inputs, the same at every call.

        Args:
            batch: How many at once.
            length: Of a sequence, or the height of a map.
            slopes: Whether gradients are asked for.
        """
        torch.manual_seed(0)
        return [each.to(self.kind).requires_grad_(slopes) for each in self.inputs(batch, length)]


class _Network(torch.nn.Module):
    def __init__(self, call: Callable[..., Result]) -> None:
        super().__init__()
        self.call = call

    def forward(self, *tensors: Tensor) -> Result:
        return self.call(*tensors)


def tuple_of(result: Result) -> tuple[Tensor, ...]:
    """Return results as a tuple, also where there is one."""
    return (result,) if isinstance(result, Tensor) else result


def _sequences(batch: int, length: int) -> tuple[Tensor, ...]:
    """Return u, delta, A, B, C, D, z and delta_bias of four channels in two groups."""
    return (
        torch.randn(batch, 4, length),
        torch.rand(batch, 4, length) * 0.1,
        -torch.rand(4, 3),
        torch.randn(batch, 2, 3, length),
        torch.randn(batch, 2, 3, length),
        torch.randn(4),
        torch.randn(batch, 4, length),
        torch.randn(4),
    )


def _single(batch: int, length: int) -> tuple[Tensor, ...]:
    """Return u, delta, A, B and C with one state and one group."""
    u, delta, A, B, C, *_ = _sequences(batch, length)
    return u, delta, A[:, 0].clone(), B[:, :1, 0].clone(), C[:, :1, 0].clone()


def _full_scan(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor,
    z: Tensor,
    bias: Tensor,
) -> Result:
    return selective_scan(u, delta, A, B, C, D, z, bias, True, True)


def _scan_to_float(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor) -> Result:
    return selective_scan(u, delta, A, B, C, float_output=True)


def _gather(batch: int, height: int) -> tuple[Tensor, ...]:
    """Return x, rows and columns, some of them outside and at the edge."""
    rows, columns = torch.rand(2, batch, 5, 6) * (height + 4) - 2
    return torch.randn(batch, 3, height, 7), rows, columns


def _snake(x: Tensor, steps: Tensor) -> Result:
    return snake_gather(x, steps, "x")


def _chains(batch: int, height: int) -> tuple[Tensor, ...]:
    """Return x and steps of chains of five taps."""
    return torch.randn(batch, 3, height, 7), torch.rand(batch, 4, height, 7) * 2 - 1


def _modulated(x: Tensor, offset: Tensor, weight: Tensor, bias: Tensor, mask: Tensor) -> Result:
    return deform_conv2d(x, offset, weight, bias, mask, 1, (1, 2), (1, 2), 2)


def _modulation(batch: int, height: int) -> tuple[Tensor, ...]:
    """Return x, offset, weight, bias and mask of a kernel of 3 x 3 in two groups of both kinds."""
    return (
        torch.randn(batch, 4, height, 7),
        torch.randn(batch, 2 * 9 * 2, height, 7) * 2,
        torch.randn(6, 2, 3, 3),
        torch.randn(6),
        torch.rand(batch, 2 * 9, height, 7),
    )


def _strided(x: Tensor, offset: Tensor, weight: Tensor) -> Result:
    return deform_conv2d(x, offset, weight, stride=(1, 2))


def _first_version(batch: int, height: int) -> tuple[Tensor, ...]:
    """Return x, offset and weight of a kernel of 1 x 3."""
    offset = torch.randn(batch, 3 * 2, height, 3)
    return torch.randn(batch, 4, height, 7), offset, torch.randn(5, 4, 1, 3)


_LEVELS = ((4, 6), (2, 3))


def _attend(value: Tensor, locations: Tensor, weights: Tensor) -> Result:
    return ms_deform_attn(value, _LEVELS, locations, weights)


def _queries(batch: int, queries: int) -> tuple[Tensor, ...]:
    """Return values, locations and weights of three heads with two points on each level."""
    pixels = sum(height * width for height, width in _LEVELS)
    return (
        torch.randn(batch, pixels, 3, 4),
        torch.rand(batch, queries, 3, 2, 2, 2) * 1.4 - 0.2,
        torch.rand(batch, queries, 3, 2, 2),
    )


_BATCH = {0: "batch"}
_SEQUENCE = _MAP = {0: "batch", 2: "length"}
_WEIGHTS = {0: "batch", 3: "length"}
_QUERY = {0: "batch", 1: "length"}
_STATE = {"u": _SEQUENCE, "delta": _SEQUENCE, "A": {}}
_SINGLE = _STATE | {"B": _SEQUENCE, "C": _SEQUENCE}
_FULL = _STATE | {"B": _WEIGHTS, "C": _WEIGHTS, "D": {}, "z": _SEQUENCE, "delta_bias": {}}
_PLACES = {"x": _MAP, "rows": _BATCH, "columns": _BATCH}
_KERNEL = {"x": _MAP, "offset": _MAP, "weight": {}}
_MODULATED = _KERNEL | {"bias": {}, "mask": _MAP}
_LOOKS = {"value": _BATCH, "locations": _QUERY, "weights": _QUERY}
_HALF = torch.float16

FULL = (
    Case("selective_scan", "everything", _full_scan, _sequences, _FULL),
    Case("bilinear_gather", "everything", bilinear_gather, _gather, _PLACES),
    Case("bilinear_gather", "snake", _snake, _chains, {"x": _MAP, "steps": _MAP}),
    Case("deform_conv2d", "everything", _modulated, _modulation, _MODULATED),
    Case("ms_deform_attn", "everything", _attend, _queries, _LOOKS),
)
"""Each operator with all tensors that it takes."""
CASES = (
    *FULL,
    Case("selective_scan", "nothing", selective_scan, _single, _SINGLE),
    Case("selective_scan", "16 bits", _full_scan, _sequences, _FULL, _HALF),
    Case("selective_scan", "16 bits to 32", _scan_to_float, _single, _SINGLE, _HALF),
    Case("bilinear_gather", "16 bits", bilinear_gather, _gather, _PLACES, _HALF),
    Case("deform_conv2d", "nothing", _strided, _first_version, _KERNEL),
    Case("deform_conv2d", "16 bits", _modulated, _modulation, _MODULATED, _HALF),
    Case("ms_deform_attn", "16 bits", _attend, _queries, _LOOKS, _HALF),
)
