"""Kernels that the network chooses, and pixels that come out of channels."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate

from engine.models.catalogue.up.carafe import Carafe
from engine.models.catalogue.up.eucb import EfficientUp
from engine.models.catalogue.up.pixelshuffle import SubPixel
from tests.helpers.norms import lively


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_carafe_mixes_surroundings_by_kernels_that_sum_to_one(kernel: int) -> None:
    layer, x = Carafe(3, kernel=kernel, middle=4), torch.randn(1, 3, 3, 4)
    logits = layer.encode(layer.compress(x))[0]
    logits = logits.reshape(kernel**2, 4, 3, 4).softmax(0)
    found, reach = layer(x)[0], kernel // 2
    for row in range(6):
        for column in range(8):
            weights = logits[:, row % 2 * 2 + column % 2, row // 2, column // 2]
            expected = torch.zeros(3)
            for place, weight in enumerate(weights):
                top = row // 2 + place // kernel - reach
                left = column // 2 + place % kernel - reach
                if 0 <= top < 3 and 0 <= left < 4:
                    expected = expected + weight * x[0, :, top, left]
            assert torch.allclose(found[:, row, column], expected, atol=1e-5)


def test_carafe_of_equal_weights_is_a_mean_of_25() -> None:
    layer, x = Carafe(3), torch.randn(2, 3, 5, 6)
    nn.init.zeros_(layer.encode.weight)
    assert layer.encode.bias is not None
    nn.init.zeros_(layer.encode.bias)
    expected = interpolate(avg_pool2d(x, 5, 1, 2), scale_factor=2, mode="nearest")
    assert torch.allclose(layer(x), expected, atol=1e-6)


@pytest.mark.parametrize("options", [{"kernel": 4}, {"encoder": 2}, {"middle": 0}])
def test_impossible_kernels_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=str(*options.values())):
        Carafe(8, **options)


@pytest.mark.parametrize("kernel", [1, 3])
def test_four_channels_become_the_four_pixels_of_one(kernel: int) -> None:
    layer, x = SubPixel(3, kernel=kernel), torch.randn(2, 3, 4, 5)
    made, found = layer[0](x), layer(x)
    for row in range(8):
        for column in range(10):
            channels = [4 * channel + row % 2 * 2 + column % 2 for channel in range(3)]
            expected = made[:, channels, row // 2, column // 2]
            assert torch.equal(found[:, :, row, column], expected)
    assert found.shape == (2, 3, 8, 10)
    with pytest.raises(ValueError, match="2"):
        SubPixel(3, kernel=2)


def test_eucb_smooths_repeated_pixels_and_mixes_channels() -> None:
    layer, x = lively(EfficientUp(3)), torch.randn(2, 3, 4, 5)
    repeated = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
    smooth, mix = layer[1], layer[2]
    seen = smooth.bn(nn.functional.conv2d(repeated, smooth.conv.weight, padding=1, groups=3))
    expected = torch.einsum("bihw,oi->bohw", seen.relu(), mix.weight[:, :, 0, 0])
    assert torch.allclose(layer(x), expected + mix.bias[:, None, None], atol=1e-5)
