"""YOLO-MS's block against its equations."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from engine.models import network
from engine.models.catalogue.block.msblock import MsBlock
from engine.models.plan import draw
from engine.models.recipe import parse


def test_each_branch_reads_its_part_and_what_the_one_before_gave() -> None:
    block, x = MsBlock(6, 10, 2, 0.5).eval(), torch.randn(2, 6, 9, 7)
    parts = block.cv1(x).split(5, 1)
    assert len(parts) == 3
    second = block.m[0](parts[0] + parts[1])
    third = block.m[1](second + parts[2])
    assert torch.equal(block(x), block.cv2(torch.cat((parts[0], second, third), 1)))


def test_a_row_is_inverted_bottlenecks_without_residuals() -> None:
    block: Any = MsBlock(8, 8, 3, 0.5, ratio=3.0)
    assert [len(row) for row in block.m] == [3, 3]
    first, middle, last = block.m[0][0]
    assert (first.conv.in_channels, first.conv.out_channels) == (4, 12)
    assert middle.conv.groups == 12
    assert (last.conv.in_channels, last.conv.out_channels) == (12, 4)
    row, x = block.m[0].eval(), torch.randn(1, 4, 5, 5)
    expected = x
    for each in row:
        expected = each[2](each[1](each[0](expected)))
    assert torch.equal(row(x), expected)


def kernels(text: str) -> dict[str, tuple[int, int]]:
    """Return the kernel of the first bottleneck of each block of a network."""
    recipe = parse(text)
    with torch.device("meta"):
        made = network.build(recipe, draw(recipe))
    found = {}
    for node, block in zip(made.graph.nodes, made.model, strict=True):
        if isinstance(block, MsBlock):
            rows: Any = block.m
            found[node.name] = rows[0][0][1].conv.kernel_size
    return found


def test_kernels_grow_with_the_level() -> None:
    found = kernels("yolo11n:block=msblock")
    assert {name.split(".")[-2]: side for name, (side, _) in found.items()} == {
        "p2": 3,
        "p3": 5,
        "p4": 7,
        "p5": 9,
    }
    assert len(found) == 8


def test_a_kernel_that_is_asked_for_is_everywhere() -> None:
    assert set(kernels("yolo11n:block=msblock(kernel=3)@neck").values()) == {(3, 3)}


@pytest.mark.parametrize("options", [{"kernel": 4}, {"kernel": -3}, {"ratio": 0.01}])
def test_what_it_cannot_be_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=str(next(iter(options.values())))):
        MsBlock(8, 8, 1, 0.5, **options)
