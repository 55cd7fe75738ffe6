"""Chains of taps against strips and loops."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
import torch
from torch.nn.functional import conv2d

from ops.snake_gather import snake_gather
from tests.ops.test_bilinear_gather import everywhere

AXES: list[Literal["x", "y"]] = ["x", "y"]


@pytest.mark.parametrize("axis", AXES)
def test_without_steps_it_is_a_strip(axis: Literal["x", "y"]) -> None:
    x, weight = torch.randn(2, 3, 6, 7), torch.randn(4, 3, 5)
    read = snake_gather(x, torch.zeros(2, 4, 6, 7), axis)
    assert read.shape == (2, 3, 5, 6, 7)
    found = torch.einsum("bckhw,ock->bohw", read, weight)
    strip = weight[:, :, None] if axis == "x" else weight[..., None]
    padding = (0, 2) if axis == "x" else (2, 0)
    assert torch.allclose(found, conv2d(x, strip, padding=padding), atol=1e-5)


@pytest.mark.parametrize("axis", AXES)
def test_steps_add_up_from_the_middle(axis: Literal["x", "y"]) -> None:
    x, steps = torch.randn(1, 2, 5, 6), torch.randn(1, 4, 5, 6)
    found = snake_gather(x, steps, axis)
    for row, column in np.ndindex(5, 6):
        first, second, third, fourth = steps[0, :, row, column].tolist()
        for tap, aside in enumerate((first + second, second, 0, third, third + fourth)):
            along = tap - 2
            place = (row + aside, column + along) if axis == "x" else (row + along, column + aside)
            expected = everywhere(x[0], *place)
            assert torch.allclose(found[0, :, tap, row, column], expected, atol=1e-5)


def test_it_follows_a_line() -> None:
    line = torch.eye(9)[None, None]
    steps = torch.tensor([-1.0, -1, 1, 1])[None, :, None, None].expand(1, 4, 9, 9)
    assert snake_gather(line, steps, "x")[0, 0, :, 4, 4].tolist() == pytest.approx([1] * 5)
    assert snake_gather(line, 0 * steps, "x")[0, 0, :, 4, 4].tolist() == pytest.approx(
        [0, 0, 1, 0, 0]
    )


def test_every_step_learns() -> None:
    steps = (torch.randn(1, 4, 5, 5) * 0.3).requires_grad_()
    energy = snake_gather(torch.randn(1, 2, 5, 5), steps, "x").square().sum()
    (gradient,) = torch.autograd.grad(energy, steps)
    assert (gradient.abs().amax((0, 2, 3)) > 0).all()


def test_steps_of_one_side_alone_are_refused() -> None:
    with pytest.raises(ValueError, match="3 steps"):
        snake_gather(torch.zeros(1, 1, 2, 2), torch.zeros(1, 3, 2, 2), "x")
