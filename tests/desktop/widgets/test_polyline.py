"""Lines are thinned without losing a peak, and cut into even dashes."""

from __future__ import annotations

import numpy as np
import pytest

from desktop.widgets.polyline import dashed, segments, thinned


def test_segments_join_neighbours() -> None:
    x, y = np.array([0.0, 1.0, 3.0]), np.array([5.0, 6.0, 7.0])
    assert segments(x, y).tolist() == [[0, 5, 1, 6], [1, 6, 3, 7]]


def test_few_points_are_all_kept() -> None:
    x = np.linspace(0, 100, 150)
    kept, _values = thinned(x, x, 0, 100)
    assert kept.tolist() == x.tolist()


def test_of_many_points_every_peak_and_both_ends_are_kept() -> None:
    x = np.linspace(0, 100, 10_000)
    y = np.zeros(len(x))
    y[1234], y[8765] = 50, -50
    across, values = thinned(x, y, 0, 100)
    assert len(across) <= 2 * 100 + 4
    assert (values.max(), values.min()) == (50, -50)
    assert (across[0], across[-1]) == (0, 100)
    assert (np.diff(across) > 0).all()


def test_what_is_out_of_sight_is_left_out_but_for_a_neighbour() -> None:
    x = np.arange(100.0)
    across, _values = thinned(x, x, 20.5, 30.5)
    assert across.tolist() == list(range(20, 32))


def test_dashes_have_their_length_whatever_the_points() -> None:
    x = np.array([0.0, 1.0, 4.0, 20.0])
    lines = dashed(x, np.zeros(4), (6.0, 4.0))
    covered = np.abs(lines[:, 2] - lines[:, 0]).sum()
    assert covered == pytest.approx(12.0)
    middles = (lines[:, 0] + lines[:, 2]) / 2
    assert (middles % 10 < 6).all()


def test_a_line_of_no_length_has_no_dashes() -> None:
    assert len(dashed(np.array([3.0, 3.0]), np.array([1.0, 1.0]), (6.0, 4.0))) == 0
