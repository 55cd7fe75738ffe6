"""SMPConv's kernels, its folding, and SMPNet's exact size."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from engine.models.parts.smp import SmpBlock, SmpCnn, SmpConv, SmpConvFfn


@torch.no_grad()
def test_kernels_are_interpolated_between_points() -> None:
    layer = SmpConv(2, 5)
    nn.init.uniform_(layer.places, -1, 1)
    nn.init.uniform_(layer.radius, 0.3, 1)
    found = layer.sampled()
    assert layer.places.shape == (6, 2)
    for channel, row, column in np.ndindex(2, 5, 5):
        expected = 0.0
        for point, (across, down) in enumerate(layer.places.tolist()):
            distance = abs(across - (column / 2 - 1)) + abs(down - (row / 2 - 1))
            near = max(0.0, 1 - distance / float(layer.radius[point]))
            expected += float(layer.weights[channel, point]) * near
        assert float(found[channel, 0, row, column]) == pytest.approx(expected, abs=1e-5)


def test_a_point_on_a_tap_is_that_tap() -> None:
    layer, x = SmpConv(3, 3), torch.randn(1, 3, 6, 7)
    with torch.no_grad():
        layer.places.copy_(torch.tensor([[1.0, 0.0], [0.0, 0.0]]))
        layer.weights.copy_(torch.tensor([[1.0, 0.0]]).expand(3, 2))
        layer.radius.fill_(0.9)
    right = nn.functional.pad(x, (0, 1))[..., 1:]
    assert torch.allclose(layer.eval()(x), right, atol=1e-6)


@pytest.mark.parametrize("kernel", [13, 15])
def test_it_is_a_depthwise_convolution(kernel: int) -> None:
    layer, x = SmpConv(4, kernel).eval(), torch.randn(2, 4, 5, 9)
    expected = nn.functional.conv2d(x, layer.sampled(), padding=kernel // 2, groups=4)
    assert torch.allclose(layer(x), expected, atol=1e-5)
    assert torch.allclose(layer.radius, torch.tensor(4 / kernel))


def test_radii_are_kept_within_bounds_in_training() -> None:
    layer, x = SmpConv(2, 5), torch.randn(1, 2, 6, 6)
    with torch.no_grad():
        layer.radius[0], layer.radius[1] = -1, 7
    layer.eval()(x)
    assert layer.radius[0] == -1
    first, second = layer.train()(x), layer(x)
    (first + second).square().sum().backward()
    assert layer.radius[:2].flatten().tolist() == pytest.approx([1e-3, 1])
    assert all(each.grad is not None for each in layer.parameters())


def test_it_folds_into_one_convolution() -> None:
    layer, x = SmpCnn(4, 9), torch.randn(2, 4, 8, 7)
    for norm in (layer.large_norm, layer.small_norm):
        for each, low, high in (
            (norm.running_mean, -1.0, 1.0),
            (norm.running_var, 0.5, 2.0),
            (norm.weight, 0.5, 1.5),
            (norm.bias, -1.0, 1.0),
        ):
            assert each is not None
            nn.init.uniform_(each, low, high)
    layer.eval()
    folded = layer.fold()
    assert isinstance(folded, nn.Conv2d)
    assert not folded.training
    with torch.no_grad():
        assert torch.allclose(folded(x), layer(x), atol=1e-5)


def unit(c_in: int, c_out: int, kernel: int, groups: int = 1) -> nn.Sequential:
    """Return a convolution of SMPNet's stem and transitions: normalised, with ReLU."""
    conv = nn.Conv2d(c_in, c_out, kernel, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(c_out), nn.ReLU())


@pytest.mark.parametrize(
    ("width", "depths", "count"), [(96, (2, 2, 8, 2), 26_705_248), (128, (2, 2, 20, 2), 79_546_520)]
)
def test_smpnet_of_these_blocks_has_the_size_of_the_authors(
    width: int, depths: tuple[int, ...], count: int
) -> None:
    with torch.device("meta"):
        layers: list[nn.Module] = [
            unit(3, width, 3),
            unit(width, width, 3, width),
            unit(width, width, 1),
            unit(width, width, 3, width),
        ]
        for stage, (depth, kernel) in enumerate(zip(depths, (31, 29, 27, 13), strict=True)):
            c = width * 2**stage
            if stage:
                layers += [unit(c // 2, c, 1), unit(c, c, 3, c)]
            for _ in range(depth):
                layers += [SmpBlock(c, kernel), SmpConvFfn(c)]
        layers += [nn.BatchNorm2d(8 * width), nn.Linear(8 * width, 1000)]
    assert sum(p.numel() for layer in layers for p in layer.parameters()) == count


@pytest.mark.parametrize("kernel", [0, 1, 4])
def test_kernels_without_a_middle_are_refused(kernel: int) -> None:
    with pytest.raises(ValueError, match=str(kernel)):
        SmpConv(4, kernel)


def test_a_small_kernel_above_the_large_one_is_refused() -> None:
    with pytest.raises(ValueError, match="kernel 3 is below 5"):
        SmpCnn(4, 3)
