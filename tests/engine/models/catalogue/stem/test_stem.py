"""First layers against their descriptions."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import conv2d, silu

from engine.models.catalogue.stem.focus import Focus
from engine.models.catalogue.stem.srfd import ShallowRfd
from tests.helpers.norms import lively


@pytest.mark.parametrize(("height", "width"), [(1, 1), (6, 8), (5, 7)])
@pytest.mark.parametrize("kind", [Focus, ShallowRfd])
def test_sides_are_halved_and_rounded_up(kind: type, height: int, width: int) -> None:
    y = lively(kind(3, 8))(torch.randn(2, 3, height, width))
    assert y.shape == (2, 8, (height + 1) // 2, (width + 1) // 2)


def test_focus_is_a_convolution_of_twice_the_side_with_stride() -> None:
    layer, x = lively(Focus(3, 4)), torch.randn(1, 3, 8, 10)
    weight = layer.conv.conv.weight
    large = torch.zeros(4, 3, 6, 6)
    for number, (top, left) in enumerate(((0, 0), (1, 0), (0, 1), (1, 1))):
        large[:, :, top::2, left::2] = weight[:, 3 * number : 3 * number + 3]
    expected = silu(layer.conv.bn(conv2d(x, large, stride=2, padding=2)))
    assert torch.allclose(layer(x), expected, atol=1e-5)


@pytest.mark.parametrize("kernel", [0, 2])
def test_focus_refuses_even_kernels(kernel: int) -> None:
    with pytest.raises(ValueError, match=str(kernel)):
        Focus(3, 4, kernel=kernel)


def test_srfd_fuses_a_convolution_and_the_pixels() -> None:
    layer, x = lively(ShallowRfd(3, 8)), torch.randn(1, 3, 6, 8)
    start = conv2d(x, layer.start.weight, layer.start.bias, padding=3)
    spread = conv2d(start, layer.spread.weight, layer.spread.bias, padding=1, groups=4)
    strided = layer.strided.bn(
        conv2d(spread, layer.strided.conv.weight, stride=2, padding=1, groups=8)
    )
    pixels = [start[..., top::2, left::2] for top in (0, 1) for left in (0, 1)]
    cut = layer.cut.bn(conv2d(torch.cat(pixels, 1), layer.cut.conv.weight))
    expected = conv2d(torch.cat((strided, cut), 1), layer.fuse.weight, layer.fuse.bias)
    assert torch.allclose(layer(x), expected, atol=1e-5)


def test_srfd_refuses_odd_channels() -> None:
    with pytest.raises(ValueError, match="7"):
        ShallowRfd(3, 7)
