"""Attention among places against its papers."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from einops import rearrange
from torch import nn
from torch.nn.functional import normalize

from engine.models.catalogue.psa.cga import CascadedGroupAttention
from engine.models.catalogue.psa.diff import DifferentialAttention, PsaDiff
from engine.models.catalogue.psa.hilo import HiLoAttention
from engine.models.catalogue.psa.shsa import PsaShsa, SingleHead
from engine.models.catalogue.psa.swift import AdditiveAttention
from tests.helpers.norms import lively


def plain(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Return the attention of [C, N] with one head, place by place."""
    found = torch.zeros(value.shape[0], query.shape[1])
    for place in range(query.shape[1]):
        scores = torch.stack([query[:, place] @ at for at in key.T]) / math.sqrt(query.shape[0])
        found[:, place] = value @ scores.softmax(0)
    return found


def test_shsa_attends_with_its_first_channels_and_keeps_the_others() -> None:
    layer, x = lively(SingleHead(32, keys=4)), torch.randn(1, 32, 3, 4)
    assert layer.split == [6, 26]
    query, key, value = layer.qkv(layer.norm(x[:, :6]))[0].flatten(1).split([4, 4, 6])
    seen = plain(query, key, value).reshape(1, 6, 3, 4)
    expected = layer.proj(torch.cat((seen, x[:, 6:]), 1).relu())
    assert torch.allclose(layer(x), expected, atol=1e-5)


def test_shvit_has_three_parts() -> None:
    unit = PsaShsa(64, 64, 1).m[0]
    assert [name for name, _ in unit.named_children()] == ["near", "attn", "ffn"]
    with pytest.raises(ValueError, match="none or too many"):
        SingleHead(4)
    with pytest.raises(ValueError, match="0"):
        SingleHead(32, keys=0)


