"""RMT's block."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from engine.models.catalogue.block.ret import CspRet, RetBlock, RetFfn


def test_a_block_is_three_residuals() -> None:
    block, x = RetBlock(8, 3, head=4), torch.randn(2, 8, 5, 6)
    y = x + block.near(x)
    y = y + block.attention(block.norm1(y))
    assert torch.equal(block(x), y + block.ffn(block.norm2(y)))


def test_the_perceptron_adds_what_is_near_to_its_middle() -> None:
    layer, x = RetFfn(4), torch.randn(1, 4, 5, 5)
    middle = nn.functional.gelu(layer.fc1(x))
    assert torch.allclose(layer(x), layer.fc2(middle + layer.near(middle)))
    assert middle.shape[1] == 12


def test_attention_is_of_the_whole_map_from_p4_on() -> None:
    def parts(level: int, **options: int) -> tuple[bool, float, int]:
        unit: Any = CspRet(8, 64, 1, 0.5, level, **options).m[0]
        return unit.attention.decomposed, unit.attention.span, unit.attention.heads

    assert parts(2) == parts(3) == (True, 4.0, 2)
    assert parts(4) == parts(5) == (False, 6.0, 2)
    assert parts(4, whole=5)[0]
    assert parts(3, head=8)[2] == 4


def test_heads_of_odd_width_are_refused() -> None:
    with pytest.raises(ValueError, match="pairs"):
        RetBlock(9, 3, head=3)
    with pytest.raises(ValueError, match="0"):
        RetBlock(8, 3, head=0)
