"""Layers that halve a map, against their papers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, gelu, silu

from engine.models.catalogue.down.adown import AverageDown
from engine.models.catalogue.down.blurpool import BlurPool
from engine.models.catalogue.down.drfd import DeepRfd
from engine.models.catalogue.down.dsconv import SeparableDown
from engine.models.catalogue.down.focus import FocusDown
from engine.models.catalogue.down.hwd import HaarDown, haar
from engine.models.catalogue.down.mp import PoolAndConv
from engine.models.catalogue.down.scdown import DecoupledDown
from tests.helpers.norms import lively

KINDS = (
    AverageDown,
    BlurPool,
    DecoupledDown,
    DeepRfd,
    FocusDown,
    HaarDown,
    PoolAndConv,
    SeparableDown,
)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 2), (2, 7), (8, 6), (9, 5)])
@pytest.mark.parametrize("kind", KINDS)
def test_sides_are_halved_as_by_a_convolution_with_stride(
    kind: type, height: int, width: int
) -> None:
    layer, x = lively(kind(4, 6)), torch.randn(2, 4, height, width)
    y = layer(x)
    assert y.shape == (2, 6, *nn.Conv2d(4, 6, 3, 2, 1)(x).shape[2:])
    assert torch.allclose(layer(x[1:]), y[1:], atol=1e-5)


@pytest.mark.parametrize("kind", [k for k in KINDS if k is not DecoupledDown])
def test_every_pixel_counts(kind: type) -> None:
    layer, x = lively(kind(2, 32)), torch.randn(1, 2, 8, 8, requires_grad=True)
    layer(x).square().sum().backward()
    assert x.grad is not None
    assert (x.grad != 0).any(1).all()


def windows(x: torch.Tensor, side: int, stride: int) -> torch.Tensor:
    return x.unfold(2, side, stride).unfold(3, side, stride)


def test_adown_smooths_and_halves_each_half_in_its_way() -> None:
    layer, x = lively(AverageDown(4, 6)), torch.randn(1, 4, 8, 6)
    first, second = windows(x, 2, 1).mean((-1, -2)).chunk(2, 1)
    highest = windows(nn.functional.pad(second, [1] * 4, value=float("-inf")), 3, 2).amax((-1, -2))
    expected = torch.cat((layer.cv1(first), layer.cv2(highest)), 1)
    assert layer.cv1.conv.stride == (2, 2)
    assert torch.allclose(layer(x), expected, atol=1e-6)


@pytest.mark.parametrize("channels", [(3, 4), (4, 3)])
def test_adown_refuses_channels_that_it_cannot_halve(channels: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="3"):
        AverageDown(*channels)


def test_scdown_mixes_at_full_size_and_halves_each_channel() -> None:
    layer, x = lively(DecoupledDown(4, 6)), torch.randn(1, 4, 8, 6)
    mixed = silu(layer.cv1.bn(conv2d(x, layer.cv1.conv.weight)))
    halved = conv2d(mixed, layer.cv2.conv.weight, stride=2, padding=1, groups=6)
    assert torch.allclose(layer(x), layer.cv2.bn(halved), atol=1e-6)


def test_separable_down_halves_each_channel_and_then_mixes() -> None:
    layer, x = lively(SeparableDown(4, 6)), torch.randn(1, 4, 8, 6)
    halved = conv2d(x, layer.depthwise.conv.weight, stride=2, padding=1, groups=4)
    mixed = conv2d(silu(layer.depthwise.bn(halved)), layer.pointwise.conv.weight)
    assert torch.allclose(layer(x), silu(layer.pointwise.bn(mixed)), atol=1e-6)


@pytest.mark.parametrize("c_out", [6, 7])
def test_mp_joins_a_convolution_and_the_highest(c_out: int) -> None:
    layer, x = lively(PoolAndConv(4, c_out)), torch.randn(1, 4, 8, 6)
    highest = windows(x, 2, 2).amax((-1, -2))
    expected = torch.cat((layer.strided(layer.narrow(x)), layer.pooled(highest)), 1)
    assert torch.equal(layer(x), expected)
    assert layer.narrow.conv.out_channels == c_out // 2


def test_mp_refuses_a_single_channel() -> None:
    with pytest.raises(ValueError, match="1 channels"):
        PoolAndConv(4, 1)


def inverse(bands: torch.Tensor) -> torch.Tensor:
    """Return the picture of four bands, each of whose transforms is its own inverse."""
    low, across, down, diagonal = bands.chunk(4, 1)
    four = (
        low + across + down + diagonal,
        low - across + down - diagonal,
        low + across - down - diagonal,
        low - across - down + diagonal,
    )
    return nn.functional.pixel_shuffle(torch.stack(four, 2).flatten(1, 2) / 2, 2)


def test_wavelets_lose_nothing() -> None:
    x = torch.randn(2, 3, 6, 8)
    bands = haar(x)
    assert torch.allclose(inverse(bands), x, atol=1e-6)
    assert bands.square().sum().item() == pytest.approx(x.square().sum().item(), rel=1e-5)


def test_wavelets_of_an_even_surface_and_of_an_edge() -> None:
    assert haar(torch.full((1, 1, 2, 2), 3.0)).flatten().tolist() == [6, 0, 0, 0]
    edge = torch.tensor([[1.0, 0.0], [1.0, 0.0]])[None, None]
    assert haar(edge).flatten().tolist() == [1, 1, 0, 0]
    assert haar(edge.mT).flatten().tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize(
    ("size", "row"), [(2, [1, 1]), (3, [1, 2, 1]), (4, [1, 3, 3, 1]), (5, [1, 4, 6, 4, 1])]
)
def test_the_blur_is_binomial_and_keeps_even_surfaces(size: int, row: list[int]) -> None:
    layer: Any = BlurPool(2, 3, size=size)
    expected = torch.tensor(row) / sum(row)
    assert torch.allclose(layer.blur[1, 0], torch.outer(expected, expected))
    layer.conv = nn.Identity()
    assert torch.allclose(layer(torch.full((1, 3, 5, 4), 2.0)), torch.full((1, 3, 3, 2), 2.0))


def test_the_blur_comes_after_the_activation() -> None:
    layer, x = lively(BlurPool(2, 3)), torch.randn(1, 2, 6, 8)
    full = layer.conv(x)
    assert layer.conv.conv.stride == (1, 1)
    square = full[0, 1, 1:4, 3:6]
    expected = (square * torch.tensor([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16).sum()
    assert layer(x)[0, 1, 1, 2].item() == pytest.approx(expected.item(), abs=1e-5)


@pytest.mark.parametrize("size", [0, 1, 8])
def test_impossible_blurs_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match=str(size)):
        BlurPool(4, 4, size=size)


def test_a_shift_changes_less_than_without_the_blur() -> None:
    torch.manual_seed(0)
    layer = lively(BlurPool(3, 8, size=5))
    x = torch.randn(1, 3, 32, 32)

    def changed(make: Any) -> float:  # noqa: ANN401 - a layer or a function
        one, two = (make(each)[..., 4:-4, 4:-4].mean((2, 3)) for each in (x, x.roll(1, -1)))
        return float((one - two).detach().abs().mean())

    assert changed(layer) < changed(lambda each: layer.conv(each)[..., ::2, ::2])


def test_drfd_fuses_three_ways() -> None:
    layer, x = lively(DeepRfd(4, 8)), torch.randn(1, 4, 6, 8)
    spread = conv2d(x, layer.spread.weight, layer.spread.bias, padding=1, groups=4)
    strided, _, norm = layer.strided
    convolved = conv2d(spread, strided.weight, strided.bias, stride=2, padding=1, groups=8)
    highest = layer.highest[1](windows(spread, 2, 2).amax((-1, -2)))
    pixels = [x[..., top::2, left::2] for top in (0, 1) for left in (0, 1)]
    cut = layer.cut.bn(layer.cut.conv(torch.cat(pixels, 1)))
    expected = conv2d(
        torch.cat((cut, norm(gelu(convolved)), highest), 1), layer.fuse.weight, layer.fuse.bias
    )
    assert torch.allclose(layer(x), expected, atol=1e-5)


def test_focus_down_is_a_matrix_of_each_square() -> None:
    layer, x = lively(FocusDown(3, 5)), torch.randn(1, 3, 6, 8)
    assert layer.conv.conv.kernel_size == (1, 1)
    square = x[0, :, 2:4, 4:6]
    assert torch.allclose(layer(x)[0, :, 1, 2], layer(square[None])[0, :, 0, 0], atol=1e-6)
