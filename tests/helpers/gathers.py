"""Uneven calls of everything that reads between pixels, by a library, by kernels and in 64 bits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from ops.bilinear_gather import bilinear_gather
from ops.bilinear_gather import operator as gather_operator
from ops.bilinear_gather.core import Means
from ops.deform_conv2d import deform_conv2d
from ops.deform_conv2d import operator as deform_operator
from ops.ms_deform_attn import ms_deform_attn
from ops.ms_deform_attn import operator as attention_operator

Found = dict[str, Tensor]
"""The output and the gradients by name."""
NEAR = {torch.float32: 1e-5, torch.float16: 1e-2, torch.bfloat16: 1e-2}
"""How far each type may be off, relative to the largest number."""


@dataclass(frozen=True, slots=True)
class Case:
    """A call.

    Attributes:
        function: The operator as networks call it, with the arguments of the registered one.
        module: Where the registered one is.
        inputs: Makes its arguments, tensors of 64 bits among them.
        moving: Names of the tensors that may be of 16 bits.
    """

    function: Callable[..., Tensor]
    module: ModuleType
    inputs: Callable[[], dict[str, Any]]
    moving: tuple[str, ...]

    def arguments(self, kind: torch.dtype) -> dict[str, Any]:
        """Return the arguments, moving tensors in a type, the others in at least 32 bits."""
        torch.manual_seed(0)
        wide = torch.promote_types(kind, torch.float32)
        return {
            name: each.to(kind if name in self.moving else wide)
            if isinstance(each, Tensor)
            else each
            for name, each in self.inputs().items()
        }

    def exact(self, kind: torch.dtype) -> Found:
        """Return what plain torch finds in 64 bits for arguments that were rounded to a type."""
        return self.called(
            {
                name: each.double() if isinstance(each, Tensor) else each
                for name, each in self.arguments(kind).items()
            }
        )

    def called(self, arguments: dict[str, Any]) -> Found:
        """Return what the function finds."""
        given = {
            name: each.clone().requires_grad_() if isinstance(each, Tensor) else each
            for name, each in arguments.items()
        }
        output = self.function(*given.values())
        leaves = {name: each for name, each in given.items() if isinstance(each, Tensor)}
        slopes = torch.autograd.grad(output, list(leaves.values()), _towards(output))
        return {"output": output.detach(), **dict(zip(leaves, slopes, strict=True))}

    def done(self, means: Means, arguments: dict[str, Any]) -> Found:
        """Return what the steps find that a kind of device does, wherever the tensors are."""
        output = self.module._forward(means, *arguments.values())
        slopes = self.module._backward(means, _towards(output), *arguments.values())
        names = [name for name, each in arguments.items() if isinstance(each, Tensor)]
        found = [each for each in slopes if each.numel()]
        return {"output": output, **dict(zip(names, found, strict=True))}


def _towards(output: Tensor) -> Tensor:
    """Return a gradient of an output."""
    torch.manual_seed(1)
    return torch.randn(output.shape, dtype=torch.float64).to(output)


def errors(found: Found, expected: Found) -> dict[str, float]:
    """Return how far each is off, relative to its largest number."""
    assert found.keys() == expected.keys()
    return {
        name: float((found[name].double() - each).abs().max() / each.abs().max())
        for name, each in expected.items()
    }


def _normal(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def _gathered(
    n: int, channels: int, height: int, width: int, p: int, q: int, *, beyond: float = 2
) -> Case:
    def inputs() -> dict[str, Any]:
        rows, columns = torch.rand(2, n, p, q, dtype=torch.float64)
        return {
            "x": _normal(n, channels, height, width),
            "rows": rows * (height - 1 + 2 * beyond) - beyond,
            "columns": columns * (width - 1 + 2 * beyond) - beyond,
        }

    return Case(bilinear_gather, gather_operator, inputs, ("x",))


def _convolved(
    size: tuple[int, int, int, int],
    out: int,
    kernel: tuple[int, int] = (3, 3),
    *,
    heads: int = 1,
    options: tuple[str, ...] = (),
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
) -> Case:
    batch, channels, height, width = size
    taps = kernel[0] * kernel[1]
    down, right = (
        (side + 2 * p - d * (k - 1) - 1) // s + 1
        for side, k, s, p, d in zip(size[2:], kernel, stride, padding, dilation, strict=True)
    )

    def inputs() -> dict[str, Any]:
        bias, mask = _normal(out), _normal(batch, heads * taps, down, right).sigmoid()
        return {
            "x": _normal(*size),
            "offset": _normal(batch, 2 * heads * taps, down, right) * 2,
            "weight": _normal(out, channels // groups, *kernel),
            "bias": bias if "bias" in options else None,
            "mask": mask if "mask" in options else None,
            "stride": stride,
            "padding": padding,
            "dilation": dilation,
            "groups": groups,
        }

    return Case(deform_conv2d, deform_operator, inputs, ("x", "weight", "bias"))


def _attended(batch: int, heads: int, depth: int, queries: int, points: int, *sides: int) -> Case:
    def inputs() -> dict[str, Any]:
        levels = len(sides) // 2
        pixels = sum(h * w for h, w in zip(sides[::2], sides[1::2], strict=True))
        places = torch.rand(batch, queries, heads, levels, points, 2, dtype=torch.float64)
        return {
            "value": _normal(batch, pixels, heads, depth),
            "shapes": list(sides),
            "locations": places * 1.4 - 0.2,
            "weights": torch.rand(batch, queries, heads, levels, points, dtype=torch.float64),
        }

    return Case(_attend, attention_operator, inputs, ("value",))


def _attend(value: Tensor, sides: list[int], locations: Tensor, weights: Tensor) -> Tensor:
    shapes = list(zip(sides[::2], sides[1::2], strict=True))
    return ms_deform_attn(value, shapes, locations, weights)


BOTH = ("bias", "mask")
CASES = {
    "gather: one number": _gathered(1, 1, 1, 1, 1, 1, beyond=0.5),
    "gather: few channels": _gathered(2, 3, 5, 7, 4, 9),
    "gather: whole vectors": _gathered(2, 64, 6, 5, 4, 8),
    "gather: a place and a channel more": _gathered(1, 65, 4, 9, 3, 11),
    "gather: a place and a channel less": _gathered(1, 31, 9, 4, 1, 31),
    "gather: many channels": _gathered(1, 136, 3, 4, 2, 35),
    "gather: a long row": _gathered(1, 24, 1, 40, 7, 13),
    "convolution: all options": _convolved((2, 32, 9, 7), 12, options=BOTH),
    "convolution: nothing": _convolved((1, 5, 6, 8), 3, padding=(0, 0)),
    "convolution: one tap": _convolved((1, 17, 5, 5), 4, (1, 1), options=("mask",)),
    "convolution: uneven": _convolved(
        (2, 36, 11, 8),
        22,
        (3, 2),
        heads=3,
        options=BOTH,
        stride=(2, 1),
        padding=(1, 2),
        dilation=(1, 2),
        groups=2,
    ),
    "convolution: more than a block": _convolved(
        (1, 132, 5, 11), 302, (1, 2), heads=3, options=BOTH, padding=(0, 1), dilation=(1, 2)
    ),
    "convolution: a channel a group": _convolved((1, 18, 7, 6), 18, heads=9, groups=18),
    "attention: all levels": _attended(2, 3, 19, 10, 3, *(6, 7, 3, 4, 1, 1, 5, 2) * 2),
    "attention: whole vectors": _attended(1, 2, 32, 33, 4, 8, 8, 4, 4, 2, 2),
    "attention: as many taps as there may be": _attended(1, 1, 8, 3, 128, 9, 9),
    "attention: one tap": _attended(2, 1, 5, 17, 1, 4, 6),
}
