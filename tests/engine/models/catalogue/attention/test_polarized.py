"""Polarized self-attention against its equations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.models.catalogue.attention.polarized import PolarizedSelfAttention


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-x)))


def softmax(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(x) / np.exp(x).sum())


def naive(layer: PolarizedSelfAttention, x: np.ndarray) -> np.ndarray:
    """The two branches for one picture [C, N], place by place."""

    def matrix(conv: torch.nn.Conv2d) -> np.ndarray:
        return np.asarray(conv.weight.detach().double().numpy()[:, :, 0, 0])

    first, second = layer.channels, layer.places
    chosen = softmax((matrix(first.query) @ x)[0])
    mean = sum(share * matrix(first.value) @ x[:, at] for at, share in enumerate(chosen))
    wide = matrix(first.widen) @ mean
    by_channel = sigmoid((wide - wide.mean()) / np.sqrt(wide.var() + 1e-6))[:, None] * x
    seen = by_channel if layer.layout == "sequential" else x
    wanted = softmax((matrix(second.query) @ seen).mean(1))
    places = [sigmoid(wanted @ matrix(second.value) @ seen[:, at]) for at in range(x.shape[1])]
    by_place = seen * np.array(places)
    return np.asarray(by_place if layer.layout == "sequential" else by_channel + by_place)


@pytest.mark.parametrize("layout", ["parallel", "sequential"])
def test_both_layouts_are_their_equations(layout: str) -> None:
    layer, x = PolarizedSelfAttention(8, layout=layout), torch.randn(2, 8, 3, 5)
    expected = [naive(layer, each) for each in x.flatten(2).double().numpy()]
    assert np.abs(layer(x).flatten(2).detach().numpy() - np.stack(expected)).max() < 1e-5


def test_it_moves_with_the_places() -> None:
    layer, x = PolarizedSelfAttention(8), torch.randn(1, 8, 4, 6)
    order = torch.randperm(24)
    shuffled = x.flatten(2)[..., order].reshape(x.shape)
    assert torch.allclose(layer(shuffled).flatten(2), layer(x).flatten(2)[..., order], atol=1e-6)


def test_an_unknown_layout_is_refused() -> None:
    with pytest.raises(ValueError, match="serial is not one of parallel, sequential"):
        PolarizedSelfAttention(8, layout="serial")
