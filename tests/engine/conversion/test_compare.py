"""How far outputs are apart: relative above 1, objects without regard to their order."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.conversion.compare import Trial, difference
from engine.types import Float32

PICTURES = np.zeros((1, 3, 8, 8), np.float32)


def apart(one: Float32, two: Float32, *, end_to_end: bool = False) -> float:
    return difference(Trial(PICTURES, (one,)), [two], end_to_end=end_to_end)


def objects(*rows: list[float]) -> Float32:
    return np.array([rows], np.float32)


FIRST, SECOND, LAST = [0, 0, 9, 9, 0.9, 1], [5, 5, 9, 9, 0.8, 0], [1, 1, 3, 3, 0.1, 2]


def test_large_values_are_compared_by_their_share() -> None:
    values = np.array([[640.0, 0.5]], np.float32)
    assert apart(values, values) == 0
    assert apart(values, np.array([[640.64, 0.5]], np.float32)) == pytest.approx(1e-3, rel=1e-3)
    assert apart(values, np.array([[640.0, 0.501]], np.float32)) == pytest.approx(1e-3, rel=1e-3)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_is_infinitely_far(value: float) -> None:
    assert apart(np.zeros((1, 2), np.float32), np.array([[0, value]], np.float32)) == math.inf


def test_other_shapes_and_numbers_of_outputs_are_infinitely_far() -> None:
    one = np.zeros((1, 2), np.float32)
    assert apart(one, np.zeros((1, 3), np.float32)) == math.inf
    assert difference(Trial(PICTURES, (one,)), [one, one], end_to_end=False) == math.inf


def test_the_order_of_objects_does_not_count() -> None:
    one, two = objects(FIRST, SECOND, LAST), objects(SECOND, FIRST, LAST)
    assert apart(one, two) > 1
    assert apart(one, two, end_to_end=True) == 0


def test_the_last_object_may_be_another_one() -> None:
    other = [7, 7, 8, 8, 0.1, 2]
    assert apart(objects(FIRST, LAST), objects(FIRST, other), end_to_end=True) == 0


def test_in_half_precision_more_objects_may_become_others() -> None:
    one, two = objects(FIRST, SECOND, LAST), objects(FIRST, [8, 8, 9, 9, 0.14, 2], LAST)
    found = Trial(PICTURES, (one,)), [two]
    assert difference(*found, end_to_end=True) > 0.5
    weak = objects(FIRST, [5, 5, 9, 9, 0.14, 0], LAST)
    assert difference(Trial(PICTURES, (weak,)), [two], end_to_end=True) > 0.5
    assert difference(Trial(PICTURES, (weak,)), [two], end_to_end=True, half=True) == 0


@pytest.mark.parametrize("one_sided", [False, True])
def test_a_sure_object_that_is_missing_counts(one_sided: bool) -> None:
    pair = objects(FIRST, SECOND, LAST), objects(FIRST, FIRST, LAST)
    assert apart(*(pair[::-1] if one_sided else pair), end_to_end=True) > 0.5
