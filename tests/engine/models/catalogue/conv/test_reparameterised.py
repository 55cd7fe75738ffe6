"""Convolutions with several branches: what each is, and that one convolution is the same."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, pad

from engine.models import network
from engine.models.catalogue.conv.acb import AsymmetricConv
from engine.models.catalogue.conv.conv2 import SumConv
from engine.models.catalogue.conv.dbb import DiverseBranch, PaddedNorm
from engine.models.catalogue.conv.deconv import DetailConv
from engine.models.catalogue.conv.gcconv import GoldenCudgel
from engine.models.catalogue.conv.orepa import Orepa
from engine.models.fold import fold
from engine.models.plan import draw
from engine.models.recipe import parse
from tests.helpers.norms import lively

KINDS = (AsymmetricConv, DiverseBranch, DetailConv, GoldenCudgel, Orepa)
NAMES = ("acb", "conv2", "dbb", "deconv", "gcconv", "orepa")
RING = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))
"""Places around the middle of a 3×3 kernel, clockwise."""


def made(kind: type, c_in: int, c_out: int) -> Any:  # noqa: ANN401 - layers of several kinds
    """Return a layer after some training: with all of its parameters away from their start."""
    layer = lively(kind(c_in, c_out))
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return layer


@pytest.mark.parametrize("channels", [(6, 6), (6, 4), (3, 8)])
@pytest.mark.parametrize("kind", KINDS)
def test_it_folds_into_one_convolution(kind: type, channels: tuple[int, int]) -> None:
    layer, x = made(kind, *channels), torch.randn(2, channels[0], 7, 5)
    folded = layer.fold()
    convolutions = [each for each in folded.modules() if isinstance(each, nn.Conv2d)]
    assert [each.kernel_size for each in convolutions] == [(3, 3)]
    assert [type(each) for each in folded] == [nn.Conv2d, nn.SiLU]
    before, after = layer(x), folded(x)
    assert before.std() > 0.1
    assert (after - before).abs().max() < 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_a_network_folds_all_of_them(name: str) -> None:
    recipe = parse(f"yolo11n:conv={name}@backbone")
    model = lively(network.build(recipe, draw(recipe)))
    x = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        before = model(x)[0]
        folded = fold(model)
        after = folded(x)[0]
    assert not any(isinstance(each, nn.BatchNorm2d) for each in folded.modules())
    assert not any(isinstance(each, KINDS) for each in folded.modules())
    assert (after - before).abs().max() / before.abs().max() < 1e-4


def test_conv2_is_two_convolutions_under_one_normalisation() -> None:
    layer, x = made(SumConv, 4, 6), torch.randn(1, 4, 5, 6)
    summed = conv2d(x, layer.conv.weight, padding=1) + conv2d(x, layer.cv2.weight)
    assert torch.allclose(layer(x), nn.functional.silu(layer.bn(summed)), atol=1e-6)


def test_asymmetric_branches_are_a_square_a_row_and_a_column() -> None:
    layer, x = made(AsymmetricConv, 4, 6), torch.randn(1, 4, 5, 6)
    square, row, column = layer.branches
    expected = square.bn(conv2d(x, square.conv.weight, padding=1))
    expected = expected + row.bn(conv2d(x, row.conv.weight, padding=(0, 1)))
    expected = expected + column.bn(conv2d(x, column.conv.weight, padding=(1, 0)))
    assert row.conv.kernel_size == (1, 3)
    assert column.conv.kernel_size == (3, 1)
    assert torch.allclose(layer(x), nn.functional.silu(expected), atol=1e-6)


def test_a_padded_normalisation_is_one_of_a_padded_map() -> None:
    layer, x = lively(PaddedNorm(4)), torch.randn(2, 4, 3, 5)
    assert torch.allclose(layer(x), layer.norm(pad(x, [1] * 4)), atol=1e-6)


def test_diverse_branches_are_those_of_the_paper() -> None:
    layer, x = made(DiverseBranch, 4, 6), torch.randn(1, 4, 5, 6)
    wide = pad(x, [1] * 4)
    chain = layer.second(layer.first_norm.norm(layer.first(wide)))
    mean = layer.mix_norm.norm(layer.mix(wide)).unfold(2, 3, 1).unfold(3, 3, 1).mean((-1, -2))
    expected = layer.square.bn(layer.square.conv(x)) + layer.point.bn(layer.point.conv(x))
    expected = expected + layer.second_norm(chain) + layer.average_norm(mean)
    assert torch.allclose(layer(x), nn.functional.silu(expected), atol=1e-5)


def test_the_third_diverse_branch_begins_with_the_identity() -> None:
    x = torch.randn(1, 5, 4, 4)
    assert torch.equal(DiverseBranch(5, 3).first(x), x)


def test_online_branches_are_those_of_the_paper() -> None:
    layer, x = made(Orepa, 4, 6), torch.randn(1, 4, 5, 7)
    s = layer.scales[:, None, :, None, None]
    wide = pad(x, [1] * 4)
    depth = conv2d(x, layer.depthwise, padding=1, groups=4)
    averaged = conv2d(wide, layer.averaged).unfold(2, 3, 1).unfold(3, 3, 1).mean((-1, -2))
    waved = conv2d(conv2d(wide, layer.waved), layer.waves, groups=6)
    expected = (
        s[0] * conv2d(x, layer.square, padding=1)
        + s[1] * averaged
        + s[2] * waved
        + s[3] * conv2d(conv2d(x, layer.first[:, :, None, None]), layer.second, padding=1)
        + s[4] * conv2d(x, layer.point)
        + s[5] * conv2d(depth, layer.pointwise)
    )
    assert depth.shape[1] == 32
    assert torch.allclose(layer(x), nn.functional.silu(layer.bn(expected)), atol=1e-5)


@pytest.mark.parametrize("channels", [6, 7])
def test_online_branches_begin_with_the_scales_and_waves_of_the_authors(channels: int) -> None:
    layer = Orepa(4, channels)
    assert layer.scales[:, 0].tolist() == [0.25, 0.25, 0.0, 0.5, 1.0, 0.5]
    assert torch.equal(layer.first, torch.eye(4))
    for o in range(channels):
        for row in range(3):
            for column in range(3):
                down = o < channels / 2
                place = (row if down else column) + 0.5
                number = o + 1 if down else o + 1 - channels / 2
                expected = math.cos(math.pi * place * number / 3)
                assert layer.waves[o, 0, row, column].item() == pytest.approx(expected, abs=1e-5)


def test_detail_is_the_sum_of_differences_of_pixels() -> None:
    layer = made(DetailConv, 2, 3)
    x = torch.randn(2, 3, 3)
    found = conv2d(x[None], layer.kernel())[0, :, 0, 0]
    for o in range(3):
        expected = torch.zeros(())
        for i in range(2):
            plain, central, around = (w[o, i] for w in (layer.plain, layer.central, layer.around))
            expected = expected + (plain * x[i]).sum()
            expected = expected + (central * (x[i] - x[i, 1, 1])).sum()
            for place, following in zip(RING, RING[1:] + RING[:1], strict=True):
                expected = expected + around[place] * (x[i][place] - x[i][following])
            expected = expected + (layer.across[o, i] * (x[i, :, 0] - x[i, :, 2])).sum()
            expected = expected + (layer.down[o, i] * (x[i, 0] - x[i, 2])).sum()
        assert found[o].item() == pytest.approx(expected.item(), abs=1e-5)


def test_differences_do_not_see_an_even_surface() -> None:
    layer = DetailConv(3, 4)
    nn.init.zeros_(layer.plain)
    assert conv2d(torch.full((1, 3, 5, 5), 7.0), layer.kernel()).abs().max() < 1e-4


@pytest.mark.parametrize(("c_out", "identity"), [(4, True), (6, False)])
def test_golden_cudgels_are_longer_branches(c_out: int, identity: bool) -> None:  # noqa: FBT001
    layer, x = made(GoldenCudgel, 4, c_out), torch.randn(1, 4, 5, 6)
    assert [path[0].conv.kernel_size for path in layer.paths] == [(3, 3), (3, 3), (1, 1)]
    expected = torch.zeros(1, c_out, 5, 6)
    for first, second in layer.paths:
        middle = first.bn(conv2d(x, first.conv.weight, padding=first.conv.kernel_size[0] // 2))
        expected = expected + second.bn(conv2d(middle, second.conv.weight))
    assert (layer.same is not None) is identity
    expected = expected + layer.same(x) if identity else expected
    assert torch.allclose(layer(x), nn.functional.silu(expected), atol=1e-5)
