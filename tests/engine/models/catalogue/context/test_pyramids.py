"""Several surroundings side by side against their papers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from engine.models.catalogue.context.aspp import Aspp
from engine.models.catalogue.context.dappm import Activated, DeepAggregation
from engine.models.catalogue.context.pappm import ParallelAggregation
from engine.models.catalogue.context.ppm import PyramidPooling
from engine.models.catalogue.context.rfb import Rfb
from engine.models.catalogue.context.rfem import Rfem
from tests.helpers.norms import lively

MAKES = [Aspp, PyramidPooling, DeepAggregation, ParallelAggregation]


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("side", [1, 4])
def test_they_learn_from_a_batch_of_one(make: type[nn.Module], side: int) -> None:
    layer = make(16, 16).train()
    for norm in layer.modules():
        # What stands on the whole map refuses a single pixel, as everywhere in the network.
        if isinstance(norm, nn.BatchNorm2d) and side == 1:
            norm.eval()
    found = layer(torch.randn(1, 16, side, side))
    assert found.shape == (1, 16, side, side)
    assert found.isfinite().all()


def reach(layer: Any, x: torch.Tensor) -> torch.Tensor:  # noqa: ANN401 - parts of several kinds
    """Return which pixels the middle one of the output sees."""
    x = x.clone().requires_grad_()
    found = layer(x)
    found[..., found.shape[-2] // 2, found.shape[-1] // 2].sum().backward()
    assert x.grad is not None
    return x.grad.abs().sum((0, 1)) > 0


@pytest.mark.parametrize("rate", [1, 2])
def test_branches_of_aspp_see_nine_pixels_at_their_rate(rate: int) -> None:
    layer = Aspp(16, 16, rate=rate).eval()
    for times, branch in enumerate(layer.wide, start=1):
        far, seen = times * rate, reach(branch.conv, torch.randn(1, 16, 13, 13))
        expected = {(row, column) for row in (-far, 0, far) for column in (-far, 0, far)}
        assert {(row - 6, column - 6) for row, column in seen.nonzero().tolist()} == expected


def test_aspp_joins_a_point_three_rates_and_the_mean() -> None:
    layer, x = lively(Aspp(16, 8, rate=1)), torch.randn(2, 16, 5, 4)
    mean = layer.mean(x.mean((2, 3), keepdim=True)).expand(-1, -1, 5, 4)
    parts = [layer.point(x), *(wide(x) for wide in layer.wide), mean]
    assert torch.allclose(layer(x), layer.join(torch.cat(parts, 1)), atol=1e-6)
    assert (layer(x) >= 0).all()


def test_ppm_is_the_map_and_means_of_four_grids() -> None:
    layer, x = lively(PyramidPooling(8, 6)), torch.randn(2, 8, 7, 5)
    parts = [x]
    for bins, conv in zip((1, 2, 3, 6), layer.grids, strict=True):
        mean = conv(functional.adaptive_avg_pool2d(x, bins))
        parts.append(functional.interpolate(mean, size=(7, 5), mode="bilinear"))
    assert torch.allclose(layer(x), layer.join(torch.cat(parts, 1)), atol=1e-5)
    assert layer.join.conv.in_channels == 16


def scales(layer: Any, x: torch.Tensor) -> list[torch.Tensor]:  # noqa: ANN401
    """Return the five scales as the paper defines them."""
    first, *others = layer.scales.reduce
    made, size = [first(x)], x.shape[-2:]
    pooled = [functional.avg_pool2d(x, 2**i + 1, 2 ** (i - 1), 2 ** (i - 1)) for i in (2, 3, 4)]
    pooled.append(x.mean((2, 3), keepdim=True))
    for part, reduce in zip(pooled, others, strict=True):
        made.append(functional.interpolate(reduce(part), size=size, mode="bilinear"))
    return made


def test_each_scale_of_dappm_stands_on_the_one_before() -> None:
    layer, x = lively(DeepAggregation(16, 8)), torch.randn(2, 16, 9, 11)
    parts = scales(layer, x)
    for at, step in enumerate(layer.steps, start=1):
        parts[at] = step(parts[at] + parts[at - 1])
    expected = layer.join(torch.cat(parts, 1)) + layer.shortcut(x)
    assert torch.allclose(layer(x), expected, atol=1e-5)


def test_each_scale_of_pappm_has_a_convolution_of_its_own() -> None:
    layer, x = lively(ParallelAggregation(16, 8)), torch.randn(2, 16, 9, 11)
    first, *others = scales(layer, x)
    norm, _, conv = layer.step
    seen = norm(torch.cat([part + first for part in others], 1)).relu().chunk(4, 1)
    kernels = conv.weight.chunk(4)
    each = [functional.conv2d(one, two, padding=1) for one, two in zip(seen, kernels, strict=True)]
    expected = layer.join(torch.cat((first, *each), 1)) + layer.shortcut(x)
    assert torch.allclose(layer(x), expected, atol=1e-5)


def test_both_have_the_same_size_and_say_something_else() -> None:
    one, two = DeepAggregation(16, 16), ParallelAggregation(16, 16)
    counts = [sum(each.numel() for each in layer.parameters()) for layer in (one, two)]
    assert counts[0] == counts[1]
    assert [type(each) for each in Activated(4, 4)] == [nn.BatchNorm2d, nn.ReLU, nn.Conv2d]
    with pytest.raises(ValueError, match="none inside"):
        DeepAggregation(16, 16, share=0.01)


def test_branches_of_rfb_see_farther_and_farther() -> None:
    layer: Any = Rfb(16, 16).eval()
    x = torch.randn(1, 16, 17, 17)
    for each in layer.modules():
        if isinstance(each, nn.ReLU):
            each.inplace = False
    widths = []
    for branch in (layer.near, layer.middle, layer.far):
        seen = reach(nn.Sequential(*(part.conv for part in branch)), x).any(0).nonzero()
        widths.append(int(seen.max() - seen.min()) + 1)
    assert widths == [3, 9, 15]


def test_rfb_is_its_shortcut_without_branches() -> None:
    layer, x = lively(Rfb(16, 8, scale=0.0)), torch.randn(2, 16, 5, 5)
    assert torch.equal(layer(x), layer.shortcut(x).relu())
    with pytest.raises(ValueError, match="15"):
        Rfb(15, 8)


def test_branches_of_rfem_are_one_kernel_with_holes_between_its_weights() -> None:
    layer, x = lively(Rfem(8, 16)).m, torch.randn(2, 8, 9, 8)
    expected = x
    for rate, norm in zip((1, 2, 3), layer.norms, strict=True):
        dense = torch.zeros(8, 4, 2 * rate + 1, 2 * rate + 1)
        dense[..., ::rate, ::rate] = layer.conv.weight
        seen = norm(functional.conv2d(layer.reduce(x), dense, padding=rate))
        expected = expected + functional.silu(x + seen)
    assert torch.allclose(layer(x), functional.silu(layer.norm(expected)), atol=1e-5)
