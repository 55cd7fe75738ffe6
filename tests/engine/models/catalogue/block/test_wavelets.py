"""WTConv and the Haar transform."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine.models import network
from engine.models.catalogue.block.wtconv import WtConv, WtConvBlock, haar, inverse_haar
from engine.models.plan import draw
from engine.models.recipe import parse


def test_the_bands_are_those_of_haar() -> None:
    x = torch.randn(1, 2, 4, 6)
    bands = haar(x)
    signs = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2
    for band, (a, b, c, d) in enumerate(signs):
        for row in range(2):
            for column in range(3):
                block = x[:, :, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
                expected = (
                    a * block[..., 0, 0]
                    + b * block[..., 0, 1]
                    + c * block[..., 1, 0]
                    + d * block[..., 1, 1]
                )
                assert torch.allclose(bands[:, band, :, row, column], expected, atol=1e-6)


def test_the_transform_keeps_the_norm_and_comes_back() -> None:
    x = torch.randn(2, 3, 6, 8)
    assert torch.allclose(haar(x).square().sum(), x.square().sum(), rtol=1e-5)
    assert torch.allclose(inverse_haar(haar(x)), x, atol=1e-6)


@pytest.mark.parametrize("size", [(8, 16), (7, 5), (1, 1)])
def test_one_level_whose_kernels_do_nothing_gives_its_input(size: tuple[int, int]) -> None:
    layer: Any = WtConv(3, 3, 1)
    x = torch.randn(2, 3, *size)
    nn.init.zeros_(layer.plain.weight)
    nn.init.zeros_(layer.plain.bias)
    conv, scale = layer.levels[0]
    nn.init.dirac_(conv.weight, groups=conv.groups)
    nn.init.ones_(scale.factor)
    assert torch.allclose(layer(x), x, atol=1e-6)


@pytest.mark.parametrize("size", [(7, 5), (1, 1), (3, 9)])
def test_any_size_goes_through_many_levels(size: tuple[int, int]) -> None:
    x = torch.randn(1, 2, *size)
    found = WtConv(2, 5, 5)(x)
    assert found.shape == x.shape
    assert found.isfinite().all()


def test_the_second_level_is_added_to_the_averages_of_the_first() -> None:
    layer, x = WtConv(2, 3, 2), torch.randn(1, 2, 8, 8)
    first, second = layer.levels
    bands = haar(x)
    deeper_bands = haar(bands[:, 0])
    deeper = inverse_haar(second(deeper_bands.flatten(1, 2)).view_as(deeper_bands))
    worked = first(bands.flatten(1, 2)).view_as(bands)
    averages = worked[:, 0] + deeper
    joined = torch.cat((averages[:, None], worked[:, 1:]), 1)
    assert torch.allclose(layer(x), layer.plain(x) + inverse_haar(joined), atol=1e-6)


def test_it_sees_far_with_small_kernels() -> None:
    layer, x = WtConv(1, 3, 3), torch.randn(1, 1, 32, 32, requires_grad=True)
    layer(x)[0, 0, 16, 16].backward()
    assert x.grad is not None
    rows = x.grad[0, 0].abs().sum(1).nonzero().flatten()
    assert rows.max() - rows.min() + 1 >= 3 * 2**3 - 8


def test_the_block_begins_as_almost_nothing() -> None:
    block, x = WtConvBlock(4), torch.randn(1, 4, 6, 6)
    assert torch.allclose(block(x), x, atol=1e-4)
    assert not torch.equal(block(x), x)


def test_levels_are_fewer_on_smaller_maps() -> None:
    recipe = parse("yolo11n:block=wtconv")
    with torch.device("meta"):
        made = network.build(recipe, draw(recipe))
    found = {
        node.level: len(next(m for m in layer.modules() if isinstance(m, WtConv)).levels)
        for node, layer in zip(made.graph.nodes, made.model, strict=True)
        if node.slot == "block"
    }
    assert found == {2: 5, 3: 4, 4: 3, 5: 2}


@pytest.mark.parametrize(("kernel", "levels"), [(4, 1), (0, 1), (3, 0)])
def test_impossible_kernels_and_levels_are_refused(kernel: int, levels: int) -> None:
    with pytest.raises(ValueError, match=str(kernel if levels else levels)):
        WtConv(2, kernel, levels)
