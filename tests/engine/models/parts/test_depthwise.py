"""Depthwise convolutions and the perceptron that squeezes channels."""

from __future__ import annotations

from typing import Any

import pytest

from engine import device

device.prepare()

import torch  # noqa: E402 - after the switches

from engine.models.parts.depthwise import depthwise, strips  # noqa: E402
from engine.models.parts.squeeze import squeezed  # noqa: E402


@pytest.mark.parametrize(("kernel", "dilation"), [(3, 1), (5, 2), ((1, 7), 3), ((9, 3), 1)])
def test_a_channel_is_seen_by_itself_alone(kernel: int | tuple[int, int], dilation: int) -> None:
    layer, x = depthwise(4, kernel, dilation=dilation, bias=False), torch.randn(1, 4, 6, 9)
    y = layer(x)
    assert y.shape == x.shape
    x[:, 2] = 0
    changed = (layer(x) != y).flatten(2).any(2)[0]
    assert changed.tolist() == [False, False, True, False]


def test_strips_are_a_row_and_then_a_column() -> None:
    pair: Any = strips(3, 5, dilation=2)
    row, column = pair
    assert (row.kernel_size, column.kernel_size) == ((1, 5), (5, 1))
    assert strips(3, 5)(torch.randn(1, 3, 4, 2)).shape == (1, 3, 4, 2)


@pytest.mark.parametrize("kernel", [3, 31])
def test_wide_kernels_are_convolutions_as_others_are(kernel: int) -> None:
    layer, x = depthwise(4, kernel), torch.randn(1, 4, 9, 6)
    plain = torch.nn.Conv2d(4, 4, kernel, padding=kernel // 2, groups=4)
    plain.load_state_dict(layer.state_dict())
    assert isinstance(layer, torch.nn.Conv2d)
    assert torch.allclose(layer(x), plain(x), atol=1e-5)


@pytest.mark.parametrize("kernel", [11, 19])
def test_half_precision_gives_the_same(kernel: int) -> None:
    layer, x = strips(4, kernel), torch.randn(1, 4, 6, 9)
    expected = layer(x)
    found = layer.half()(x.half())
    assert torch.allclose(found.float(), expected, atol=1e-2)


@pytest.mark.parametrize("kernel", [2, 0, (3, 4), -1])
def test_kernels_without_a_middle_are_refused(kernel: int | tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="odd"):
        depthwise(4, kernel)


def test_a_perceptron_has_few_channels_in_the_middle() -> None:
    layers: Any = squeezed(32, 4)
    first, relu, second = layers
    assert (first.out_channels, second.in_channels) == (8, 8)
    vector = torch.randn(2, 32, 1, 1)
    middle = (vector.flatten(1) @ first.weight.flatten(1).T + first.bias).clamp(min=0)
    expected = middle @ second.weight.flatten(1).T + second.bias
    assert torch.allclose(layers(vector).flatten(1), expected, atol=1e-6)
    narrow: Any = squeezed(8, 16, bias=False)
    assert narrow[0].out_channels == 1
    assert narrow[0].bias is None


def test_a_ratio_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="0"):
        squeezed(8, 0)
