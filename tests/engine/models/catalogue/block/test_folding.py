"""Blocks that have branches in training and fewer afterwards."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import gelu
from ultralytics.nn.modules import RepConv
from ultralytics.nn.modules.block import CIB, RepVGGDW

from engine.models import network
from engine.models.catalogue.block.c2fcib import C2fCib
from engine.models.catalogue.block.repncspelan4 import RepElan
from engine.models.catalogue.block.rvb import CspRepVit, RepVggDw, RepVitBlock
from engine.models.fold import fold
from engine.models.plan import draw
from engine.models.recipe import parse
from tests.helpers.norms import lively


def test_the_branches_of_repvit_are_one_convolution() -> None:
    layer, x = lively(RepVggDw(5)), torch.randn(2, 5, 6, 4)
    branches = layer.wide(x) + x * layer.point.weight[:, 0] + layer.point.bias[:, None, None] + x
    assert torch.allclose(layer(x), layer.norm(branches), atol=1e-5)
    folded = layer.fold()
    assert type(folded) is nn.Conv2d
    assert (folded.kernel_size, folded.groups) == ((3, 3), 5)
    assert (folded(x) - layer(x)).abs().max() < 1e-5


def test_a_repvit_block_is_its_two_mixers() -> None:
    block, x = lively(RepVitBlock(16)), torch.randn(2, 16, 5, 5)
    y = block.tokens(x)
    first, _, second = block.squeeze
    weight = second(first(y.mean((2, 3), keepdim=True)).relu()).sigmoid()
    y = y * weight
    wide = gelu(block.pw1.bn(block.pw1.conv(y)))
    assert wide.shape[1] == 32
    expected = y + block.pw2.bn(block.pw2.conv(wide))
    assert torch.allclose(block(x), expected, atol=1e-5)


def test_a_repvit_block_begins_as_its_token_mixer() -> None:
    block, x = RepVitBlock(8, squeeze=False).eval(), torch.randn(1, 8, 4, 4)
    assert torch.equal(block(x), block.tokens(x))


def test_every_second_repvit_block_squeezes() -> None:
    blocks: Any = CspRepVit(16, 32, 4, 0.5).m
    assert [block.squeeze is not None for block in blocks] == [True, False, True, False]
    with pytest.raises(ValueError, match="ratio 0"):
        RepVitBlock(8, 0)


@pytest.mark.parametrize(
    ("text", "branch", "gone"),
    [
        ("yolo11n:block=rvb@p4", RepVggDw, True),
        ("yolo11n:block=repncspelan4@p4", RepConv, False),
        ("yolo11n:block=c2fcib(large=true)@p4", RepVGGDW, False),
    ],
)
def test_folding_changes_nothing_but_the_branches(text: str, branch: type, gone: bool) -> None:
    recipe = parse(text)
    made = lively(network.build(recipe, draw(recipe)))
    assert any(isinstance(each, branch) for each in made.modules())
    x = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        before = made(x)[0]
        folded = fold(made)
        after = folded(x)[0]
    left = [each for each in folded.modules() if isinstance(each, branch)]
    assert not (gone and left)
    assert not any(hasattr(each, "conv1") for each in left)
    assert (after - before).abs().max() / before.abs().max() < 1e-4


@pytest.mark.parametrize(("expansion", "widths"), [(0.5, (32, 16)), (0.25, (16, 8))])
def test_gelan_has_the_widths_of_yolov9(expansion: float, widths: tuple[int, int]) -> None:
    block = RepElan(24, 32, 2, expansion)
    assert block.cv1.conv.out_channels == widths[0]
    assert block.cv2[1].conv.out_channels == widths[1]
    assert len(block.cv2[0].m) == 2
    assert block(torch.randn(1, 24, 5, 6)).shape == (1, 32, 5, 6)


def test_compact_inverted_blocks_have_their_shortcut() -> None:
    for large in (False, True):
        block: Any = C2fCib(16, 16, 2, 0.5, large=large)
        units = [each for each in block.modules() if isinstance(each, CIB)]
        assert [each.add for each in units] == [True, True]
        assert [type(each.cv1[2]) is RepVGGDW for each in units] == [large, large]
