"""Maps as sequences in four directions."""

from __future__ import annotations

import pytest
import torch

from ops.selective_scan import DIRECTIONS, cross_merge, cross_scan


def test_the_four_directions() -> None:
    x = torch.arange(6.0).reshape(1, 1, 2, 3)
    assert cross_scan(x)[0, :, 0].tolist() == [
        [0, 1, 2, 3, 4, 5],
        [0, 3, 1, 4, 2, 5],
        [5, 4, 3, 2, 1, 0],
        [5, 2, 4, 1, 3, 0],
    ]


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (3, 5), (1, 7)])
def test_merging_what_was_scanned_gives_four_times_the_map(size: tuple[int, int]) -> None:
    x = torch.randn(2, 3, *size)
    assert torch.allclose(cross_merge(cross_scan(x), *size), DIRECTIONS * x)


def test_merging_is_the_transpose_of_scanning() -> None:
    x, y = torch.randn(2, 3, 4, 5), torch.randn(2, 4, 3, 20)
    one, two = (cross_scan(x) * y).sum(), (x * cross_merge(y, 4, 5)).sum()
    assert torch.allclose(one, two, atol=1e-4)
