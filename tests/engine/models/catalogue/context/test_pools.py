"""Maxima in windows and what stands around them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from ultralytics.nn.modules import SPPF

from engine.models.catalogue.context.simsppf import ChainedPools, SimCspSppf, SimSppf
from engine.models.catalogue.context.spp import Pools, Spp
from engine.models.catalogue.context.sppcspc import SppCspC
from engine.models.catalogue.context.sppflska import SppfLska
from tests.helpers.norms import lively


def test_windows_are_of_5_9_and_13_around_each_pixel() -> None:
    x = torch.randn(1, 1, 15, 16)
    found = Pools()(x)
    assert torch.equal(found[:, :1], x)
    for part, reach in enumerate((2, 4, 6), start=1):
        for row, column in ((0, 0), (7, 8), (14, 3)):
            window = x[0, 0, max(0, row - reach) : row + reach + 1]
            window = window[:, max(0, column - reach) : column + reach + 1]
            assert found[0, part, row, column] == window.max()


def test_pooling_three_times_is_the_same_windows() -> None:
    x = torch.randn(2, 3, 9, 14)
    assert torch.equal(ChainedPools()(x), Pools()(x))


def as_stock(layer: nn.Module, act: nn.Module) -> nn.Module:
    """Return ultralytics' layer with the weights of ours and one activation everywhere."""
    stock = SPPF(8, 12).eval()
    state = {key: value for key, value in layer.state_dict().items() if key.startswith("cv")}
    stock.load_state_dict(state)
    stock.cv1.act = stock.cv2.act = act
    made: nn.Module = stock
    return made


def test_simsppf_is_sppf_with_relu() -> None:
    layer, x = lively(SimSppf(8, 12)), torch.randn(2, 8, 7, 9)
    assert torch.equal(layer(x), as_stock(layer, nn.ReLU())(x))


def test_sppf_lska_is_sppf_where_the_attention_is_one() -> None:
    layer, x = lively(SppfLska(8, 12)), torch.randn(2, 8, 7, 9)
    expected = as_stock(layer, nn.SiLU())(x)
    assert (layer(x) - expected).abs().max() > 1e-3
    nn.init.zeros_(layer.attention.mix.weight)
    nn.init.ones_(layer.attention.mix.bias)
    assert torch.allclose(layer(x), expected, atol=1e-6)


@pytest.mark.parametrize("make", [SppCspC, SimCspSppf])
def test_one_branch_pools_and_the_other_is_a_single_convolution(make: type[nn.Module]) -> None:
    layer, x = lively(make(8, 12)), torch.randn(1, 8, 9, 9)
    one, two = layer.long(x), layer.short(x)
    joined = {layer.join(torch.cat(pair, 1)) for pair in ((one, two), (two, one))}
    assert any(torch.equal(layer(x), each) for each in joined)
    changed = x.clone()
    changed[..., 0, 0] += 10
    assert (layer.short(changed) != two).any(1).sum() == 1
    assert (layer.long(changed) != one).any(1).sum() > 20


def test_pools_stand_between_six_convolutions() -> None:
    layer: Any = Spp(8, 12)
    sides = [each.conv.kernel_size[0] for each in layer if not isinstance(each, Pools)]
    assert sides == [1, 3, 1, 1, 3, 1]
    assert SppCspC(8, 12, expansion=0.5).join.conv.in_channels == 12


@pytest.mark.parametrize("kernel", [0, 2, -1])
def test_even_windows_are_refused(kernel: int) -> None:
    with pytest.raises(ValueError, match=str(kernel)):
        SimSppf(8, 8, kernel=kernel)
    with pytest.raises(ValueError, match=str(kernel)):
        SppfLska(8, 8, kernel=kernel)


@pytest.mark.parametrize("make", [SppCspC, SimCspSppf])
def test_no_channels_inside_are_refused(make: type[nn.Module]) -> None:
    with pytest.raises(ValueError, match="none inside"):
        make(8, 8, expansion=0.01)
