"""Focal modulation and the encoder of RT-DETR."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from engine.models.catalogue.context.aifi import Aifi
from engine.models.catalogue.context.focal import FocalContext, FocalModulation
from tests.helpers.norms import lively


def test_surroundings_are_weighted_by_gates_and_multiply_the_query() -> None:
    layer: Any = FocalModulation(4, levels=2)
    x = torch.randn(2, 4, 6, 7)
    start = layer.start(x)
    query, context, gates = start[:, :4], start[:, 4:8], start[:, 8:]
    assert gates.shape[1] == 3
    seen = torch.zeros_like(query)
    for level, side in enumerate((3, 5)):
        kernel = layer.focus[level].weight
        assert kernel.shape == (4, 1, side, side)
        context = functional.gelu(functional.conv2d(context, kernel, padding=side // 2, groups=4))
        seen = seen + gates[:, level, None] * context
    seen = seen + gates[:, 2, None] * functional.gelu(context.mean((2, 3), keepdim=True))
    assert torch.allclose(layer(x), layer.end(query * layer.mix(seen)), atol=1e-5)


def test_the_map_passes_beside_the_modulation() -> None:
    layer: Any = FocalContext(4, 4)
    x = torch.randn(2, 4, 5, 5)
    assert torch.allclose(layer(x) - x, layer.modulation(layer.norm(x)), atol=1e-6)
    nn.init.zeros_(layer.modulation.end.weight)
    assert layer.modulation.end.bias is not None
    nn.init.zeros_(layer.modulation.end.bias)
    assert torch.equal(layer(x), x)
    assert [each.kernel_size[0] for each in layer.modulation.focus] == [3, 5, 7]


@pytest.mark.parametrize("options", [{"levels": 0}, {"window": 4}])
def test_impossible_levels_and_windows_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=str(*options.values())):
        FocalContext(4, 4, **options)


def positions(height: int, width: int, channels: int) -> torch.Tensor:
    """Return the sines and cosines of row and column, [H W, C]."""
    rows = []
    for row in range(height):
        for column in range(width):
            angles = [10000 ** (-at / (channels // 4)) for at in range(channels // 4)]
            found = [wave(place * a) for place in (row, column) for wave in (math.sin, math.cos)
                     for a in angles]  # fmt: skip
            rows.append(found)
    return torch.tensor(rows)


def test_aifi_is_attention_with_positions_and_normalisation_behind_each_sum() -> None:
    layer, x = lively(Aifi(6, 8, heads=2, hidden=12)), torch.randn(1, 6, 3, 5)
    encoder = layer[1]
    tokens = layer[0](x).flatten(2)[0].T
    placed = tokens + positions(3, 5, 8)
    weight, bias = encoder.ma.in_proj_weight, encoder.ma.in_proj_bias
    parts = zip((placed, placed, tokens), weight.chunk(3), bias.chunk(3), strict=True)
    query, key, value = (tensor @ one.T + two for tensor, one, two in parts)
    seen = []
    for head in (slice(0, 4), slice(4, 8)):
        scores = (query[:, head] @ key[:, head].T / 2).softmax(-1)
        seen.append(scores @ value[:, head])
    tokens = encoder.norm1(tokens + encoder.ma.out_proj(torch.cat(seen, 1)))
    tokens = encoder.norm2(tokens + encoder.fc2(functional.gelu(encoder.fc1(tokens))))
    assert torch.allclose(layer(x)[0].flatten(1).T, tokens, atol=1e-5)


def test_channels_that_do_not_fit_the_heads_are_refused() -> None:
    with pytest.raises(ValueError, match="12"):
        Aifi(8, 12)
    with pytest.raises(ValueError, match="6"):
        Aifi(8, 6, heads=2)
    with pytest.raises(ValueError, match="0"):
        Aifi(8, 8, hidden=0)
