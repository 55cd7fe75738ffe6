"""Blocks against their papers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from engine.models.catalogue.block.csp import Csp
from engine.models.catalogue.block.faster import CspFaster, FasterBlock, PartialConv


def test_partial_convolution_leaves_the_other_channels_alone() -> None:
    layer, x = PartialConv(16), torch.randn(2, 16, 7, 5)
    y = layer(x)
    assert torch.equal(y[:, 4:], x[:, 4:])
    expected = nn.functional.conv2d(x[:, :4], layer.conv.weight, padding=1)
    assert torch.equal(y[:, :4], expected)
    assert not torch.equal(y[:, :4], x[:, :4])


def test_partial_convolution_of_all_channels() -> None:
    layer, x = PartialConv(8, 1.0), torch.randn(1, 8, 4, 4)
    assert torch.equal(layer(x), nn.functional.conv2d(x, layer.conv.weight, padding=1))


@pytest.mark.parametrize("share", [0.0, 0.05, 1.5, -0.25])
def test_partial_convolution_refuses_impossible_shares(share: float) -> None:
    with pytest.raises(ValueError, match=str(share)):
        PartialConv(16, share)


def test_a_faster_block_is_its_input_and_what_it_adds() -> None:
    block, x = FasterBlock(16).eval(), torch.randn(2, 16, 6, 6)
    layers: Any = block.mix
    first, norm, _, second = layers
    norm.running_mean = torch.randn(32)
    norm.running_var = torch.rand(32) + 0.5
    middle = nn.functional.conv2d(block.spatial(x), first.weight)
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    middle = (middle - norm.running_mean[:, None, None]) * scale[:, None, None]
    middle = middle + norm.bias[:, None, None]
    expected = x + nn.functional.conv2d(middle.clamp(min=0), second.weight)
    assert torch.allclose(block(x), expected, atol=1e-5)
    nn.init.zeros_(second.weight)
    assert torch.equal(block(x), x)


def test_a_faster_block_refuses_an_empty_middle() -> None:
    with pytest.raises(ValueError, match="0"):
        FasterBlock(16, ratio=0.01)


def test_the_frame_joins_both_halves_and_every_unit() -> None:
    frame = Csp(6, 10, 3, 0.4, lambda channels: nn.Conv2d(channels, channels, 1)).eval()
    x = torch.randn(1, 6, 4, 4)
    first, second = frame.cv1(x).chunk(2, 1)
    assert first.shape[1] == 4
    seen = [first, second]
    for unit in frame.m:
        seen.append(unit(seen[-1]))
    assert torch.equal(frame(x), frame.cv2(torch.cat(seen, 1)))
    assert frame(x).shape == (1, 10, 4, 4)


def test_options_reach_every_block() -> None:
    units: Any = CspFaster(16, 32, 2, 0.5, share=0.5, ratio=3.0).m
    assert [unit.spatial.split for unit in units] == [[8, 8], [8, 8]]
    assert [unit.mix[0].out_channels for unit in units] == [48, 48]
