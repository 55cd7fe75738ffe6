"""Strips in half precision."""

from __future__ import annotations

import pytest
import torch

from engine.models.parts.long_strips import long_strips


def test_half_precision_gives_the_same() -> None:
    layer, x = long_strips(4, 11), torch.randn(1, 4, 6, 9)
    expected = layer(x)
    found = layer.half()(x.half())
    assert found.shape == x.shape
    assert torch.allclose(found.float(), expected, atol=1e-2)


def test_a_strip_without_a_middle_is_refused() -> None:
    with pytest.raises(ValueError, match="4"):
        long_strips(3, 4)
