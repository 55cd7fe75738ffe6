"""Channels of parts of layers."""

from __future__ import annotations

import pytest

from engine.models.parts.widths import each_of, reduced


@pytest.mark.parametrize(
    ("channels", "ratio", "least", "expected"),
    [(64, 16, 1, 4), (40, 16, 1, 2), (8, 16, 1, 1), (64, 16, 32, 32)],
)
def test_a_ratio_leaves_at_least_so_many(
    channels: int, ratio: int, least: int, expected: int
) -> None:
    assert reduced(channels, ratio, least) == expected


def test_a_ratio_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="ratio 0"):
        reduced(64, 0)


def test_groups_are_equal() -> None:
    assert each_of(4, 64) == 16


@pytest.mark.parametrize("groups", [0, -2, 5, 128])
def test_groups_that_are_not_equal_are_refused(groups: int) -> None:
    with pytest.raises(ValueError, match=str(groups)):
        each_of(groups, 64)
