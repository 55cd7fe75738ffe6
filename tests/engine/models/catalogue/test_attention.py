"""Attention layers against their equations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from engine.models.catalogue.attention.cbam import Cbam


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-x)))


def naive_cbam(layer: Cbam, x: np.ndarray) -> np.ndarray:
    """Equations 1 to 3 of CBAM for one picture [C, H, W], place by place."""
    layers: Any = layer.channels.perceptron
    first, second = layers[0], layers[2]
    w0, b0, w1, b1 = (
        each.detach().double().numpy().squeeze()
        for each in (first.weight, first.bias, second.weight, second.bias)
    )

    def perceptron(pooled: np.ndarray) -> np.ndarray:
        middle = np.maximum(np.atleast_2d(w0) @ pooled + b0, 0)
        return np.asarray(w1.reshape(len(pooled), -1) @ middle + b1)

    average = np.array([channel.mean() for channel in x])
    highest = np.array([channel.max() for channel in x])
    x = x * sigmoid(perceptron(average) + perceptron(highest))[:, None, None]
    kernel = layer.places.conv.weight.detach().double().numpy()[0]
    reach = kernel.shape[-1] // 2
    height, width = x.shape[1:]
    weights = np.zeros((height, width))
    for row in range(height):
        for column in range(width):
            for down in range(-reach, reach + 1):
                for across in range(-reach, reach + 1):
                    at = row + down, column + across
                    if 0 <= at[0] < height and 0 <= at[1] < width:
                        seen = x[:, at[0], at[1]]
                        pair = kernel[:, down + reach, across + reach]
                        weights[row, column] += pair[0] * seen.mean() + pair[1] * seen.max()
    return np.asarray(x * sigmoid(weights))


@pytest.mark.parametrize(("channels", "ratio", "kernel"), [(32, 16, 7), (8, 2, 3), (4, 16, 1)])
def test_cbam_is_its_equations(channels: int, ratio: int, kernel: int) -> None:
    layer = Cbam(channels, ratio=ratio, kernel=kernel)
    x = torch.randn(2, channels, 5, 9)
    expected = np.stack([naive_cbam(layer, each) for each in x.double().numpy()])
    assert np.abs(layer(x).detach().numpy() - expected).max() < 1e-5


def test_cbam_weighs_channels_before_places_and_each_below_one() -> None:
    layer = Cbam(16)
    x = torch.randn(1, 16, 6, 6)
    share = layer(x) / x
    assert share.min() > 0
    assert share.max() < 1
    # A product of a factor for each channel and one for each place has rank one.
    assert torch.linalg.matrix_rank(share[0].flatten(1), rtol=1e-4) == 1


@pytest.mark.parametrize("options", [{"kernel": 4}, {"kernel": 0}, {"kernel": -3}, {"ratio": 0}])
def test_cbam_refuses_what_it_cannot_be(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=str(next(iter(options.values())))):
        Cbam(16, **options)
