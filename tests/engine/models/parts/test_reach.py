"""How far kernels see."""

from __future__ import annotations

import pytest

from engine.models.parts.reach import reach_of


def test_it_is_half_of_the_kernel() -> None:
    assert [reach_of(kernel) for kernel in (1, 3, 7)] == [0, 1, 3]


@pytest.mark.parametrize(("kernel", "least"), [(0, 0), (2, 0), (-1, 0), (1, 1), (3, 2)])
def test_kernels_that_see_too_little_are_refused(kernel: int, least: int) -> None:
    with pytest.raises(ValueError, match=str(kernel)):
        reach_of(kernel, least)
