"""Attention that weighs places: CoordAtt, GAM, Triplet, Shuffle attention, EMA, SGE, GC, A2."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from engine.models.catalogue.attention.a2 import DoubleAttention
from engine.models.catalogue.attention.coordatt import CoordAtt
from engine.models.catalogue.attention.ema import Ema
from engine.models.catalogue.attention.gam import Gam
from engine.models.catalogue.attention.gc import GlobalContext
from engine.models.catalogue.attention.sge import SpatialGroupEnhance
from engine.models.catalogue.attention.shuffleatt import ShuffleAtt
from engine.models.catalogue.attention.triplet import Triplet


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-x)))


def softmax(x: np.ndarray, axis: int) -> np.ndarray:
    raised = np.exp(x - x.max(axis, keepdims=True))
    return np.asarray(raised / raised.sum(axis, keepdims=True))


def affine(layer: nn.Conv2d | nn.Linear, x: np.ndarray) -> np.ndarray:
    """Return W x + b of columns [C, N]."""
    weight = layer.weight.detach().double().flatten(1).numpy()
    assert layer.bias is not None
    return np.asarray(weight @ x + layer.bias.detach().double().numpy()[:, None])


def test_coordatt_has_a_weight_for_each_row_and_each_column() -> None:
    layer, x = CoordAtt(16).eval(), torch.randn(1, 16, 5, 8)
    for weight in (layer(x) / x)[0]:
        assert torch.linalg.matrix_rank(weight, rtol=1e-3) == 1
    down = layer.rows(layer.joint(x.mean(3, keepdim=True))).sigmoid()
    across = layer.columns(layer.joint(x.mean(2, keepdim=True))).sigmoid()
    assert down.shape == (1, 16, 5, 1)
    assert across.shape == (1, 16, 1, 8)
    assert torch.allclose(layer(x), x * down * across, atol=1e-6)


def test_coordatt_normalises_rows_and_columns_together() -> None:
    layer, x = CoordAtt(16), torch.randn(2, 16, 3, 5)
    conv, norm = layer.joint[0], layer.joint[1]
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    layer(x)
    seen = conv(torch.cat((x.mean(3), x.mean(2)), 2)[..., None])
    assert torch.allclose(norm.running_mean, 0.1 * seen.mean((0, 2, 3)), atol=1e-6)


def test_coordatt_never_has_fewer_than_eight_channels_inside() -> None:
    assert CoordAtt(64).joint[0].out_channels == 8
    assert CoordAtt(512).joint[0].out_channels == 16


def test_gam_weighs_channels_at_each_place_by_themselves() -> None:
    layer, x = Gam(8).eval(), torch.randn(1, 8, 6, 5)
    first, _, second = layer.channels
    assert isinstance(first, nn.Conv2d)
    assert isinstance(second, nn.Conv2d)
    columns = x[0].flatten(1).double().numpy()
    weights = sigmoid(affine(second, np.maximum(affine(first, columns), 0)))
    gated = torch.from_numpy(columns * weights).float().view_as(x)
    assert torch.allclose(layer(x), gated * layer.widen(layer.narrow(gated)).sigmoid(), atol=1e-6)


def test_gam_in_groups_lets_every_channel_reach_every_other() -> None:
    layer, x = Gam(16, ratio=1, groups=4).eval(), torch.randn(1, 16, 7, 7, requires_grad=True)
    # Channels first do not look at one another, so what is left comes over the convolutions.
    for each in layer.channels.parameters():
        nn.init.zeros_(each)
    norm = layer.narrow[1]
    assert isinstance(norm, nn.BatchNorm2d)
    nn.init.constant_(norm.bias, 9.0)
    layer(x)[0, 0].sum().backward()
    assert x.grad is not None
    assert (x.grad.abs().sum((0, 2, 3)) > 0).all()


def test_gam_in_groups_is_as_much_smaller() -> None:
    whole, parts = Gam(64).widen.weight, Gam(64, groups=4).widen.weight
    assert whole.numel() == 4 * parts.numel()


def test_triplet_is_the_mean_of_three_rotated_gates() -> None:
    layer, x = Triplet(6, kernel=3).eval(), torch.randn(2, 6, 5, 4)
    branches = []
    for gate, order in zip(layer.gates, [(0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2)], strict=True):
        turned = x.permute(order)
        pooled = torch.cat((turned.amax(1, keepdim=True), turned.mean(1, keepdim=True)), 1)
        back = [order.index(each) for each in range(4)]
        branches.append((turned * gate(pooled).sigmoid()).permute(back))
    assert torch.allclose(layer(x), torch.stack(branches).mean(0), atol=1e-6)


def test_triplet_is_as_large_for_any_channels() -> None:
    counts = {sum(each.numel() for each in Triplet(c).parameters()) for c in (8, 64)}
    assert counts == {3 * (2 * 49 + 2)}


def test_shuffle_attention_begins_as_a_shuffle() -> None:
    layer, x = ShuffleAtt(16, groups=2), torch.randn(2, 16, 5, 4)
    expected = x.view(2, 2, 8, 5, 4).transpose(1, 2).flatten(1, 2)
    assert torch.allclose(layer(x), expected * torch.tensor(1.0).sigmoid(), atol=1e-6)


def test_shuffle_attention_is_its_equations() -> None:
    layer, x = ShuffleAtt(12, groups=3), torch.randn(2, 12, 4, 5)
    for each in layer.parameters():
        nn.init.normal_(each)
    w1, b1, w2, b2, scale, shift = (
        each.detach().double().numpy().ravel() for each in layer.parameters()
    )
    values = x.double().numpy()
    weighted = np.empty_like(values)
    for picture, channel in np.ndindex(2, 12):
        one, inside = values[picture, channel], channel % 4
        k = inside % 2
        if inside < 2:
            weight = sigmoid(w1[k] * one.mean() + b1[k])
        else:
            normed = (one - one.mean()) / np.sqrt(one.var() + 1e-5) * scale[k] + shift[k]
            weight = sigmoid(w2[k] * normed + b2[k])
        weighted[picture, channel] = one * weight
    order = [half * 6 + k for k in range(6) for half in range(2)]
    assert np.abs(layer(x).detach().numpy() - weighted[:, order]).max() < 1e-5


def test_shuffle_attention_shares_its_few_parameters() -> None:
    assert sum(each.numel() for each in ShuffleAtt(256, groups=64).parameters()) == 12


def test_ema_is_its_equations_for_one_group() -> None:
    layer, x = Ema(4, groups=1), torch.randn(1, 4, 3, 5)
    values = x[0].double().numpy()
    rows = sigmoid(affine(layer.joint, values.mean(2)))
    columns = sigmoid(affine(layer.joint, values.mean(1)))
    u = values * rows[:, :, None] * columns[:, None, :]
    mean, variance = u.mean((1, 2), keepdims=True), u.var((1, 2), keepdims=True)
    u = (u - mean) / np.sqrt(variance + 1e-5)
    v = layer.near(x)[0].detach().double().numpy()
    weights = np.einsum("c,chw->hw", softmax(u.mean((1, 2)), 0), v)
    weights += np.einsum("c,chw->hw", softmax(v.mean((1, 2)), 0), u)
    assert np.abs(layer(x)[0].detach().numpy() - values * sigmoid(weights)).max() < 1e-5


def test_ema_treats_groups_alike() -> None:
    layer, x = Ema(8, groups=2), torch.randn(1, 8, 5, 5)
    swapped = torch.cat(x.chunk(2, 1)[::-1], 1)
    assert torch.allclose(torch.cat(layer(swapped).chunk(2, 1)[::-1], 1), layer(x), atol=1e-6)


def test_sge_begins_with_the_same_weight_everywhere() -> None:
    x = torch.randn(2, 16, 4, 5)
    assert torch.allclose(SpatialGroupEnhance(16)(x), x * torch.tensor(1.0).sigmoid())


def test_sge_is_its_equations() -> None:
    layer, x = SpatialGroupEnhance(6, groups=2), torch.randn(2, 6, 4, 5)
    nn.init.normal_(layer.weight)
    nn.init.normal_(layer.bias)
    gamma, beta = (each.detach().double().numpy().ravel() for each in layer.parameters())
    found = layer(x).detach().numpy()
    for picture, group in np.ndindex(2, 2):
        values = x[picture, 3 * group : 3 * group + 3].double().numpy()
        mean = values.mean((1, 2))
        alike = np.array([[mean @ values[:, i, j] for j in range(5)] for i in range(4)])
        alike = (alike - alike.mean()) / np.sqrt(alike.var() + 1e-5)
        expected = values * sigmoid(gamma[group] * alike + beta[group])
        assert np.abs(found[picture, 3 * group : 3 * group + 3] - expected).max() < 1e-5


@pytest.mark.parametrize("kind", [SpatialGroupEnhance, ShuffleAtt])
def test_a_constant_map_has_a_gradient(kind: type) -> None:
    layer, x = kind(16), torch.ones(1, 16, 4, 4, requires_grad=True)
    layer(x).square().sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()
    assert all(each.grad.isfinite().all() for each in layer.parameters())


def test_gc_begins_as_nothing_and_adds_the_same_everywhere() -> None:
    layer, x = GlobalContext(32), torch.randn(2, 32, 4, 5)
    assert torch.equal(layer(x), x)
    for each in layer.parameters():
        nn.init.normal_(each)
    added = layer(x) - x
    assert torch.allclose(added, added[:, :, :1, :1].expand_as(added), atol=1e-4)
    assert added.abs().max() > 0.1


def test_gc_gathers_a_weighted_mean() -> None:
    layer, x = GlobalContext(8, ratio=2), torch.randn(1, 8, 3, 4)
    for each in layer.transform[3].parameters():
        nn.init.normal_(each)
    columns = x[0].flatten(1).double().numpy()
    context = columns @ softmax(affine(layer.key, columns)[0], 0)
    first, norm, _, last = layer.transform
    assert isinstance(first, nn.Linear)
    assert isinstance(norm, nn.LayerNorm)
    assert isinstance(last, nn.Linear)
    inner = affine(first, context[:, None])
    inner = (inner - inner.mean()) / np.sqrt(inner.var() + norm.eps)
    expected = affine(last, np.maximum(inner, 0))
    found = (layer(x) - x)[0, :, 0, 0].detach().numpy()
    assert np.abs(found - expected[:, 0]).max() < 1e-5


def test_a2_gathers_over_places_and_distributes_over_descriptors() -> None:
    layer, x = DoubleAttention(8, ratio=2), torch.randn(1, 8, 3, 4)
    columns = x[0].flatten(1).double().numpy()
    features = affine(layer.features, columns)
    gathering = softmax(affine(layer.gather, columns), 1)
    distribution = softmax(affine(layer.distribute, columns), 0)
    assert np.allclose(distribution.sum(0), 1)
    given = np.zeros((4, 12))
    for place in range(12):
        for k in range(4):
            descriptor = sum(gathering[k, j] * features[:, j] for j in range(12))
            given[:, place] += distribution[k, place] * descriptor
    expected = columns + affine(layer.widen, given)
    assert np.abs(layer(x)[0].flatten(1).detach().numpy() - expected).max() < 1e-5


@pytest.mark.parametrize("layer", [GlobalContext(16), DoubleAttention(16)], ids=["gc", "a2"])
def test_places_may_change_their_order(layer: nn.Module) -> None:
    for each in layer.parameters():
        nn.init.normal_(each, std=0.3)
    x, order = torch.randn(2, 16, 4, 6), torch.randperm(24)
    moved = x.flatten(2)[:, :, order].view_as(x)
    expected = layer(x).flatten(2)[:, :, order].view_as(x)
    assert torch.allclose(layer(moved), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (CoordAtt, {"ratio": 0}),
        (Gam, {"ratio": 0}),
        (Gam, {"groups": 16}),
        (Triplet, {"kernel": 4}),
        (ShuffleAtt, {"groups": 0}),
        (Ema, {"groups": 3}),
        (SpatialGroupEnhance, {"groups": 7}),
        (GlobalContext, {"ratio": -1}),
        (DoubleAttention, {"ratio": 0}),
    ],
)
def test_what_makes_no_sense_is_refused(kind: type, options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=str(next(iter(options.values())))):
        kind(32, **options)
