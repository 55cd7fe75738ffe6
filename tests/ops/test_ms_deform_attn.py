"""Multi-scale deformable attention against loops over everything."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ops.ms_deform_attn import ms_deform_attn
from tests.ops.test_bilinear_gather import everywhere

SHAPES = [(4, 3), (2, 5), (1, 1)]
BATCH, HEADS, DEPTH, QUERIES, POINTS = 2, 2, 3, 4, 2


def given() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return values, locations some of which lie outside, and weights."""
    count = sum(height * width for height, width in SHAPES)
    each = (BATCH, QUERIES, HEADS, len(SHAPES), POINTS)
    value = torch.randn(BATCH, count, HEADS, DEPTH)
    return value, torch.rand(*each, 2) * 1.4 - 0.2, torch.rand(each)


def test_it_is_what_loops_find() -> None:
    value, locations, weights = given()
    found = ms_deform_attn(value, SHAPES, locations, weights)
    assert found.shape == (BATCH, QUERIES, HEADS * DEPTH)
    for batch, query, head in np.ndindex(BATCH, QUERIES, HEADS):
        expected, start = torch.zeros(DEPTH), 0
        for level, (height, width) in enumerate(SHAPES):
            part = value[batch, start : start + height * width, head]
            start += height * width
            for point in range(POINTS):
                right, down = locations[batch, query, head, level, point].tolist()
                seen = everywhere(
                    part.T.reshape(DEPTH, height, width), down * height - 0.5, right * width - 0.5
                )
                expected += weights[batch, query, head, level, point] * seen
        each = slice(head * DEPTH, (head + 1) * DEPTH)
        assert torch.allclose(found[batch, query, each], expected, atol=1e-5)


def test_the_order_of_the_levels_matters() -> None:
    value, locations, weights = given()
    there = ms_deform_attn(value, SHAPES, locations, weights)
    turned = ms_deform_attn(value, [*SHAPES[1:], SHAPES[0]], locations, weights)
    assert not torch.allclose(there, turned, atol=1e-2)


@pytest.mark.parametrize(
    "shapes", [SHAPES[:2], [*SHAPES[:2], (1, 2)], [(4, 3), (2, 5), (1, 1)] * 2]
)
def test_levels_that_do_not_fit_are_refused(shapes: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="23 values and 3 levels"):
        ms_deform_attn(given()[0], shapes, *given()[1:])
