"""The MetaFormer family: its mixers and the block around them."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine.models.catalogue.block.caformer import CspCaFormer
from engine.models.catalogue.block.convformer import CspConvFormer
from engine.models.catalogue.block.identityformer import CspIdentityFormer
from engine.models.catalogue.block.metaformer import (
    Attention,
    MetaFormerBlock,
    Pooling,
    RandomMixing,
    SepConv,
    baseline,
    mixer_of,
)
from engine.models.catalogue.block.metaformercglu import CspMetaFormerCglu
from engine.models.catalogue.block.poolformer import CspPoolFormer
from engine.models.catalogue.block.randformer import CspRandFormer
from engine.models.parts.glu import ConvolutionalGlu


def array(x: torch.Tensor) -> np.ndarray:
    return x.detach().double().numpy()


def test_separable_convolution_is_three_convolutions_without_biases() -> None:
    layer, x = SepConv(4), torch.randn(1, 4, 9, 8)
    middle = layer.act(nn.functional.conv2d(x, layer.wide.weight))
    assert middle.shape[1] == 8
    middle = nn.functional.conv2d(middle, layer.near.weight, padding=3, groups=8)
    assert torch.allclose(layer(x), nn.functional.conv2d(middle, layer.narrow.weight))
    assert len(list(layer.parameters())) == 5


def test_attention_is_its_formula() -> None:
    layer, x = Attention(6, head=3), torch.randn(1, 6, 2, 3)
    assert layer.heads == 2
    q, k, v = array(layer.qkv(x))[0].reshape(3, 2, 3, 6)
    seen = np.zeros((2, 3, 6))
    for head in range(2):
        for place in range(6):
            logits = q[head, :, place] @ k[head] / math.sqrt(3)
            share = np.exp(logits - logits.max())
            seen[head, :, place] = v[head] @ (share / share.sum())
    expected = array(layer.join.weight)[:, :, 0, 0] @ seen.reshape(6, 6)
    assert np.abs(array(layer(x))[0].reshape(6, 6) - expected).max() < 1e-5


def test_attention_does_not_care_where_places_are() -> None:
    layer, x = Attention(8), torch.randn(1, 8, 3, 4)
    order = torch.randperm(12)
    moved = x.flatten(2)[..., order].view_as(x)
    expected = layer(x).flatten(2)[..., order].view_as(x)
    assert torch.allclose(layer(moved), expected, atol=1e-6)


def test_pooling_is_the_mean_of_what_is_inside_minus_itself() -> None:
    x = torch.randn(1, 2, 4, 5)
    y = Pooling(2)(x)
    for row in range(4):
        for column in range(5):
            around = x[..., max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
            expected = around.mean((2, 3)) - x[..., row, column]
            assert torch.allclose(y[..., row, column], expected, atol=1e-6)
    assert Pooling(2)(torch.full((1, 2, 3, 3), 2.5)).abs().max() < 1e-6


def test_random_mixing_is_the_papers_at_its_own_size() -> None:
    layer, x = RandomMixing(3, 4), torch.randn(2, 3, 4, 4)
    share = layer.logits.exp() / layer.logits.exp().sum(1, keepdim=True)
    expected = torch.einsum("ts,bcs->bct", share, x.flatten(2)).view_as(x)
    assert torch.allclose(layer(x), expected, atol=1e-6)
    assert not list(layer.parameters())
    assert layer.logits.min() >= 0
    assert layer.logits.max() <= 1


@pytest.mark.parametrize("size", [(1, 1), (3, 7), (4, 5), (9, 2)])
def test_random_mixing_takes_any_size(size: tuple[int, int]) -> None:
    layer, places = RandomMixing(3, 4), size[0] * size[1]
    weights = layer.weights(*size)
    assert weights.shape == (places, places)
    assert torch.allclose(weights.sum(1), torch.ones(places), atol=1e-5)
    assert layer(torch.randn(2, 3, *size)).shape == (2, 3, *size)
    constant = layer(torch.full((1, 3, *size), 1.5))
    assert torch.allclose(constant, torch.full_like(constant, 1.5), atol=1e-5)


def test_random_mixing_keeps_who_takes_from_whom_when_it_grows() -> None:
    layer = RandomMixing(1, 2)
    # Each place of the small map looks at the one place opposite to it.
    layer.logits = 50 * torch.eye(4).flip(0)
    weights = layer.weights(4, 4).view(4, 4, 4, 4)
    assert weights[0, 0, 2:, 2:].sum() > 0.99
    assert weights[0, 3, 2:, :2].sum() > 0.99
    assert weights[3, 3, :2, :2].sum() > 0.99


def test_a_block_is_two_scaled_residuals() -> None:
    block: Any = MetaFormerBlock(
        6, Pooling, partial(nn.Conv2d, 6, kernel_size=1), kept=True, added=0.5
    )  # fmt: skip
    for each in (block.keep1, block.keep2):
        nn.init.normal_(each.factor)
    x = torch.randn(2, 6, 4, 5)
    y = block.keep1.factor * x + 0.5 * block.mixer(block.norm1(x))
    expected = block.keep2.factor * y + 0.5 * block.mlp(block.norm2(y))
    assert torch.allclose(block(x), expected, atol=1e-6)


def test_baselines_scale_residuals_from_the_third_stage_on_and_have_no_biases() -> None:
    shallow: Any = baseline(8, SepConv, 3)
    deep: Any = baseline(8, SepConv, 4)
    assert isinstance(shallow.keep1, nn.Identity)
    assert torch.equal(deep.keep1.factor, torch.ones(8, 1, 1))
    assert isinstance(deep.add1, nn.Identity)
    named = [name for name, _ in deep.named_parameters() if name.endswith("bias")]
    # Those of StarReLU alone.
    assert named == ["mixer.act.bias", "mlp.act.bias"]


def mixers(made: Any) -> set[type]:  # noqa: ANN401 - blocks of several kinds
    return {type(unit.mixer) for unit in made.m}


@pytest.mark.parametrize(
    ("kind", "shallow", "deep"),
    [
        (CspConvFormer, SepConv, SepConv),
        (CspCaFormer, SepConv, Attention),
        (CspIdentityFormer, nn.Identity, nn.Identity),
        (CspRandFormer, nn.Identity, RandomMixing),
        (partial(CspMetaFormerCglu, mixer="attention"), SepConv, Attention),
        (partial(CspMetaFormerCglu, mixer="pooling"), Pooling, Pooling),
        (CspMetaFormerCglu, SepConv, SepConv),
    ],
)
def test_each_network_mixes_its_own_way(kind: Any, shallow: type, deep: type) -> None:  # noqa: ANN401
    assert mixers(kind(8, 16, 2, 0.5, 2)) == mixers(kind(8, 16, 2, 0.5, 3)) == {shallow}
    assert mixers(kind(8, 16, 2, 0.5, 4)) == mixers(kind(8, 16, 2, 0.5, 6)) == {deep}


def test_random_mixing_has_the_papers_grids() -> None:
    grids = []
    for level in (4, 5):
        unit: Any = CspRandFormer(8, 16, 1, 0.5, level).m[0]
        grids.append(unit.mixer.grid)
    assert grids == [14, 7]


def test_an_unknown_mixer_is_refused() -> None:
    with pytest.raises(ValueError, match="sepconv, attention"):
        mixer_of("fourier", 3)


def test_poolformer_begins_close_to_doing_nothing() -> None:
    unit: Any = CspPoolFormer(8, 16, 1, 0.5).m[0]
    x = torch.randn(2, 8, 5, 5)
    assert 0 < (unit(x) - x).abs().max() < 1e-3
    assert isinstance(unit.norm1, nn.GroupNorm)
    assert unit.norm1.num_groups == 1


def test_gated_blocks_have_the_gate_in_the_place_of_the_perceptron() -> None:
    unit: Any = CspMetaFormerCglu(8, 16, 1, 0.5, 4).m[0]
    assert isinstance(unit.mlp, ConvolutionalGlu)
    assert not isinstance(unit.keep1, nn.Identity)
