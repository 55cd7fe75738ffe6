"""Blocks that weigh what they are given, against their papers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, conv2d, interpolate

from engine.models.catalogue.block.cas import AdditiveAttention, AdditiveBlock
from engine.models.catalogue.block.pki import ContextAnchor, CspPki, PkiBlock
from engine.models.catalogue.block.scconv import (
    ChannelReconstruction,
    CspScConv,
    SpatialReconstruction,
)
from engine.models.catalogue.block.scnet import ScBottleneck, SelfCalibrated
from engine.models.catalogue.block.strip import StripAttention, StripBlock
from tests.helpers.norms import lively


def test_additive_attention_adds_queries_and_keys() -> None:
    layer, x = lively(AdditiveAttention(4)), torch.randn(2, 4, 6, 5)
    q, k, v = conv2d(x, layer.qkv.weight).chunk(3, 1)
    weighed = []
    for each, gates in ((q, layer.query), (k, layer.key)):
        near, norm, _, point, _ = gates.places
        seen = norm(conv2d(each, near.weight, near.bias, padding=1, groups=4)).relu()
        each = each * conv2d(seen, point.weight).sigmoid()
        mean = each.mean((2, 3), keepdim=True)
        weighed.append(each * conv2d(mean, gates.channels[1].weight).sigmoid())
    expected = layer.project(layer.context(weighed[0] + weighed[1]) * v)
    assert torch.allclose(layer(x), expected, atol=1e-5)


def test_an_additive_block_has_three_shortcuts() -> None:
    block: Any = lively(AdditiveBlock(4))
    x = torch.randn(1, 4, 5, 5)
    for last in (block.local[-1], block.attention[1].project, block.mlp[1].fc2):
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
    assert torch.equal(block(x), x)


def test_the_context_anchor_is_pooling_and_two_strips() -> None:
    layer: Any = ContextAnchor(3, 5)
    x = torch.randn(1, 3, 8, 9)
    _, first, (across, down), second, _ = layer.weigh
    y = conv2d(avg_pool2d(x, 7, 1, 3), first.weight, first.bias)
    y = conv2d(y, across.weight, across.bias, padding=(0, 2), groups=3)
    y = conv2d(y, down.weight, down.bias, padding=(2, 0), groups=3)
    expected = conv2d(y, second.weight, second.bias).sigmoid()
    assert torch.allclose(layer(x), expected, atol=1e-6)
    assert (across.kernel_size, down.kernel_size) == ((1, 5), (5, 1))


def test_poly_kernels_run_behind_the_small_one() -> None:
    mixer, x = lively(PkiBlock(4)).mixer, torch.randn(1, 4, 6, 6)
    y = mixer.pre(x)
    local = conv2d(y, mixer.small.weight, padding=1, groups=4)
    total = local
    for wide, side in zip(mixer.wide, (5, 7, 9, 11), strict=True):
        total = total + conv2d(local, wide.weight, padding=side // 2, groups=4)
    mixed = mixer.mix(total)
    expected = mixer.post(mixed * (1 + mixer.anchor(y)))
    assert torch.allclose(mixer(x), expected, atol=1e-5)


def test_the_gate_of_pki_weighs_channels_by_their_mean() -> None:
    ffn, x = PkiBlock(4, ratio=2).ffn, torch.randn(1, 4, 5, 5)
    u = ffn.widen(x)
    assert u.shape[1] == 8
    assert torch.allclose(ffn(x), ffn.narrow(u * u.mean((2, 3), keepdim=True).sigmoid()))


def test_strips_of_pki_grow_from_block_to_block() -> None:
    blocks: Any = CspPki(8, 8, 3, 0.5, strip=7).m
    assert [each.mixer.anchor.weigh[2][0].kernel_size for each in blocks] == [
        (1, 7),
        (1, 9),
        (1, 11),
    ]
    with pytest.raises(ValueError, match="ratio 0"):
        PkiBlock(4, ratio=0)


def test_strip_attention_multiplies_its_input() -> None:
    layer: Any = StripAttention(3, 7)
    x = torch.randn(2, 3, 9, 10)
    near, (across, down), point = layer.weigh
    y = conv2d(x, near.weight, near.bias, padding=2, groups=3)
    y = conv2d(y, across.weight, across.bias, padding=(0, 3), groups=3)
    y = conv2d(y, down.weight, down.bias, padding=(3, 0), groups=3)
    expected = x * conv2d(y, point.weight, point.bias)
    assert torch.allclose(layer(x), expected, atol=1e-6)


def test_a_strip_sees_as_far_as_it_is_long() -> None:
    layer, x = StripAttention(1, 19), torch.randn(1, 1, 31, 31, requires_grad=True)
    layer(x)[0, 0, 15, 15].backward()
    assert x.grad is not None
    rows = x.grad[0, 0].abs().sum(1).nonzero().flatten()
    assert rows.max() - rows.min() + 1 == 19 + 4


def test_a_strip_block_has_a_shortcut_of_its_normalised_input() -> None:
    block: Any = lively(StripBlock(4))
    x = torch.randn(1, 4, 6, 6)
    nn.init.zeros_(block.attention[-1].weight)
    nn.init.zeros_(block.attention[-1].bias)
    nn.init.zeros_(block.mlp[-1].factor)
    assert torch.allclose(block(x), x + 0.01 * block.norm1(x), atol=1e-6)
    with pytest.raises(ValueError, match="ratio 0"):
        StripBlock(4, ratio=0)


@pytest.mark.parametrize("size", [(8, 12), (5, 3), (1, 1)])
def test_self_calibration_weighs_by_a_smaller_copy(size: tuple[int, int]) -> None:
    layer, x = lively(SelfCalibrated(4)), torch.randn(2, 4, *size)
    small = avg_pool2d(x, 4, 4, ceil_mode=True)
    gate = (x + interpolate(layer.k2(small), size)).sigmoid()
    assert torch.allclose(layer(x), layer.k4(layer.k3(x) * gate), atol=1e-6)


def test_a_self_calibrated_bottleneck_has_two_halves() -> None:
    block, x = lively(ScBottleneck(8)), torch.randn(1, 8, 6, 6)
    halves = block.first(x), block.second(x)
    assert [each.shape[1] for each in halves] == [4, 4]
    assert all((each >= 0).all() for each in halves)
    assert torch.allclose(block(x), (x + block.join(torch.cat(halves, 1))).relu(), atol=1e-6)
    with pytest.raises(ValueError, match="pooling 0"):
        ScBottleneck(8, 0)


def test_spatial_reconstruction_is_its_equations() -> None:
    layer, x = SpatialReconstruction(8, 2), torch.randn(2, 8, 4, 5)
    nn.init.uniform_(layer.norm.weight, 0.5, 2)
    weight = layer.norm.weight / layer.norm.weight.sum()
    gate = (layer.norm(x) * weight[:, None, None]).sigmoid()
    one, two = gate.clone(), gate.clone()
    one[gate > 0.5], two[gate > 0.5] = 1, 0
    one, two = one * x, two * x
    expected = torch.cat((one[:, :4] + two[:, 4:], one[:, 4:] + two[:, :4]), 1)
    assert torch.allclose(layer(x), expected, atol=1e-6)


def test_reconstruction_of_open_gates_is_the_input() -> None:
    layer, x = SpatialReconstruction(8, 2, threshold=0.0), torch.randn(1, 8, 3, 3)
    assert torch.equal(layer(x), x)


def test_channel_reconstruction_weighs_both_ways_by_channel() -> None:
    layer, x = ChannelReconstruction(8), torch.randn(2, 8, 5, 4)
    high, low = layer.squeeze_upper(x[:, :4]), layer.squeeze_lower(x[:, 4:])
    assert (high.shape[1], low.shape[1]) == (2, 2)
    rich = layer.near(high) + layer.point(high)
    cheap = torch.cat((layer.cheap(low), low), 1)
    first, second = (each.mean((2, 3), keepdim=True).exp() for each in (rich, cheap))
    expected = (first * rich + second * cheap) / (first + second)
    assert torch.allclose(layer(x), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "match"), [({"groups": 3}, "3 groups"), ({"alpha": 0.01}, "0.01")]
)
def test_scconv_refuses_what_it_cannot_be(options: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        CspScConv(16, 16, 1, 0.5, **options)
