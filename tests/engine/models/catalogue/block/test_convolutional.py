"""Blocks of convolutions against their papers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, gelu, pad, silu

from engine.models.catalogue.block.c3ghost import CspGhost
from engine.models.catalogue.block.convmixer import ConvMixerLayer
from engine.models.catalogue.block.dsc3k2 import DsBottleneck
from engine.models.catalogue.block.dwr import CspDwr, DwrBlock
from engine.models.catalogue.block.fcm import FcmBlock
from engine.models.catalogue.block.gconv import GConvBlock
from engine.models.catalogue.block.man import MixedAggregation
from engine.models.catalogue.block.star import StarBlock
from engine.models.catalogue.block.vovgscsp import HalfDepthwise, VovGsCsp
from tests.helpers.norms import lively


def normed(layer: Any, x: torch.Tensor, groups: int = 1, dilation: int = 1) -> torch.Tensor:  # noqa: ANN401
    """Return what a convolution and its normalisation give, written out."""
    weight, norm = layer.conv.weight, layer.bn
    reach = (weight.shape[-1] // 2) * dilation
    y = conv2d(x, weight, padding=reach, groups=groups, dilation=dilation)
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    centred = y - norm.running_mean[:, None, None]
    found: torch.Tensor = centred * scale[:, None, None] + norm.bias[:, None, None]
    return found


def test_a_star_block_multiplies_two_projections() -> None:
    block, x = lively(StarBlock(4, 3)), torch.randn(2, 4, 9, 6)
    y = normed(block.dw1, x, groups=4)
    first = conv2d(y, block.f1.weight, block.f1.bias)
    second = conv2d(y, block.f2.weight, block.f2.bias)
    assert first.shape[1] == 12
    narrow = normed(block.g, first.clamp(0, 6) * second)
    last = conv2d(narrow, block.dw2.weight, block.dw2.bias, padding=3, groups=4)
    assert torch.allclose(block(x), x + last, atol=1e-5)
    with pytest.raises(ValueError, match="ratio 0"):
        StarBlock(4, 0)


def test_dwr_filters_regions_at_three_distances() -> None:
    block, x = lively(DwrBlock(8)), torch.randn(2, 8, 13, 12)
    region = normed(block.region, x).relu()
    found = [
        normed(branch, region, groups=4, dilation=dilation)
        for branch, dilation in zip(block.branches, (1, 3, 5), strict=True)
    ]
    assert [each.shape[1] for each in found] == [8, 4, 4]
    expected = x + conv2d(torch.cat(found, 1), block.join.weight, block.join.bias)
    assert torch.allclose(block(x), expected, atol=1e-5)


def test_dwr_refuses_odd_channels() -> None:
    with pytest.raises(ValueError, match="7 channels"):
        CspDwr(8, 14, 1, 0.5)


def test_fcm_weighs_each_share_by_the_other() -> None:
    block, x = lively(FcmBlock(8)), torch.randn(2, 8, 6, 7)
    meaning = x[:, :6]
    for conv in block.meaning:
        meaning = silu(normed(conv, meaning))
    position = silu(normed(block.position, x[:, 6:]))
    places = block.places(position)
    assert places.shape == (2, 1, 6, 7)
    dw = block.channels[0]
    seen = conv2d(meaning, dw.weight, dw.bias, padding=1, groups=8)
    weights = seen.mean((2, 3), keepdim=True).sigmoid()
    assert torch.allclose(block(x), meaning * places + position * weights, atol=1e-5)


@pytest.mark.parametrize("share", [0.0, 0.05, 1.0])
def test_fcm_refuses_empty_shares(share: float) -> None:
    with pytest.raises(ValueError, match=str(share)):
        FcmBlock(8, share)


def test_convmixer_mixes_places_with_a_shortcut_and_channels_without() -> None:
    layer: Any = lively(ConvMixerLayer(4, 5))
    x = torch.randn(2, 4, 7, 6)
    conv, _, norm = layer.places
    y = x + norm(gelu(conv2d(x, conv.weight, conv.bias, padding=2, groups=4)))
    conv, _, norm = layer.channels
    assert torch.allclose(layer(x), norm(gelu(conv2d(y, conv.weight, conv.bias))), atol=1e-5)
    with pytest.raises(ValueError, match="kernel 4"):
        ConvMixerLayer(4, 4)


@pytest.mark.parametrize("size", [(6, 5), (1, 2)])
def test_gconv_is_a_gated_convolution_with_repeated_edges(size: tuple[int, int]) -> None:
    block, x = lively(GConvBlock(3)), torch.randn(2, 3, *size)
    y = block.norm(x)
    value = conv2d(y, block.value.weight, block.value.bias)
    value = pad(value, [2] * 4, mode="replicate")
    value = conv2d(value, block.near.weight, block.near.bias, groups=3)
    gate = conv2d(y, block.gate.weight, block.gate.bias).sigmoid()
    expected = x + conv2d(value * gate, block.project.weight, block.project.bias)
    assert torch.allclose(block(x), expected, atol=1e-5)


def test_a_separable_bottleneck_normalises_behind_its_point_wise_convolutions() -> None:
    block, x = lively(DsBottleneck(4)), torch.randn(2, 4, 8, 9)
    y = x
    for layer, reach in ((block.first, 1), (block.second, 3)):
        y = conv2d(y, layer.places.weight, padding=reach, groups=4)
        y = silu(normed(layer.channels, y))
    assert torch.allclose(block(x), x + y, atol=1e-5)


def test_gsconv_puts_dense_and_cheap_channels_in_turn() -> None:
    layer, x = lively(HalfDepthwise(6, 3)), torch.randn(1, 6, 5, 5)
    dense = silu(normed(layer.dense, x))
    cheap = silu(normed(layer.cheap, dense, groups=3))
    found = layer(x)
    assert torch.allclose(found[:, ::2], dense, atol=1e-5)
    assert torch.allclose(found[:, 1::2], cheap, atol=1e-5)


def test_vovgscsp_joins_the_last_bottleneck_and_the_other_half() -> None:
    block, x = lively(VovGsCsp(6, 10, 2, 0.4)), torch.randn(2, 6, 5, 6)
    y = block.cv1(x)
    for each in block.m:
        y = each.work[1](each.work[0](y)) + normed(each.shortcut, y)
    expected = block.cv3(torch.cat((block.cv2(x), y), 1))
    assert torch.allclose(block(x), expected, atol=1e-5)
    with pytest.raises(ValueError, match="3 channels"):
        VovGsCsp(6, 6, 1, 0.5)


def test_man_joins_its_three_ways() -> None:
    block, x = lively(MixedAggregation(6, 8, 2, 0.5)), torch.randn(1, 6, 7, 6)
    both = silu(normed(block.cv1, x))
    assert both.shape[1] == 8
    wide, spread, narrow = block.separable
    assert (wide.conv.out_channels, spread.conv.groups) == (16, 16)
    separable = narrow(silu(normed(spread, wide(both), groups=16)))
    parts = [block.point(both), separable, both[:, :4], both[:, 4:]]
    for unit in block.m:
        parts.append(parts[-1] + unit.cv2(unit.cv1(parts[-1])))
    assert torch.allclose(block(x), block.cv2(torch.cat(parts, 1)), atol=1e-5)


@pytest.mark.parametrize("options", [{"kernel": 2}, {"widen": 0}])
def test_man_refuses_what_it_cannot_be(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=str(next(iter(options.values())))):
        MixedAggregation(4, 4, 1, 0.5, **options)


def test_ghost_bottlenecks_need_channels_that_can_be_halved_twice() -> None:
    block: Any = CspGhost(8, 16, 2, 0.5)
    assert len(block.m) == 2
    assert block(torch.randn(1, 8, 3, 5)).shape == (1, 16, 3, 5)
    with pytest.raises(ValueError, match="6 channels"):
        CspGhost(8, 12, 1, 0.5)


def test_the_frames_keep_height_and_width() -> None:
    for block in (VovGsCsp(4, 8, 1, 0.5), MixedAggregation(4, 8, 1, 0.5), CspDwr(4, 8, 1, 0.5)):
        module: nn.Module = block.eval()
        assert module(torch.randn(1, 4, 3, 1)).shape == (1, 8, 3, 1)
