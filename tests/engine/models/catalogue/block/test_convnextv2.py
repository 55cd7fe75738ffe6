"""ConvNeXt V2's block against its equations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from engine.models.catalogue.block.convnextv2 import ConvNextV2Block, Grn


def test_grn_does_nothing_at_the_start() -> None:
    x = torch.randn(2, 6, 5, 7)
    assert torch.equal(Grn(6)(x), x)


def test_grn_is_its_equation() -> None:
    layer, x = Grn(4), torch.randn(1, 4, 3, 5)
    nn.init.normal_(layer.weight)
    nn.init.normal_(layer.bias)
    maps = x[0].double().numpy()
    size = np.array([np.sqrt((each**2).sum()) for each in maps])
    share = size / (size.mean() + 1e-6)
    gamma, beta = (each.detach().double().numpy() for each in (layer.weight, layer.bias))
    expected = gamma * (maps * share[:, None, None]) + beta + maps
    assert np.abs(layer(x)[0].detach().numpy() - expected).max() < 1e-5


def test_grn_does_not_depend_on_the_size_of_its_input_but_by_a_factor() -> None:
    layer, x = Grn(4), torch.randn(1, 4, 6, 6)
    nn.init.normal_(layer.weight)
    assert torch.allclose(layer(8 * x), 8 * layer(x), rtol=1e-4, atol=1e-5)


def test_grn_of_nothing_has_a_finite_gradient() -> None:
    layer, x = Grn(4), torch.zeros(1, 4, 3, 3, requires_grad=True)
    layer(x).sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_grn_counts_in_more_than_half_precision() -> None:
    layer, x = Grn(2).half(), torch.full((1, 2, 64, 64), 40.0, dtype=torch.float16)
    nn.init.ones_(layer.weight)
    # Squares add up to 6.5 million.
    assert torch.equal(layer(x), 2 * x)


def test_a_block_is_its_input_and_what_it_adds() -> None:
    block, x = ConvNextV2Block(6), torch.randn(2, 6, 9, 8)
    nn.init.normal_(block.grn.weight)
    near = nn.functional.conv2d(x, block.near.weight, block.near.bias, padding=3, groups=6)
    mean, variance = near.mean(1, keepdim=True), near.var(1, keepdim=True, unbiased=False)
    wide = block.grn(nn.functional.gelu(block.fc1((near - mean) / (variance + 1e-6).sqrt())))
    assert wide.shape[1] == 24
    assert torch.allclose(block(x), x + block.fc2(wide), atol=1e-5)


def test_the_smallest_network_has_as_many_parameters_in_its_normalisation_as_published() -> None:
    depths, widths = (2, 2, 6, 2), (40, 80, 160, 320)
    count = sum(
        depth * sum(each.numel() for each in ConvNextV2Block(width).grn.parameters())
        for depth, width in zip(depths, widths, strict=True)
    )
    assert count == 14720


def test_an_empty_middle_is_refused() -> None:
    with pytest.raises(ValueError, match="0"):
        ConvNextV2Block(16, 0.01)