def shuffled(x: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    return x.flatten(2)[..., order].reshape(x.shape)


def test_additive_attention_multiplies_keys_with_one_query() -> None:
    layer, x = AdditiveAttention(4), torch.randn(1, 4, 3, 2)
    query = normalize(layer.query(x)[0].flatten(1), dim=0)
    key = normalize(layer.key(x)[0].flatten(1), dim=0)
    alpha = layer.score.weight.flatten() @ query / 2
    alpha = alpha / alpha.norm()
    whole = sum(alpha[place] * query[:, place] for place in range(6))
    mixed = layer.mix((key * whole[:, None]).reshape(1, 4, 3, 2))
    expected = layer.proj(mixed + query.reshape(1, 4, 3, 2))
    assert torch.allclose(layer(x), expected, atol=1e-5)


def test_additive_attention_knows_no_order() -> None:
    layer, x, order = AdditiveAttention(4), torch.randn(2, 4, 3, 4), torch.randperm(12)
    assert torch.allclose(layer(shuffled(x, order)), shuffled(layer(x), order), atol=1e-5)


def same_twice(layer: DifferentialAttention) -> None:
    """Let both attentions be the same one."""
    query, key, _ = layer.qkv.weight.data.chunk(3)
    for each in (query, key):
        first, second = each.chunk(2)
        second.copy_(first)


def test_two_equal_attentions_cancel() -> None:
    layer, x = DifferentialAttention(16, 1).eval(), torch.randn(2, 16, 3, 4)
    same_twice(layer)
    nn.init.zeros_(layer.lambdas)
    layer.start = 1.0
    assert float(layer.weight().detach()) == 1
    expected = layer.proj(layer.pe(layer.qkv(x).chunk(3, 1)[2]))
    assert torch.allclose(layer(x), expected, atol=1e-4)


def test_the_difference_is_normalised_for_each_head() -> None:
    layer, x = lively(DifferentialAttention(8, 2)), torch.randn(1, 8, 3, 4)
    assert layer.heads == 1
    nn.init.normal_(layer.scale)
    query, key, value = layer.qkv(x)[0].flatten(1).chunk(3)
    signal, noise = (
        plain(one, two, value) for one, two in zip(query.chunk(2), key.chunk(2), strict=True)
    )
    start = 0.8 - 0.6 * math.exp(-0.3)
    lambdas = layer.lambdas.detach()
    weight = float((lambdas[0] @ lambdas[1]).exp() - (lambdas[2] @ lambdas[3]).exp()) + start
    seen = signal - weight * noise
    seen = seen / (seen.square().mean(0) + 1e-5).sqrt() * (1 - start) * layer.scale[:, None]
    expected = layer.proj(seen.reshape(x.shape) + layer.pe(value.reshape(x.shape)))
    assert torch.allclose(layer(x), expected, atol=1e-5)


def test_later_units_take_away_more() -> None:
    units: Any = PsaDiff(32, 32, 3).m
    starts = [unit.attn[1].start for unit in units]
    assert starts == pytest.approx([0.2, 0.8 - 0.6 * math.exp(-0.3), 0.8 - 0.6 * math.exp(-0.6)])
    with pytest.raises(ValueError, match="7"):
        PsaDiff(14, 14, 1)


def test_heads_of_a_cascade_know_the_ones_before() -> None:
    layer = lively(CascadedGroupAttention(8, heads=4, kernel=3, keys=2))
    layer.act, layer.proj = nn.Identity(), nn.Identity()
    x = torch.randn(1, 8, 3, 4, requires_grad=True)
    found = layer(x)
    for head in range(4):
        (slope,) = torch.autograd.grad(
            found[:, 2 * head : 2 * head + 2].sum(), x, retain_graph=True
        )
        known = slope.abs().sum((0, 2, 3)) > 0
        assert known.tolist() == [channel < 2 * head + 2 for channel in range(8)]


def test_each_head_of_a_cascade_is_an_attention() -> None:
    layer = lively(CascadedGroupAttention(6, heads=2, kernel=3, keys=2))
    layer.act, layer.proj = nn.Identity(), nn.Identity()
    x = torch.randn(1, 6, 3, 4)
    given, found = torch.zeros(1, 3, 3, 4), []
    for part, qkv, near in zip(x.chunk(2, 1), layer.qkv, layer.near, strict=True):
        query, key, value = qkv(part + given).split([2, 2, 3], 1)
        seen = plain(near(query)[0].flatten(1), key[0].flatten(1), value[0].flatten(1))
        given = seen.reshape(1, 3, 3, 4)
        found.append(given)
    assert torch.allclose(layer(x), torch.cat(found, 1), atol=1e-5)
    with pytest.raises(ValueError, match="5 heads"):
        CascadedGroupAttention(6, heads=5)
    with pytest.raises(ValueError, match="4 is not odd"):
        CascadedGroupAttention(6, heads=3, kernel=4)


def test_heads_of_hilo_that_look_closely_stay_within_windows() -> None:
    layer, x = HiLoAttention(64, 0.5), torch.randn(1, 64, 5, 3)
    assert (layer.near_heads, layer.far_heads) == (1, 1)
    made = layer.near_qkv(x)
    expected = torch.zeros(1, 32, 5, 3)
    for top in range(0, 5, 2):
        for left in range(0, 3, 2):
            window = made[0, :, top : top + 2, left : left + 2]
            seen = plain(*window.flatten(1).chunk(3))
            expected[0, :, top : top + 2, left : left + 2] = seen.reshape(32, *window.shape[1:])
    assert torch.allclose(layer(x)[:, :32], layer.near_proj(expected), atol=1e-5)


def test_heads_of_hilo_that_look_far_see_means_of_windows() -> None:
    layer, x = HiLoAttention(64, 0.5), torch.randn(1, 64, 5, 3)
    means = nn.functional.avg_pool2d(x, 2, ceil_mode=True, count_include_pad=False)
    key, value = layer.far_kv(means)[0].flatten(1).chunk(2)
    seen = plain(layer.far_q(x)[0].flatten(1), key, value)
    expected = layer.far_proj(rearrange(seen, "c (h w) -> 1 c h w", h=5))
    assert torch.allclose(layer(x)[:, 32:], expected, atol=1e-5)


@pytest.mark.parametrize(("alpha", "far"), [(0.0, 1), (0.5, 4), (0.9, 7), (1.0, 7)])
def test_hilo_has_both_kinds_of_heads(alpha: float, far: int) -> None:
    assert HiLoAttention(256, alpha).far_heads == far


def test_impossible_shares_and_windows_are_refused() -> None:
    with pytest.raises(ValueError, match="1.5"):
        HiLoAttention(64, 1.5)
    with pytest.raises(ValueError, match="0"):
        HiLoAttention(64, window=0)
    with pytest.raises(ValueError, match="7"):
        HiLoAttention(7)
