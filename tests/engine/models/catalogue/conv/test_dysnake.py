"""Dynamic snake convolution against strips."""

from __future__ import annotations

from typing import Literal

import pytest
import torch
from torch import nn

from engine.models.catalogue.conv.dysnake import DySnakeConv, SnakeConv

AXES: list[Literal["x", "y"]] = ["x", "y"]


@pytest.mark.parametrize("axis", AXES)
def test_without_steps_it_is_a_strip_convolution(axis: Literal["x", "y"]) -> None:
    layer, x = SnakeConv(3, 8, axis, 5), torch.randn(2, 3, 6, 7)
    nn.init.zeros_(layer.steps_norm.weight)
    taps = layer.conv.weight.reshape(8, 3, 5)
    strip = taps[:, :, None] if axis == "x" else taps[..., None]
    padding = (0, 2) if axis == "x" else (2, 0)
    plain = nn.functional.conv2d(x, strip, layer.conv.bias, padding=padding)
    expected = nn.functional.group_norm(plain, 2).relu()
    assert torch.allclose(layer(x), expected, atol=1e-5)


@pytest.mark.parametrize("axis", AXES)
def test_taps_move_by_a_pixel_a_step_at_most(axis: Literal["x", "y"]) -> None:
    layer, x = SnakeConv(1, 4, axis, 5).eval(), torch.zeros(1, 1, 9, 9, requires_grad=True)
    nn.init.constant_(layer.steps_norm.bias, 50.0)
    read: list[torch.Tensor] = []
    layer.conv.register_forward_pre_hook(lambda module, given: read.append(given[0]))
    layer(x)
    (gradient,) = torch.autograd.grad(read[0][0, :, 4, 4].sum(), x)
    seen = gradient[0, 0] if axis == "x" else gradient[0, 0].T
    # Outward from the middle, each tap is one further down.
    assert seen.round().nonzero().tolist() == [[4, 4], [5, 3], [5, 5], [6, 2], [6, 6]]


def test_it_joins_a_square_and_both_snakes() -> None:
    layer, x = DySnakeConv(3, 8, kernel=3).eval(), torch.randn(2, 3, 5, 6)
    parts = (layer.straight(x), layer.along_x(x), layer.along_y(x))
    assert torch.equal(layer(x), layer.join(torch.cat(parts, 1)))
    assert layer(x).shape == (2, 8, 5, 6)
    assert not torch.allclose(parts[1], parts[2], atol=1e-2)


def test_the_snakes_are_each_other_turned() -> None:
    across, down = SnakeConv(3, 8, "x", 5).eval(), SnakeConv(3, 8, "y", 5).eval()
    down.load_state_dict(across.state_dict())
    with torch.no_grad():
        down.steps.weight.copy_(across.steps.weight.mT)
    x = torch.randn(2, 3, 6, 7)
    assert torch.allclose(down(x.mT).mT, across(x), atol=1e-5)


@pytest.mark.parametrize(("channels", "groups"), [(8, 2), (3, 1), (11, 1), (10, 2), (64, 16)])
def test_groups_divide_the_channels(channels: int, groups: int) -> None:
    assert SnakeConv(3, channels, "x").norm.num_groups == groups


@pytest.mark.parametrize("kernel", [0, 1, 4])
def test_a_snake_needs_a_middle(kernel: int) -> None:
    with pytest.raises(ValueError, match=str(kernel)):
        SnakeConv(3, 4, "x", kernel)
