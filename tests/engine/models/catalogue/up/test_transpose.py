"""Transposed convolutions against their definition."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate, silu

from engine.models.catalogue.up.dwtranspose import DepthWiseTransposed
from engine.models.catalogue.up.transpose import Transposed
from tests.helpers.norms import lively


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 5), (4, 2)])
def test_each_pixel_becomes_four_by_four_matrices(height: int, width: int) -> None:
    layer, x = lively(Transposed(4)), torch.randn(1, 4, height, width)
    weight = layer.conv_transpose.weight
    made = torch.zeros(1, 4, 2 * height, 2 * width)
    for top in (0, 1):
        for left in (0, 1):
            part = torch.einsum("bihw,io->bohw", x, weight[:, :, top, left])
            made[..., top::2, left::2] = part
    assert torch.allclose(layer(x), silu(layer.bn(made)), atol=1e-5)


def test_it_begins_as_bilinear_interpolation() -> None:
    x = torch.randn(2, 3, 5, 6)
    made = DepthWiseTransposed(3)(x)
    expected = interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    assert made.shape == expected.shape
    assert torch.allclose(made[..., 1:-1, 1:-1], expected[..., 1:-1, 1:-1], atol=1e-6)


def test_channels_stay_apart() -> None:
    layer, x = DepthWiseTransposed(3), torch.randn(1, 3, 4, 4)
    nn.init.normal_(layer.weight)
    other = x.clone()
    other[:, 1] += 1
    changed = (layer(other) - layer(x)).abs().amax((0, 2, 3)) > 1e-4
    assert changed.tolist() == [False, True, False]
