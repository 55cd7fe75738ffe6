"""Small uneven calls of every operator, forward and backward, for other ways of computing them.

`CALLS` is what a new operator joins. Every call is made in 64 bits too, which plain torch computes.
They are large enough to fill the vectors of a processor, with something left over.
"""

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

Inputs = dict[str, Tensor]
KINDS = {torch.float32: 2e-5, torch.float16: 1e-2, torch.bfloat16: 5e-2}
"""Types that are computed by a library, and how far it may be off."""


@dataclass(frozen=True, slots=True)
class Call:
    """An operator with inputs.

    Attributes:
        operator: The function.
        inputs: Makes them, in 64 bits.
        kept: Names of inputs that are never of 16 bits.
        options: What else it is given.
    """

    operator: Callable[..., Any]
    inputs: Callable[[], Inputs]
    kept: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    def errors(self, kind: torch.dtype) -> dict[str, float]:
        """Return how far each output and gradient is off, relative to its largest number.

        Args:
            kind: What the inputs are given as, and rounded to before either way computes.
        """
        wide = torch.promote_types(kind, torch.float32)
        torch.manual_seed(0)
        given = {
            name: each.to(wide if name in self.kept else kind)
            for name, each in self.inputs().items()
        }
        found = self._made(given)
        expected = self._made({name: each.double() for name, each in given.items()})
        return {
            name: float((found[name].double() - each).abs().max() / each.abs().max())
            for name, each in expected.items()
        }

    def _made(self, inputs: Inputs) -> dict[str, Tensor]:
        leaves = {name: each.clone().requires_grad_() for name, each in inputs.items()}
        found = self.operator(**leaves, **self.options)
        outputs = found if isinstance(found, tuple) else (found,)
        torch.manual_seed(1)
        weights = [torch.randn(each.shape) for each in outputs]
        loss = sum((y * w.to(y)).sum() for y, w in zip(outputs, weights, strict=True))
        slopes = torch.autograd.grad(loss, list(leaves.values()))
        named = {f"output {number}": each.detach() for number, each in enumerate(outputs)}
        return named | dict(zip(leaves, slopes, strict=True))


def _scanned(batch: int, channels: int, length: int, states: int, groups: int) -> Inputs:
    return {
        "u": _normal(batch, channels, length),
        "delta": _normal(batch, channels, length).abs() * 0.1,
        "A": -torch.arange(1, states + 1, dtype=torch.float64).repeat(channels, 1),
        "B": _normal(batch, groups, states, length),
        "C": _normal(batch, groups, states, length),
        "D": _normal(channels),
        "z": _normal(batch, channels, length),
        "delta_bias": _normal(channels) - 3,
    }


def _normal(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def _plainly_scanned() -> Inputs:
    inputs = _scanned(1, 3, 1, 1, 1)
    return {name: inputs[name] for name in ("u", "delta", "A", "B", "C")}


def _gathered() -> Inputs:
    rows, columns = torch.rand(2, 2, 7, 9, dtype=torch.float64)
    return {"x": _normal(2, 21, 8, 11), "rows": rows * 11 - 2, "columns": columns * 14 - 2}


def _convolved() -> Inputs:
    return {
        "x": _normal(2, 36, 9, 7),
        "offset": _normal(2, 2 * 2 * 9, 5, 4) * 2,
        "weight": _normal(22, 18, 3, 3) * 0.1,
        "bias": _normal(22),
        "mask": _normal(2, 2 * 9, 5, 4).sigmoid(),
    }


def _attended() -> Inputs:
    return {
        "value": _normal(2, sum(h * w for h, w in _LEVELS), 3, 19),
        "locations": torch.rand(2, 10, 3, 2, 4, 2, dtype=torch.float64) * 1.4 - 0.2,
        "weights": _normal(2, 10, 3, 8).softmax(-1).reshape(2, 10, 3, 2, 4),
    }


def _sampled() -> Inputs:
    return {"x": _normal(2, 17, 6, 9), "steps": _normal(2, 4, 6, 9)}


_LEVELS = ((6, 7), (3, 4))
_PARAMETERS = ("A", "D", "delta_bias")
CALLS = {
    "a scan": Call(
        selective_scan,
        lambda: _scanned(2, 38, 131, 11, 2),
        _PARAMETERS,
        {"delta_softplus": True, "return_last_state": True},
    ),
    "a scan of one step": Call(selective_scan, _plainly_scanned, _PARAMETERS),
    "a gather": Call(bilinear_gather, _gathered, ("rows", "columns")),
    "a convolution": Call(
        deform_conv2d,
        _convolved,
        ("offset", "mask"),
        {"stride": 2, "padding": (1, 2), "dilation": (1, 2), "groups": 2},
    ),
    "attention": Call(ms_deform_attn, _attended, ("locations", "weights"), {"shapes": _LEVELS}),
    "a chain": Call(snake_gather, _sampled, ("steps",), {"axis": "x"}),
}
"""By name."""
