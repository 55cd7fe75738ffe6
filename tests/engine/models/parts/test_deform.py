"""Deformable layers against ordinary convolutions."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import conv2d

from engine.models.parts.deform import DeformableConv, DyDcnV2


@pytest.mark.parametrize(("modulated", "factor"), [(False, 1.0), (True, 0.5)])
def test_it_begins_as_a_convolution(modulated: bool, factor: float) -> None:
    layer, x = DeformableConv(4, 6, 2, modulated).eval(), torch.randn(2, 4, 5, 7)
    plain = factor * conv2d(x, layer.conv.weight, padding=1)
    assert torch.allclose(layer(x), layer.act(layer.norm(plain)), atol=1e-5)


@pytest.mark.parametrize("modulated", [False, True])
def test_a_bias_of_the_offsets_shifts_the_picture(modulated: bool) -> None:
    layer, x = DeformableConv(2, 3, 1, modulated).eval(), torch.randn(1, 2, 6, 6)
    assert layer.offset.bias is not None
    with torch.no_grad():
        layer.offset.bias[:18] = torch.tensor([0.0, 1.0]).repeat(9)
        layer.offset.bias[18:] = 50.0
    shifted = torch.nn.functional.pad(x, (1, 2, 1, 1))
    plain = conv2d(shifted, layer.conv.weight)[..., 1:]
    assert torch.allclose(layer(x), layer.act(layer.norm(plain)), atol=1e-5)


def test_offsets_learn_at_once() -> None:
    layer = DeformableConv(4, 4, 1, True)
    layer(torch.randn(2, 4, 6, 6)).square().sum().backward()
    for each in (layer.offset.weight.grad, layer.offset.bias):
        assert each is not None
    assert layer.offset.weight.grad is not None
    assert (layer.offset.weight.grad.abs().amax((1, 2, 3)) > 0).all()


def test_groups_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match="4 channels.*3 groups"):
        DeformableConv(4, 4, 3, True)
    with pytest.raises(ValueError, match="8 channels.*16 groups"):
        DyDcnV2(8, 8)


@pytest.mark.parametrize(
    ("stride", "size", "of_offsets"),
    [(1, (6, 8), (6, 8)), (2, (12, 15), (6, 8)), (1, (3, 4), (6, 8))],
)
def test_dyhead_moves_the_taps_of_neighbouring_levels(
    stride: int, size: tuple[int, int], of_offsets: tuple[int, int]
) -> None:
    layer, x = DyDcnV2(4, 8, stride=stride, groups=2), torch.randn(2, 4, *size)
    offset, mask = torch.zeros(2, 18, *of_offsets), torch.full((2, 9, *of_offsets), 0.5)
    plain = 0.5 * conv2d(x, layer.conv.weight, stride=stride, padding=1)
    assert torch.allclose(layer(x, offset, mask), layer.norm(plain), atol=1e-5)


def test_resized_offsets_stay_the_same_part_of_the_picture() -> None:
    layer, x = DyDcnV2(2, 2, groups=1), torch.randn(1, 2, 4, 4)
    large = torch.tensor([2.0, -4.0]).repeat(9)[None, :, None, None].expand(1, 18, 8, 8)
    small = torch.tensor([1.0, -2.0]).repeat(9)[None, :, None, None].expand(1, 18, 4, 4)
    mask = torch.ones(1, 9, 8, 8)
    assert torch.allclose(layer(x, large, mask), layer(x, small, mask[..., :4, :4]), atol=1e-5)
