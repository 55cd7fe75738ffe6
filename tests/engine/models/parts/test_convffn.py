"""The perceptron whose middle sees its neighbours."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import conv2d, gelu

from engine.models.parts.convffn import ConvFfn


def test_it_is_its_equation() -> None:
    layer, x = ConvFfn(4, 1.5), torch.randn(2, 4, 5, 3)
    wide = gelu(conv2d(x, layer.widen.weight, layer.widen.bias))
    assert wide.shape[1] == 6
    near = gelu(conv2d(wide, layer.near.weight, layer.near.bias, padding=1, groups=6))
    expected = conv2d(wide + near, layer.narrow.weight, layer.narrow.bias)
    assert torch.allclose(layer(x), expected, atol=1e-6)


def test_an_empty_middle_is_refused() -> None:
    with pytest.raises(ValueError, match="0.1 times 4"):
        ConvFfn(4, 0.1)
