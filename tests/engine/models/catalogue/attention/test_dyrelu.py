"""Dynamic ReLU against its equations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine.models.catalogue.attention.dyrelu import DyRelu


def test_it_is_relu_where_nothing_moves_the_lines() -> None:
    layer: Any = DyRelu(8)
    nn.init.zeros_(layer.choose[2].weight)
    nn.init.zeros_(layer.choose[2].bias)
    x = torch.randn(2, 8, 5, 4)
    assert torch.equal(layer(x), x.relu())


def test_it_is_its_equations() -> None:
    layer, x = DyRelu(4, reduction=2), torch.randn(1, 4, 3, 5)
    w1, b1, w2, b2 = (
        each.detach().double().numpy().squeeze() for each in layer.choose.parameters()
    )
    maps = x[0].double().numpy()
    middle = np.maximum(w1 @ maps.mean((1, 2)) + b1, 0)
    moved = (2 / (1 + np.exp(-(w2 @ middle + b2))) - 1).reshape(4, 4)
    expected = np.zeros_like(maps)
    for channel in range(4):
        first = (1 + moved[0, channel]) * maps[channel] + 0.5 * moved[2, channel]
        second = moved[1, channel] * maps[channel] + 0.5 * moved[3, channel]
        expected[channel] = np.maximum(first, second)
    assert np.abs(layer(x)[0].detach().numpy() - expected).max() < 1e-5


def test_a_picture_chooses_for_itself() -> None:
    layer, x = DyRelu(8), torch.randn(3, 8, 4, 4)
    alone = torch.cat([layer(each[None]) for each in x])
    assert torch.allclose(layer(x), alone, atol=1e-6)


def test_a_reduction_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="0"):
        DyRelu(8, reduction=0)
