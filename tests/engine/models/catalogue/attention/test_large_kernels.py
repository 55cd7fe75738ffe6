"""Attention from depthwise convolutions against its equations."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d

from engine.models.catalogue.attention.caa import ContextAnchorAttention
from engine.models.catalogue.attention.cpca import ChannelPriorConvAttention
from engine.models.catalogue.attention.lka import LargeKernelAttention
from engine.models.catalogue.attention.lska import DILATIONS, LargeSeparableKernelAttention
from engine.models.catalogue.attention.msca import MultiScaleConvAttention, Scales


def without_biases(layer: nn.Module) -> None:
    for each in layer.modules():
        if isinstance(each, nn.Conv2d) and each.bias is not None:
            nn.init.zeros_(each.bias)


def outer(pair: Any) -> torch.Tensor:  # noqa: ANN401
    """Return the square kernels that a row and a column one after the other are."""
    row, column = pair
    square: torch.Tensor = column.weight @ row.weight
    return square


def reach(layer: nn.Module, channels: int, side: int) -> tuple[int, int]:
    """Return how many rows and columns the output in the middle depends on."""
    x = torch.randn(1, channels, side, side, requires_grad=True)
    layer(x)[0, :, side // 2, side // 2].sum().backward()
    assert x.grad is not None
    seen = x.grad[0].abs().sum(0) > 0
    return int(seen.any(1).sum()), int(seen.any(0).sum())


@pytest.mark.parametrize(("kernel", "dilation", "sides"), [(21, 3, (5, 7)), (9, 2, (3, 5)),
                                                           (7, 1, (1, 7))])  # fmt: skip
def test_a_large_kernel_is_taken_apart(kernel: int, dilation: int, sides: tuple[int, int]) -> None:
    layer = LargeKernelAttention(2, kernel=kernel, dilation=dilation)
    assert (layer.near.kernel_size[0], layer.far.kernel_size[0]) == sides
    assert layer.far.dilation == (dilation, dilation)
    whole = sides[0] + (sides[1] - 1) * dilation
    assert kernel <= whole <= kernel + 2 * dilation
    assert reach(layer, 2, 31) == (whole, whole)


def test_large_kernel_attention_is_its_equation() -> None:
    layer, x = LargeKernelAttention(3), torch.randn(2, 3, 9, 13)
    near = conv2d(x, layer.near.weight, layer.near.bias, padding=2, groups=3)
    far = conv2d(near, layer.far.weight, layer.far.bias, padding=9, dilation=3, groups=3)
    weight = torch.einsum("oi,bihw->bohw", layer.mix.weight[:, :, 0, 0], far)
    assert layer.mix.bias is not None
    expected = x * (weight + layer.mix.bias[:, None, None])
    assert torch.allclose(layer(x), expected, atol=1e-5)


@pytest.mark.parametrize("options", [{"dilation": 0}, {"kernel": 0}, {"kernel": 18}])
def test_large_kernels_that_cannot_be_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="kernel"):
        LargeKernelAttention(4, **options)


@pytest.mark.parametrize("kernel", DILATIONS)
def test_separable_kernels_are_outer_products(kernel: int) -> None:
    layer, x = LargeSeparableKernelAttention(2, kernel=kernel), torch.randn(1, 2, 11, 8)
    without_biases(layer)
    seen, dilation = x, DILATIONS[kernel]
    for pair, step in ((layer.near, 1), (layer.far, dilation)):
        square = outer(pair)
        assert square.shape[-1] == (2 * dilation - 1 if step == 1 else kernel // dilation)
        pad = square.shape[-1] // 2 * step
        seen = conv2d(seen, square, padding=pad, dilation=step, groups=2)
    assert torch.allclose(layer(x), x * conv2d(seen, layer.mix.weight), atol=1e-5)


def test_a_separable_kernel_that_the_paper_has_not_is_refused() -> None:
    with pytest.raises(ValueError, match="8 is not one of 7, 11"):
        LargeSeparableKernelAttention(4, kernel=8)


def test_scales_are_the_kernel_and_three_pairs_of_strips() -> None:
    scales, x = Scales(2), torch.randn(1, 2, 7, 9)
    without_biases(scales)
    near = conv2d(x, scales.near.weight, padding=2, groups=2)
    expected = near
    lengths = []
    for branch in scales.branches:
        square = outer(branch)
        lengths.append(square.shape[-1])
        expected = expected + conv2d(near, square, padding=square.shape[-1] // 2, groups=2)
    assert lengths == [7, 11, 21]
    assert torch.allclose(scales(x), expected, atol=1e-5)


def test_multi_scale_attention_is_its_equation() -> None:
    layer, x = MultiScaleConvAttention(4), torch.randn(2, 4, 6, 5)
    weight = conv2d(layer.scales(x), layer.mix.weight, layer.mix.bias)
    assert torch.equal(layer(x), x * weight)
    assert reach(layer, 4, 31) == (25, 25)


def test_the_channel_prior_weights_by_means_and_peaks() -> None:
    layer, x = ChannelPriorConvAttention(16), torch.randn(2, 16, 5, 7)
    nn.init.zeros_(layer.mix.weight)
    nn.init.ones_(layer.mix.bias)  # type: ignore[arg-type]
    first: Any = layer.prior[0]
    second: Any = layer.prior[2]
    assert first.out_channels == 4
    total = torch.zeros(2, 16)
    for pooled in (x.mean((2, 3)), x.flatten(2).max(2).values):
        middle = (pooled @ first.weight.flatten(1).T + first.bias).clamp(min=0)
        total = total + middle @ second.weight.flatten(1).T + second.bias
    assert torch.allclose(layer(x), x * total.sigmoid()[..., None, None], atol=1e-6)


def test_channel_prior_attention_weights_places_after_channels() -> None:
    layer, x = ChannelPriorConvAttention(8), torch.randn(2, 8, 6, 6)
    peak = layer.prior(x.mean((2, 3), keepdim=True)) + layer.prior(x.amax((2, 3), keepdim=True))
    prior = x * peak.sigmoid()
    assert torch.allclose(layer(x), prior * layer.mix(layer.scales(prior)), atol=1e-6)


def test_a_context_anchor_sees_its_square_and_no_more() -> None:
    layer = ContextAnchorAttention(3).eval()
    assert reach(layer, 3, 25) == (17, 17)
    assert reach(ContextAnchorAttention(3, kernel=5).eval(), 3, 25) == (11, 11)


def test_a_context_anchor_is_its_equation() -> None:
    layer, x = ContextAnchorAttention(4).eval(), torch.randn(2, 4, 9, 6)
    stages: Any = layer.weigh
    pool, first, pair, last = stages
    padded = nn.functional.pad(x, (3, 3, 3, 3))
    pooled = padded.unfold(2, 7, 1).unfold(3, 7, 1).mean((-2, -1))
    assert torch.allclose(pool(x), pooled, atol=1e-6)
    expected = x * torch.sigmoid(last(pair[1](pair[0](first(pooled)))))
    assert torch.allclose(layer(x), expected, atol=1e-6)
    nn.init.zeros_(last.conv.weight)
    assert torch.allclose(layer(x), x / 2)


def test_strips_of_an_even_length_are_refused() -> None:
    with pytest.raises(ValueError, match="odd"):
        ContextAnchorAttention(4, kernel=10)
