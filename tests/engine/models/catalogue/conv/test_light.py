"""Convolutions that are cheaper than a full one."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from engine.models.catalogue.conv.dsconv import DepthWiseSeparable
from engine.models.catalogue.conv.dwconv import DepthWise
from engine.models.catalogue.conv.ghost import GhostModule
from engine.models.catalogue.conv.light import Light
from tests.helpers.norms import lively


def weights(module: nn.Module) -> int:
    """Return how many weights the convolutions of a layer have."""
    layers = [each for each in module.modules() if isinstance(each, nn.Conv2d)]
    return sum(each.weight.numel() for each in layers)


@pytest.mark.parametrize(("c_in", "c_out"), [(8, 8), (8, 12), (6, 3)])
def test_what_each_costs(c_in: int, c_out: int) -> None:
    # Section 3.1 of MobileNets and 3.1 of GhostNet.
    assert weights(DepthWiseSeparable(c_in, c_out)) == 9 * c_in + c_in * c_out
    assert weights(Light(c_in, c_out)) == c_in * c_out + 9 * c_out
    few = -(-c_out // 2)
    assert weights(GhostModule(c_in, c_out)) == 9 * c_in * few + 9 * few


def seen_channels(layer: Any, c_in: int) -> torch.Tensor:  # noqa: ANN401 - of several kinds
    """Return [out, in]: which channels out change with which channel in."""
    x = torch.randn(1, c_in, 5, 5)
    before = layer(x)
    changed = []
    for channel in range(c_in):
        other = x.clone()
        other[:, channel] += 1
        changed.append((layer(other) - before).abs().amax((0, 2, 3)) > 1e-6)
    return torch.stack(changed, 1)


def test_a_depth_wise_convolution_keeps_channels_apart() -> None:
    assert torch.equal(seen_channels(lively(DepthWise(4, 4)), 4), torch.eye(4).bool())
    halves = seen_channels(lively(DepthWise(4, 2)), 4)
    assert halves.tolist() == [[True, True, False, False], [False, False, True, True]]


@pytest.mark.parametrize("kind", [DepthWiseSeparable, Light, GhostModule])
def test_the_others_mix_them(kind: type) -> None:
    assert seen_channels(lively(kind(4, 6)), 4).all()


@pytest.mark.parametrize("kind", [DepthWise, DepthWiseSeparable, Light, GhostModule])
def test_each_sees_its_neighbours(kind: type) -> None:
    layer, x = lively(kind(4, 4)), torch.zeros(1, 4, 9, 9)
    other = x.clone()
    other[..., 4, 4] = 1
    changed = (layer(other) - layer(x)).abs().amax((0, 1)) > 1e-6
    assert changed[3:6, 3:6].all()


def test_light_convolutions_activate_once_and_separable_ones_twice() -> None:
    light, separable, x = (
        lively(Light(4, 6)),
        lively(DepthWiseSeparable(4, 6)),
        torch.randn(1, 4, 5, 6),
    )
    silu = nn.functional.silu
    first = light.conv1.bn(light.conv1.conv(x))
    assert torch.allclose(light(x), silu(light.conv2.bn(light.conv2.conv(first))))
    first = silu(separable.depthwise.bn(separable.depthwise.conv(x)))
    second = separable.pointwise
    assert torch.allclose(separable(x), silu(second.bn(second.conv(first))))


@pytest.mark.parametrize(("c_out", "ratio"), [(8, 2), (7, 2), (8, 3), (9, 4)])
def test_ghosts_are_made_from_the_first_channels(c_out: int, ratio: int) -> None:
    layer, x = lively(GhostModule(3, c_out, ratio=ratio)), torch.randn(1, 3, 5, 6)
    few = -(-c_out // ratio)
    y = layer(x)
    assert y.shape == (1, c_out, 5, 6)
    assert torch.equal(y[:, :few], layer.primary(x))
    assert torch.equal(y[:, few:], layer.cheap(y[:, :few])[:, : c_out - few])


@pytest.mark.parametrize("options", [{"ratio": 1}, {"kernel": 2}, {"kernel": 0}])
def test_ghosts_refuse_what_makes_no_sense(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=str(*options.values())):
        GhostModule(8, 8, **options)
