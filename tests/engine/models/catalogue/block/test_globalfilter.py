"""GFNet's filter against torch's Fourier transform."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.models.catalogue.block.globalfilter import GlobalFilter, GlobalFilterBlock


@pytest.mark.parametrize("size", [6, 7])
def test_it_is_the_product_of_fourier_transforms(size: int) -> None:
    layer, x = GlobalFilter(3, size), torch.randn(2, 3, size, size)
    weight = torch.complex(layer.filter[0], layer.filter[1])
    spectrum = torch.fft.rfft2(x, norm="ortho") * weight
    expected = torch.fft.irfft2(spectrum, s=(size, size), norm="ortho")
    assert torch.allclose(layer(x), expected, atol=1e-6)


@pytest.mark.parametrize("size", [(5, 8), (9, 3), (1, 1), (20, 20)])
def test_other_sizes_resize_the_filter(size: tuple[int, int]) -> None:
    layer, x = GlobalFilter(2, 6), torch.randn(1, 2, *size)
    resized = nn.functional.interpolate(
        layer.filter, (size[0], size[1] // 2 + 1), mode="bilinear", align_corners=True
    )
    weight = torch.complex(resized[0], resized[1])
    expected = torch.fft.irfft2(torch.fft.rfft2(x, norm="ortho") * weight, s=size, norm="ortho")
    assert torch.allclose(layer(x), expected, atol=1e-6)


def test_a_filter_of_ones_gives_its_input() -> None:
    layer, x = GlobalFilter(2, 4), torch.randn(1, 2, 9, 10)
    with torch.no_grad():
        layer.filter[0] = 1
        layer.filter[1] = 0
    assert torch.allclose(layer(x), x, atol=1e-5)


def test_it_turns_with_its_input() -> None:
    layer, x = GlobalFilter(2, 8), torch.randn(1, 2, 8, 8)
    rolled = layer(x.roll((3, 5), (2, 3)))
    assert torch.allclose(rolled, layer(x).roll((3, 5), (2, 3)), atol=1e-6)


def test_the_block_adds_to_its_input() -> None:
    block, x = GlobalFilterBlock(4, 6), torch.randn(1, 4, 5, 7)
    assert torch.equal(block(x), x + block.mix(x))
    with pytest.raises(ValueError, match="size 0"):
        GlobalFilter(4, 0)
