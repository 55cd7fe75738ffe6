"""Maps cut into four."""

from __future__ import annotations

import torch

from engine.models.parts.slices import even, slices


def test_even_sides_stay_and_odd_ones_get_their_last_pixel_twice() -> None:
    x = torch.arange(6.0).view(1, 1, 2, 3)
    assert even(x).tolist() == [[[[0, 1, 2, 2], [3, 4, 5, 5]]]]
    assert even(x.mT).tolist() == [[[[0, 3], [1, 4], [2, 5], [2, 5]]]]
    whole = torch.randn(1, 2, 4, 6)
    assert even(whole) is whole


def test_the_four_slices_have_every_pixel_once() -> None:
    x = torch.arange(24.0).view(1, 1, 4, 6)
    four = slices(x)
    assert [each[0, 0, 0, 0].item() for each in four] == [0, 1, 6, 7]
    assert all(each.shape == (1, 1, 2, 3) for each in four)
    assert sorted(torch.cat(four).flatten().tolist()) == list(range(24))
