"""The attention of Deformable DETR and what comes with it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.models.parts.ms_deform import MSDeformAttn, bias_for, inverse_sigmoid, linear_begin

SHAPES = [(4, 6), (2, 3)]


def values(channels: int = 8) -> torch.Tensor:
    return torch.randn(2, sum(h * w for h, w in SHAPES), channels)


def test_inverse_sigmoid_turns_the_sigmoid_back() -> None:
    x = torch.linspace(-8, 8, 33)
    assert torch.allclose(inverse_sigmoid(x.sigmoid()), x, atol=1e-3)
    ends = inverse_sigmoid(torch.tensor([-1.0, 0.0, 1.0, 2.0]))
    assert ends.isfinite().all()
    assert ends[0] == ends[1] == -ends[2] == -ends[3]


def test_a_bias_gives_its_probability() -> None:
    assert torch.tensor(bias_for(0.01)).sigmoid().item() == pytest.approx(0.01)


def test_linear_layers_begin_within_their_bound() -> None:
    layer = nn.Linear(50, 16)
    linear_begin(layer)
    assert 0.24 < layer.weight.abs().max() <= 0.25
    assert layer.bias.abs().max() <= 0.25


def test_it_begins_with_rings() -> None:
    layer = MSDeformAttn(256)
    rings = layer.offset.bias.reshape(8, 4, 4, 2)
    assert torch.allclose(rings[:, :, 2], 3 * rings[:, :, 0])
    assert torch.allclose(rings.abs().amax(-1)[:, :, 0], torch.ones(8, 4))
    expected = torch.tensor([[1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1], [1, -1]])
    assert torch.allclose(rings[:, 0, 0], expected.float(), atol=1e-5)
    assert sum(each.numel() for each in layer.parameters()) == 230272


def test_at_the_start_constant_maps_are_what_the_linear_layers_make_of_them() -> None:
    layer = MSDeformAttn(8, levels=2, heads=2, points=1)
    one = torch.randn(8)
    found = layer(
        torch.randn(2, 3, 8),
        torch.full((2, 3, 1, 2), 0.5),
        one.expand(2, sum(h * w for h, w in SHAPES), 8),
        SHAPES,
    )
    assert torch.allclose(found, layer.output(layer.value(one)).expand(2, 3, 8), atol=1e-5)


def test_offsets_are_pixels_of_points_and_parts_of_boxes() -> None:
    layer = MSDeformAttn(8, levels=2, heads=2, points=2)
    query, value = torch.randn(2, 3, 8), values()
    point = torch.rand(2, 3, 1, 2).expand(2, 3, 2, 2)
    # A box in which half of the size, shared by two points, is a pixel of each level.
    size = torch.tensor([(4 / w, 4 / h) for h, w in SHAPES]).expand(2, 3, 2, 2)
    there = layer(query, point, value, SHAPES)
    assert torch.allclose(
        layer(query, torch.cat((point, size), -1), value, SHAPES), there, atol=1e-5
    )
    other = layer(query, torch.cat((point, size / 4), -1), value, SHAPES)
    assert not torch.allclose(other, there, atol=1e-3)


def test_padded_pixels_are_not_seen() -> None:
    layer, value = MSDeformAttn(8, levels=2, heads=2), values()
    query, point = torch.randn(2, 3, 8), torch.rand(2, 3, 1, 2)
    padded = torch.zeros(value.shape[:2], dtype=torch.bool)
    padded[:, 5:20] = True
    changed = torch.where(padded[..., None], torch.randn_like(value), value)
    one, two = (layer(query, point, each, SHAPES, padded) for each in (value, changed))
    assert torch.equal(one, two)
    assert not torch.equal(one, layer(query, point, value, SHAPES))


def test_pictures_do_not_see_each_other() -> None:
    layer, value = MSDeformAttn(8, levels=2, heads=2), values()
    query, point = torch.randn(2, 3, 8), torch.rand(2, 3, 1, 2)
    both = layer(query, point, value, SHAPES)
    assert torch.allclose(both[1:], layer(query[1:], point[1:], value[1:], SHAPES), atol=1e-6)


def test_everything_learns() -> None:
    layer = MSDeformAttn(8, levels=2, heads=2)
    layer(torch.randn(2, 3, 8), torch.rand(2, 3, 1, 2), values(), SHAPES).square().sum().backward()
    for name, each in layer.named_parameters():
        assert each.grad is not None, name
        assert each.grad.any(), name


def test_heads_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match="10 channels.*8 heads"):
        MSDeformAttn(10)
