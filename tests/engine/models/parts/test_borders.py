"""Borders around maps."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import pad

from engine.models.parts.borders import framed, repeated


def test_a_frame_has_a_value_per_channel() -> None:
    x = torch.randn(2, 3, 1, 4)
    expected = [pad(x[:, c], [1] * 4, value=float(c)) for c in range(3)]
    assert torch.equal(framed(x, torch.arange(3.0)), torch.stack(expected, 1))


@pytest.mark.parametrize(("before", "after"), [(0, 0), (1, 1), (0, 1), (2, 3)])
def test_the_outermost_pixels_are_repeated(before: int, after: int) -> None:
    x = torch.randn(2, 3, 1, 4)
    expected = pad(x, [before, after, before, after], mode="replicate")
    assert torch.equal(repeated(x, before, after), expected)
