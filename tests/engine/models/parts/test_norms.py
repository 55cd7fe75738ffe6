"""Normalisation over the channels of each place."""

from __future__ import annotations

import pytest
import torch

from engine.models.parts.norms import ChannelNorm


@pytest.mark.parametrize("bias", [True, False])
def test_each_place_is_normalised_by_its_own_channels(bias: bool) -> None:
    layer, x = ChannelNorm(6, bias=bias), torch.randn(2, 6, 3, 5) * 4 + 1
    torch.nn.init.normal_(layer.norm.weight)
    shift = torch.zeros(6)
    if bias:
        torch.nn.init.normal_(layer.norm.bias)
        shift = layer.norm.bias
    mean = x.mean(1, keepdim=True)
    variance = ((x - mean) ** 2).mean(1, keepdim=True)
    expected = (x - mean) / (variance + 1e-6).sqrt() * layer.norm.weight[:, None, None]
    assert torch.allclose(layer(x), expected + shift[:, None, None], atol=1e-5)
    assert len(list(layer.parameters())) == 1 + bias


def test_a_constant_stays_finite() -> None:
    assert torch.equal(ChannelNorm(4)(torch.full((1, 4, 2, 2), 3.0)), torch.zeros(1, 4, 2, 2))
