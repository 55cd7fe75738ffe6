"""Attention that weighs channels or single values: SE, eSE, channelatt, NAM, SimAM, SK, BAM."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from engine.models.catalogue.attention.bam import Bam
from engine.models.catalogue.attention.cbam import Cbam
from engine.models.catalogue.attention.channelatt import ChannelAtt
from engine.models.catalogue.attention.ese import EffectiveSe
from engine.models.catalogue.attention.nam import Nam
from engine.models.catalogue.attention.se import SqueezeExcitation
from engine.models.catalogue.attention.simam import SimAm
from engine.models.catalogue.attention.sk import SelectiveKernel
from engine.models.catalogue.attention.spatialatt import SpatialAtt


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-x)))


def matrix(layer: nn.Module) -> np.ndarray:
    assert isinstance(layer, nn.Conv2d)
    return np.asarray(layer.weight.detach().double().numpy()[:, :, 0, 0])


def test_se_is_its_equations() -> None:
    layer, x = SqueezeExcitation(32, ratio=8), torch.randn(2, 32, 5, 3)
    w1, w2 = matrix(layer.excite[0]), matrix(layer.excite[2])
    assert (w1.shape, w2.shape) == ((4, 32), (32, 4))
    values = x.double().numpy()
    weights = sigmoid(np.maximum(values.mean((2, 3)) @ w1.T, 0) @ w2.T)
    expected = values * weights[:, :, None, None]
    assert np.abs(layer(x).detach().numpy() - expected).max() < 1e-6


def test_se_has_two_matrices_and_nothing_else() -> None:
    assert sum(each.numel() for each in SqueezeExcitation(64).parameters()) == 2 * 64 * 64 // 16


def test_ese_has_one_matrix_of_all_channels() -> None:
    layer, x = EffectiveSe(6), torch.randn(2, 6, 4, 5)
    assert layer.excite.bias is not None
    mean = x.double().numpy().mean((2, 3))
    weights = sigmoid(mean @ matrix(layer.excite).T + layer.excite.bias.detach().numpy())
    expected = x.numpy() * weights[:, :, None, None]
    assert np.abs(layer(x).detach().numpy() - expected).max() < 1e-6


def test_cbam_is_its_two_halves_one_after_another() -> None:
    both, x = Cbam(16), torch.randn(1, 16, 5, 6)
    channels, places = ChannelAtt(16), SpatialAtt(16)
    channels.load_state_dict(both.channels.state_dict())
    places.load_state_dict(both.places.state_dict())
    assert torch.equal(both(x), places(channels(x)))
    assert not torch.allclose(both(x), channels(places(x)))


def test_the_halves_of_cbam_weigh_what_they_are_named_after() -> None:
    x = torch.randn(1, 16, 5, 6)
    by_channel = (ChannelAtt(16)(x) / x)[0].flatten(1)
    assert torch.allclose(by_channel, by_channel[:, :1].expand_as(by_channel), atol=1e-4)
    by_place = (SpatialAtt(16)(x) / x)[0]
    assert torch.allclose(by_place, by_place[:1].expand_as(by_place), atol=1e-4)


def test_nam_weighs_by_the_share_of_each_scale() -> None:
    layer, x = Nam(3), torch.randn(4, 3, 5, 5)
    with torch.no_grad():
        layer.norm.weight.copy_(torch.tensor([2.0, -1.0, 5.0]))
        layer.norm.bias.copy_(torch.tensor([0.3, 0.0, -0.2]))
    values = x.double().numpy()
    mean, variance = values.mean((0, 2, 3)), values.var((0, 2, 3))
    gamma, beta = np.array([2.0, -1.0, 5.0]), np.array([0.3, 0.0, -0.2])
    normed = (values - mean[:, None, None]) / np.sqrt(variance + 1e-5)[:, None, None]
    normed = normed * gamma[:, None, None] + beta[:, None, None]
    share = np.array([0.25, 0.125, 0.625])
    expected = values * sigmoid(share[:, None, None] * normed)
    assert np.abs(layer(x).detach().numpy() - expected).max() < 1e-5


def test_nam_without_any_scale_is_finite() -> None:
    layer, x = Nam(3), torch.randn(2, 3, 4, 4)
    nn.init.zeros_(layer.norm.weight)
    assert torch.equal(layer(x), x / 2)


def test_simam_is_its_energy() -> None:
    lam, x = 1e-3, torch.randn(2, 3, 4, 5)
    found = SimAm(3, lam=lam)(x).numpy()
    for picture, channel in np.ndindex(2, 3):
        t = x[picture, channel].double().numpy()
        mean, variance = t.mean(), t.var()
        energy = 4 * (variance + lam) / ((t - mean) ** 2 + 2 * variance + 2 * lam)
        assert np.abs(found[picture, channel] - t * sigmoid(1 / energy)).max() < 1e-6


def test_simam_has_nothing_to_learn_and_weighs_a_constant_evenly() -> None:
    layer = SimAm(8)
    assert not layer.state_dict()
    x = torch.full((1, 8, 3, 3), 7.0)
    assert torch.allclose(layer(x), x * torch.tensor(0.5).sigmoid())
    one = torch.randn(1, 8, 1, 1)
    assert torch.allclose(layer(one), one * torch.tensor(0.5).sigmoid())


def test_simam_holds_large_values_in_half_precision() -> None:
    x = torch.randn(1, 4, 8, 8) * 3000
    found = SimAm(4)(x.half())
    assert found.dtype == torch.float16
    assert torch.allclose(found.float(), SimAm(4)(x), rtol=1e-2, atol=10)


def test_sk_takes_a_share_of_each_kernel() -> None:
    layer, x = SelectiveKernel(32, groups=4).eval(), torch.randn(2, 32, 7, 6)
    near, far = (branch(x) for branch in layer.branches)
    found = layer(x)
    assert (torch.minimum(near, far) <= found + 1e-6).all()
    assert (found <= torch.maximum(near, far) + 1e-6).all()
    nn.init.zeros_(layer.choice.weight)
    assert torch.allclose(layer(x), (near + far) / 2, atol=1e-6)
    norm = layer.summary[1]
    assert isinstance(norm, nn.BatchNorm2d)
    # A summary of ones that decides for the first kernel.
    nn.init.zeros_(norm.weight)
    nn.init.ones_(norm.bias)
    with torch.no_grad():
        layer.choice.weight[:32].fill_(1.0)
    assert torch.allclose(layer(x), near, atol=1e-5)


def test_sk_sees_three_and_five_pixels() -> None:
    layer = SelectiveKernel(32).eval()
    for branch, side in zip(layer.branches, (3, 5), strict=True):
        x = torch.randn(1, 32, 9, 9, requires_grad=True)
        conv = next(iter(branch.children()))
        conv(x)[0, :, 4, 4].sum().backward()
        assert x.grad is not None
        rows = x.grad.abs().sum((0, 1, 3)).nonzero().flatten()
        assert int(rows[-1] - rows[0]) + 1 == side


def test_bam_adds_what_channels_and_places_say() -> None:
    layer, x = Bam(32, ratio=8, dilation=2).eval(), torch.randn(2, 32, 9, 7)
    places = layer.places(x)
    channels = layer.channels(x.mean((2, 3), keepdim=True))
    assert places.shape == (2, 1, 9, 7)
    assert channels.shape == (2, 32, 1, 1)
    expected = x * (1 + (channels + places).sigmoid())
    assert torch.allclose(layer(x), expected, atol=1e-6)


def test_bam_reaches_as_far_as_two_dilated_convolutions() -> None:
    layer, x = Bam(16, dilation=4), torch.randn(2, 16, 25, 25, requires_grad=True)
    layer.eval().places(x)[0, 0, 12, 12].backward()
    assert x.grad is not None
    rows = x.grad.abs().sum((0, 1, 3)).nonzero().flatten().tolist()
    assert set(rows) <= {4, 8, 12, 16, 20}


@pytest.mark.parametrize("layer", [Bam(32), SelectiveKernel(32)], ids=["bam", "sk"])
def test_one_picture_can_be_trained(layer: nn.Module) -> None:
    layer.train()(torch.randn(1, 32, 4, 4)).square().sum().backward()
    assert all(each.grad is not None for each in layer.parameters())


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (SqueezeExcitation, {"ratio": 0}),
        (ChannelAtt, {"ratio": -1}),
        (SpatialAtt, {"kernel": 2}),
        (SimAm, {"lam": 0.0}),
        (SelectiveKernel, {"groups": 5}),
        (SelectiveKernel, {"ratio": 0}),
        (Bam, {"dilation": 0}),
        (Bam, {"ratio": 0}),
    ],
)
def test_what_makes_no_sense_is_refused(kind: type, options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=str(next(iter(options.values())))):
        kind(32, **options)
