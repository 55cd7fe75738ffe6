"""Means over grids and what small maps need."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.functional import adaptive_avg_pool2d

from engine.models.parts.pooling import averaging, enlarged, enough, grid_mean


@pytest.mark.parametrize("bins", [1, 2, 3, 6])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 5), (6, 12), (13, 7)])
def test_the_mean_over_a_grid_is_that_of_adaptive_pooling(
    bins: int, height: int, width: int
) -> None:
    x = torch.randn(2, 3, height, width)
    assert torch.allclose(grid_mean(x, bins), adaptive_avg_pool2d(x, bins), atol=1e-6)


def test_bins_overlap_where_they_do_not_divide_the_line() -> None:
    found = averaging(5, 3, torch.zeros(1))
    expected = torch.tensor([[1, 1, 0, 0, 0], [0, 1, 1, 1, 0], [0, 0, 0, 1, 1]])
    assert torch.allclose(found, expected / expected.sum(1, keepdim=True))


def test_normalisation_learns_from_a_single_place() -> None:
    norm, x = nn.BatchNorm2d(3).train(), torch.randn(1, 3, 1, 1)
    nn.init.normal_(norm.bias)
    with pytest.raises(ValueError, match="more than 1 value"):
        norm(x)
    made = enlarged(norm(enough(x, True)), torch.zeros(1, 1, 4, 5))
    assert made.shape == (1, 3, 4, 5)
    assert torch.allclose(made, norm.bias[:, None, None].expand_as(made))


def test_maps_that_are_large_enough_stay() -> None:
    one, four = torch.randn(1, 3, 1, 1), torch.randn(1, 3, 2, 2)
    assert enough(one, False) is one
    assert enough(four, True) is four
