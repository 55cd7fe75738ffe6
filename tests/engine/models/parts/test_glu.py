"""Perceptrons of each place."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.models.parts.glu import ConvolutionalGlu, Mlp


def test_a_perceptron_is_two_products_at_each_place() -> None:
    layer, x = Mlp(4, 2.0, nn.ReLU), torch.randn(1, 4, 3, 2)
    w1, b1, w2, b2 = (each.flatten(1) if each.dim() > 1 else each for each in layer.parameters())
    y = layer(x)
    for row in range(3):
        for column in range(2):
            expected = w2 @ torch.relu(w1 @ x[0, :, row, column] + b1) + b2
            assert torch.allclose(y[0, :, row, column], expected, atol=1e-6)
    assert len(list(Mlp(4, bias=False).parameters())) == 2


def test_the_gate_sees_its_neighbours_and_the_value_does_not() -> None:
    layer, x = ConvolutionalGlu(6, 3.0), torch.randn(2, 6, 5, 4)
    made = nn.functional.conv2d(x, layer.fc1.weight, layer.fc1.bias)
    gate, value = made[:, :12], made[:, 12:]
    gate = nn.functional.conv2d(gate, layer.near.weight, layer.near.bias, padding=1, groups=12)
    assert torch.allclose(layer(x), layer.fc2(nn.functional.gelu(gate) * value), atol=1e-6)


def test_a_gated_perceptron_is_about_as_large_as_a_plain_one() -> None:
    gated, plain = (
        sum(each.numel() for each in layer.parameters())
        for layer in (ConvolutionalGlu(96), Mlp(96))
    )
    assert abs(gated / plain - 1) < 0.05


@pytest.mark.parametrize("kind", [Mlp, ConvolutionalGlu])
def test_an_empty_middle_is_refused(kind: type[nn.Module]) -> None:
    with pytest.raises(ValueError, match="none in the middle"):
        kind(8, 0.01)
