"""CGNet's blocks against the paper."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from engine.models.catalogue.block.cg import CgBlock, CspCg
from engine.models.catalogue.down.cg import CgDown
from engine.models.parts.context_guided import ContextGuided


def by_hand(part: ContextGuided, x: torch.Tensor) -> torch.Tensor:
    """The four features of the paper, with the functions of torch."""
    channels, step = x.shape[1], part.around.dilation[0]
    local = nn.functional.conv2d(x, part.local.weight, padding=1, groups=channels)
    around = nn.functional.conv2d(
        x, part.around.weight, padding=step, dilation=step, groups=channels
    )
    joint = part.joint(torch.cat((local, around), 1))
    if isinstance(part.reduce, nn.Conv2d):
        joint = nn.functional.conv2d(joint, part.reduce.weight)
    layers: Any = part.whole
    first, second = layers[0], layers[2]
    mean = joint.flatten(2).mean(2)
    middle = torch.relu(mean @ first.weight.flatten(1).T + first.bias)
    weight = torch.sigmoid(middle @ second.weight.flatten(1).T + second.bias)
    weighted: torch.Tensor = joint * weight[:, :, None, None]
    return weighted


def test_a_block_is_its_input_and_the_weighted_features() -> None:
    block, x = CgBlock(16, 3).eval(), torch.randn(2, 16, 11, 9)
    narrow = block.narrow(x)
    assert narrow.shape[1] == 8
    assert torch.allclose(block(x), x + by_hand(block.guided, narrow), atol=1e-5)


def test_halving_keeps_all_channels_and_has_no_residual() -> None:
    layer, x = CgDown(6, 10).eval(), torch.randn(2, 6, 11, 8)
    halved = layer.halve(x)
    assert halved.shape == (2, 10, 6, 4)
    assert torch.allclose(layer(x), by_hand(layer.guided, halved), atol=1e-5)
    assert layer.guided.joint[0].num_features == 20


def test_dilation_and_reduction_go_with_the_level() -> None:
    def found(level: int, **options: int) -> tuple[int, int]:
        unit: Any = CspCg(8, 128, 1, 0.5, level, **options).m[0]
        return unit.guided.around.dilation[0], unit.guided.whole[0].out_channels

    assert found(2) == (2, 8)
    assert found(3) == found(5) == (4, 4)
    assert found(3, dilation=1, reduction=2) == (1, 32)


def test_each_channel_has_its_own_slope() -> None:
    block: Any = CgBlock(16, 2)
    assert block.narrow.act.num_parameters == 8
    assert block.guided.joint[1].num_parameters == 16


def test_what_it_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="7"):
        CgBlock(7, 2)
    with pytest.raises(ValueError, match="-1"):
        CgBlock(8, 2, dilation=-1)
    with pytest.raises(ValueError, match="-2"):
        CgDown(8, 8, reduction=-2)
