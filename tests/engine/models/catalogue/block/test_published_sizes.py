"""Whole networks of these blocks have as many parameters as the published ones, to the last one.

What is around the blocks is counted here by its layers: stems, what halves maps between the
stages, and classifiers for 1000 classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise

import pytest
import torch
from torch import nn

from engine.models.catalogue.block.cg import CgBlock
from engine.models.catalogue.block.clo import CloBlock
from engine.models.catalogue.block.convnextv2 import ConvNextV2Block
from engine.models.catalogue.block.metaformer import baseline, mixer_of
from engine.models.catalogue.block.ret import RetBlock
from engine.models.catalogue.down.cg import CgDown
from engine.models.parts.norms import ChannelNorm

Sizes = tuple[int, ...]
CLASSES = 1000
FIRST = 2
unbiased = partial(ChannelNorm, bias=False)


@pytest.fixture(autouse=True)
def without_memory() -> Iterator[None]:
    """Make layers that have sizes and no values."""
    with torch.device("meta"):
        yield


def count(*layers: nn.Module) -> int:
    return sum(each.numel() for layer in layers for each in layer.parameters())


def stages(depths: Sizes, widths: Sizes, block: Callable[[int, int], nn.Module]) -> int:
    """Return the parameters of the blocks of all stages."""
    return sum(
        depth * count(block(width, level))
        for level, (depth, width) in enumerate(zip(depths, widths, strict=True), FIRST)
    )


def rectified(c_in: int, c_out: int, kernel: int) -> int:
    convolution = nn.Conv2d(c_in, c_out, kernel, bias=False)
    return count(convolution, nn.BatchNorm2d(c_out), nn.PReLU(c_out))


@pytest.mark.parametrize(
    ("depths", "width", "published"),
    [
        ((2, 2, 6, 2), 40, 3_708_400),
        ((2, 2, 6, 2), 48, 5_233_240),
        ((2, 2, 6, 2), 64, 9_066_280),
        ((2, 2, 8, 2), 80, 15_623_800),
        ((3, 3, 9, 3), 96, 28_635_496),
        ((3, 3, 27, 3), 128, 88_717_800),
        ((3, 3, 27, 3), 192, 197_956_840),
    ],
)
def test_convnext_v2(depths: Sizes, width: int, published: int) -> None:
    widths = tuple(width * 2**stage for stage in range(4))
    last = widths[-1]
    total = count(nn.Conv2d(3, width, 4), ChannelNorm(width))
    total += sum(count(ChannelNorm(a), nn.Conv2d(a, b, 2)) for a, b in pairwise(widths))
    total += stages(depths, widths, lambda channels, level: ConvNextV2Block(channels))
    assert total + count(ChannelNorm(last), nn.Linear(last, CLASSES)) == published


S, M, B = (64, 128, 320, 512), (96, 192, 384, 576), (128, 256, 512, 768)


@pytest.mark.parametrize(
    ("mixer", "depths", "widths", "published"),
    [
        ("attention", (3, 3, 9, 3), S, 26_341_656),
        ("attention", (3, 12, 18, 3), S, 39_297_102),
        ("attention", (3, 12, 18, 3), M, 56_204_878),
        ("attention", (3, 12, 18, 3), B, 98_753_614),
        ("sepconv", (3, 3, 9, 3), S, 26_774_448),
        ("sepconv", (3, 12, 18, 3), S, 40_012_152),
        ("sepconv", (3, 12, 18, 3), M, 57_051_640),
        ("sepconv", (3, 12, 18, 3), B, 99_882_616),
        ("pooling", (2, 2, 6, 2), S, 11_891_712),
        ("pooling", (4, 4, 12, 4), S, 21_341_464),
        ("pooling", (6, 6, 18, 6), S, 30_791_216),
        ("pooling", (6, 6, 18, 6), M[:2] + (384, 768), 56_077_168),
    ],
)
def test_metaformer_baselines(mixer: str, depths: Sizes, widths: Sizes, published: int) -> None:
    first, last = widths[0], widths[-1]
    total = count(nn.Conv2d(3, first, 7), unbiased(first))
    total += sum(count(unbiased(a), nn.Conv2d(a, b, 3)) for a, b in pairwise(widths))
    total += stages(
        depths, widths, lambda channels, level: baseline(channels, mixer_of(mixer, level), level)
    )
    if mixer == "pooling":
        classifier = count(nn.Linear(last, CLASSES))
    else:
        wide = 4 * last
        classifier = count(
            nn.Linear(last, wide), nn.LayerNorm(wide), nn.Linear(wide, CLASSES)
        )  # fmt: skip
    assert total + count(ChannelNorm(last)) + classifier == published


@pytest.mark.parametrize(
    ("depths", "ratios", "published"),
    [((2, 2, 8, 2), (3, 3, 3, 3), 14_334_216), ((3, 4, 18, 4), (4, 4, 3, 3), 26_967_240)],
)
def test_rmt(depths: Sizes, ratios: Sizes, published: int) -> None:
    widths, heads = (64, 128, 256, 512), (4, 4, 8, 16)
    stem = ((3, 32), (32, 32), (32, 64), (64, 64))
    between = tuple(pairwise(widths))
    total = sum(count(nn.Conv2d(a, b, 3), nn.BatchNorm2d(b)) for a, b in stem + between)
    total += stages(
        depths,
        widths,
        lambda channels, level: RetBlock(
            channels, level, head=channels // heads[level - FIRST], ratio=ratios[level - FIRST]
        ),
    )
    total += count(nn.Conv2d(512, 1024, 1), nn.BatchNorm2d(1024), nn.Linear(1024, CLASSES))
    assert total == published


def test_cloformer() -> None:
    widths = (32, 64, 128, 256)
    stem = ((3, 16), (16, 32), (32, 32), (32, 32))
    total = sum(count(nn.Conv2d(a, b, 3), nn.BatchNorm2d(b)) for a, b in stem)
    total += count(nn.Conv2d(32, 32, 1), nn.GroupNorm(1, 32))
    total += stages((2, 2, 6, 2), widths, CloBlock)
    for narrow, wide in pairwise(widths):
        # The last perceptron of a stage gives the channels of the next one, and so does a path
        # beside it.
        total += (4 * narrow + 1) * (wide - narrow)
        total += count(nn.Conv2d(narrow, narrow, 5), nn.BatchNorm2d(narrow))
        total += count(nn.Conv2d(narrow, wide, 1))
    assert total + count(nn.GroupNorm(1, 256), nn.Linear(256, CLASSES)) == 4_166_728


def test_cgnet() -> None:
    total = rectified(3, 32, 3) + 2 * rectified(32, 32, 3)
    total += count(CgDown(35, 64, 2)) + 2 * count(CgBlock(64, 2))
    total += count(CgDown(131, 128, 3)) + 20 * count(CgBlock(128, 3))
    # Between the stages the picture itself is joined and all of it normalised.
    total += sum(count(nn.BatchNorm2d(each), nn.PReLU(each)) for each in (35, 131, 256))
    assert total + count(nn.Conv2d(256, 19, 1, bias=False)) == 496_306
