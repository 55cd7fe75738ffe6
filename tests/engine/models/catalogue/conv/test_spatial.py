"""Convolutions that look elsewhere or know where they are, against what they are made of."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d

from engine.models.catalogue.conv.coordconv import CoordConv
from engine.models.catalogue.conv.dualconv import DualConv
from engine.models.catalogue.conv.gsconv import GsConv
from engine.models.catalogue.conv.mixconv import MixConv, MixedDepthwise
from engine.models.catalogue.conv.pinwheel import Pinwheel
from engine.models.catalogue.conv.rfaconv import RfaConv
from engine.models.catalogue.conv.smpconv import SmpPointwise
from engine.models.parts.smp import SmpCnn


def test_rfaconv_reads_k_by_k_features_of_each_place() -> None:
    layer, x = RfaConv(2, 4).eval(), torch.randn(1, 2, 5, 6)
    share = layer.attention(x).reshape(1, 2, 9, 5, 6).softmax(2)
    read = share * layer.features(x).reshape(1, 2, 9, 5, 6)
    plain = torch.einsum("bckhw,ock->bohw", read, layer.conv.conv.weight.flatten(2))
    assert torch.allclose(layer(x), layer.conv.act(layer.conv.bn(plain)), atol=1e-5)


def test_with_equal_attention_and_shifts_rfaconv_is_a_convolution() -> None:
    layer, x = RfaConv(2, 4).eval(), torch.rand(1, 2, 5, 6)
    first, norm, _ = layer.features
    assert isinstance(first, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    nn.init.zeros_(layer.attention[1].weight)  # type: ignore[arg-type]
    norm.eps = 0
    with torch.no_grad():
        first.weight.copy_(9 * torch.eye(9).reshape(9, 1, 3, 3).repeat(2, 1, 1, 1))
    plain = conv2d(x, layer.conv.conv.weight, padding=1)
    assert torch.allclose(layer(x), layer.conv.act(layer.conv.bn(plain)), atol=1e-5)


@pytest.mark.parametrize("radius", [False, True])
def test_coordconv_with_coordinates_alone_tells_where_it_is(radius: bool) -> None:
    layer = CoordConv(2, 1, radius=radius).eval()
    weight = layer.conv.conv.weight
    layer.conv.act, layer.conv.bn = nn.Identity(), nn.Identity()
    down, right = torch.tensor([-0.75, -0.25, 0.25, 0.75]), torch.tensor([-2 / 3, 0, 2 / 3])
    expected = [down[:, None].expand(4, 3), right.expand(4, 3)]
    if radius:
        expected.append((expected[0] ** 2 + expected[1] ** 2).sqrt())
    for number, each in enumerate(expected):
        nn.init.zeros_(weight)
        with torch.no_grad():
            weight[0, 2 + number, 1, 1] = 1
        assert torch.allclose(layer(torch.randn(1, 2, 4, 3))[0, 0], each, atol=1e-6)
    assert layer(torch.randn(1, 2, 1, 1)).eq(0).all()


def test_gsconv_takes_dense_and_cheap_channels_in_turn() -> None:
    layer, x = GsConv(3, 8).eval(), torch.randn(2, 3, 6, 5)
    dense = layer.dense(x)
    assert torch.equal(layer(x)[:, ::2], dense)
    assert torch.equal(layer(x)[:, 1::2], layer.cheap(dense))
    assert (layer.cheap.conv.kernel_size, layer.cheap.conv.groups) == ((5, 5), 4)


def test_dualconv_is_one_kernel_that_is_full_in_the_middle() -> None:
    layer, x = DualConv(4, 6, groups=2).eval(), torch.randn(2, 4, 5, 7)
    kernel = torch.zeros(6, 4, 3, 3)
    kernel[:3, :2], kernel[3:, 2:] = layer.near.weight[:3], layer.near.weight[3:]
    kernel[:, :, 1:2, 1:2] += layer.across.weight
    plain = conv2d(x, kernel, padding=1)
    assert torch.allclose(layer(x), layer.act(layer.norm(plain)), atol=1e-5)


def test_pinwheel_reaches_k_pixels_in_four_directions() -> None:
    layer = Pinwheel(1, 4).eval()
    for conv in (layer.across, layer.down, layer.join):
        nn.init.ones_(conv.conv.weight)
        conv.act = nn.Identity()
    x = torch.zeros(1, 1, 11, 11, requires_grad=True)
    layer(x)[0, 0, 5, 5].backward()
    assert x.grad is not None
    seen = x.grad[0, 0]
    # The 2×2 convolution spreads each arm by one pixel: the reach is k on either side.
    rows = seen.sum(1).nonzero().flatten().tolist()
    assert rows == list(range(2, 9))
    assert torch.allclose(torch.rot90(seen), seen, rtol=1e-4)
    assert not torch.allclose(seen.flip(0), seen, rtol=1e-4)
    assert seen[5, 2] > 0
    assert seen[2, 2] == seen[2, 8] == 0


def test_pinwheel_arms_point_away_from_the_pixel() -> None:
    layer = Pinwheel(1, 4, kernel=3).eval()
    read: list[torch.Tensor] = []
    layer.join.register_forward_pre_hook(lambda module, given: read.append(given[0]))
    x = torch.zeros(1, 1, 9, 9, requires_grad=True)
    layer(x)
    arms = []
    for arm in range(4):
        (gradient,) = torch.autograd.grad(read[0][0, arm, 4, 4], x, retain_graph=True)
        arms.append(gradient[0, 0].nonzero().tolist())
    assert arms == [
        [[3, 1], [3, 2], [3, 3]],
        [[4, 4], [4, 5], [4, 6]],
        [[1, 4], [2, 4], [3, 4]],
        [[4, 3], [5, 3], [6, 3]],
    ]


def test_mixconv_has_a_size_of_kernels_for_each_group() -> None:
    layer, x = MixedDepthwise(10, 4), torch.randn(2, 10, 6, 9)
    assert layer.split == [4, 2, 2, 2]
    found, start = layer(x), 0
    for conv, count, side in zip(layer.convs, layer.split, (3, 5, 7, 9), strict=True):
        assert isinstance(conv, nn.Conv2d)
        assert conv.weight.shape == (count, 1, side, side)
        part = x[:, start : start + count]
        expected = conv2d(part, conv.weight, padding=side // 2, groups=count)
        assert torch.allclose(found[:, start : start + count], expected, atol=1e-6)
        start += count


def test_smpconv_folds_and_mixes() -> None:
    layer, x = SmpPointwise(3, 4, kernel=5).eval(), torch.randn(2, 3, 6, 5)
    before = layer(x)
    inside = layer[0]
    assert isinstance(inside, SmpCnn)
    layer[0] = inside.fold()
    assert torch.allclose(layer(x), before, atol=1e-5)
    assert before.shape == (2, 4, 6, 5)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="kernel 4"):
        RfaConv(4, 4, kernel=4)
    with pytest.raises(ValueError, match="5 channels.*2 groups"):
        GsConv(4, 5)
    with pytest.raises(ValueError, match="kernel 2"):
        GsConv(4, 4, kernel=2)
    with pytest.raises(ValueError, match="6 channels.*4 groups"):
        DualConv(4, 6)
    with pytest.raises(ValueError, match="6 channels.*4 groups"):
        Pinwheel(4, 6)
    with pytest.raises(ValueError, match="kernel 0"):
        Pinwheel(4, 4, kernel=0)
    with pytest.raises(ValueError, match="3 channels.*4 sizes"):
        MixConv(3, 4)
