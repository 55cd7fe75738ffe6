"""Upsampling against its papers."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.models.catalogue.up.dysample import DySample


def still(channels: int, groups: int) -> DySample:
    """Return a layer that moves nothing."""
    layer = DySample(channels, groups=groups)
    nn.init.zeros_(layer.offset.weight)
    return layer


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 6), (3, 5), (8, 4)])
def test_without_offsets_it_is_bilinear_up_to_the_border(
    groups: int, height: int, width: int
) -> None:
    x = torch.randn(2, 8, height, width)
    expected = nn.functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    assert (still(8, groups)(x) - expected).abs().max() < 1e-5


def naive(layer: DySample, x: torch.Tensor) -> torch.Tensor:
    """The paper's sampling pixel by pixel, in double precision."""
    count, channels, height, width = x.shape
    groups = layer.groups
    offsets = layer.offset(x).detach().double() * 0.25
    offsets = offsets.reshape(count, 2, groups, 2, 2, height, width)
    x, y = x.double(), torch.zeros(count, channels, 2 * height, 2 * width, dtype=torch.double)
    each = channels // groups
    for picture in range(count):
        for group in range(groups):
            part = x[picture, group * each : (group + 1) * each]
            for row in range(2 * height):
                for column in range(2 * width):
                    at = row // 2, column // 2
                    moved = offsets[picture, :, group, row % 2, column % 2, at[0], at[1]]
                    across = at[1] + (column % 2 - 0.5) / 2 + float(moved[0])
                    down = at[0] + (row % 2 - 0.5) / 2 + float(moved[1])
                    across, down = min(max(across, 0), width - 1), min(max(down, 0), height - 1)
                    left, top = int(across), int(down)
                    right, bottom = min(left + 1, width - 1), min(top + 1, height - 1)
                    a, b = across - left, down - top
                    above = part[:, top, left] * (1 - a) + part[:, top, right] * a
                    below = part[:, bottom, left] * (1 - a) + part[:, bottom, right] * a
                    target = y[picture, group * each : (group + 1) * each, row, column]
                    target.copy_(above * (1 - b) + below * b)
    return y


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_it_samples_where_the_offsets_say(groups: int) -> None:
    layer = DySample(8, groups=groups)
    nn.init.normal_(layer.offset.weight, std=1.0)
    assert layer.offset.bias is not None
    nn.init.normal_(layer.offset.bias)
    x = torch.randn(2, 8, 4, 5)
    y = layer(x)
    assert y.shape == (2, 8, 8, 10)
    assert (y.double() - naive(layer, x)).abs().max() < 1e-4
    assert (y - still(8, groups)(x)).abs().max() > 0.1


def test_groups_move_their_own_channels() -> None:
    layer = still(8, 4)
    x = torch.randn(1, 8, 4, 4)
    before = layer(x)
    assert layer.offset.bias is not None
    assert layer.offset.out_channels == 2 * 4 * 4
    with torch.no_grad():
        # The first coordinate of the second group, all four new pixels.
        layer.offset.bias[4:8] = 2.0
    changed = (layer(x) - before).abs().amax((0, 2, 3)) > 1e-3
    assert changed.tolist() == [False, False, True, True, False, False, False, False]


@pytest.mark.parametrize("groups", [0, -1, 7, 16])
def test_impossible_groups_are_refused(groups: int) -> None:
    with pytest.raises(ValueError, match=str(groups)):
        DySample(8, groups=groups)
