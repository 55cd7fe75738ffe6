"""Sides of lines and insides of polygons, exact where rounding would decide otherwise."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.geometry import Point, contains, distance, side

NUMBERS = st.floats(-1e4, 1e4, allow_nan=False) | st.integers(-20, 20).map(float)
POINTS = st.tuples(NUMBERS, NUMBERS)


def exact(start: Point, end: Point, point: Point) -> Fraction:
    (ax, ay), (bx, by), (px, py) = ((Fraction(x), Fraction(y)) for x, y in (start, end, point))
    return (bx - ax) * (py - ay) - (by - ay) * (px - ax)


def test_right_and_left_are_those_of_a_person_on_the_picture() -> None:
    # To the right along the picture, whose y points down: the right hand is below.
    assert side((0, 0), (10, 0), (5, 1)) == 1
    assert side((0, 0), (10, 0), (5, -1)) == -1
    assert side((0, 0), (10, 0), (99, 0)) == 0
    assert side((0, 10), (0, 0), (3, 5)) == 1


@given(POINTS, POINTS, POINTS)
def test_the_side_is_exact(start: Point, end: Point, point: Point) -> None:
    value = exact(start, end, point)
    assert side(start, end, point) == (value > 0) - (value < 0)


@pytest.mark.parametrize("steps", range(-3, 4))
def test_the_side_of_a_point_that_is_hardly_off_the_line(steps: int) -> None:
    end = (3e3, 1e3)
    x = 0.1
    y = 1e3 / 3e3 * x
    for _ in range(abs(steps)):
        y = math.nextafter(y, math.inf if steps > 0 else -math.inf)
    value = exact((0.0, 0.0), end, (x, y))
    assert side((0.0, 0.0), end, (x, y)) == (value > 0) - (value < 0)


SQUARE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))
HOLLOW = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (5.0, 2.0), (0.0, 10.0))
BOW = ((0.0, 0.0), (10.0, 10.0), (10.0, 0.0), (0.0, 10.0))


@pytest.mark.parametrize(
    ("polygon", "point", "expected"),
    [
        (SQUARE, (5, 5), True),
        (SQUARE, (0, 0), True),
        (SQUARE, (10, 4), True),
        (SQUARE, (4, 10), True),
        (SQUARE, (10.001, 5), False),
        (SQUARE, (-5, 0), False),
        (SQUARE, (15, 10), False),
        (HOLLOW, (5, 1), True),
        (HOLLOW, (5, 2), True),
        (HOLLOW, (5, 5), False),
        (HOLLOW, (1, 5), True),
        (BOW, (1, 5), True),
        (BOW, (5, 1), False),
        (BOW, (5, 5), True),
    ],
)
def test_what_is_in_a_polygon(polygon: tuple[Point, ...], point: Point, expected: bool) -> None:
    for turn in range(len(polygon)):
        turned = polygon[turn:] + polygon[:turn]
        assert contains(turned, point) == expected
        assert contains(turned[::-1], point) == expected


def test_distances_are_those_to_the_piece_between_two_points() -> None:
    assert distance((0, 0), (10, 0), (4, 3)) == 3
    assert distance((0, 0), (10, 0), (13, 4)) == 5
    assert distance((0, 0), (10, 0), (-3, -4)) == 5
    assert distance((2, 2), (2, 2), (5, 6)) == 5
