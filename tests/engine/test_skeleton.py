"""Keypoints that are there, and limbs where they are those of a person."""

import numpy as np

from engine.skeleton import COCO_LIMBS, limbs, seen


def test_only_visible_points_are_seen() -> None:
    points = np.array([[1, 2, 0.9], [0, 0, 0.5], [5, 5, 0.49], [np.nan, 3, 1]], np.float32)
    assert seen(points).tolist() == [True, True, False, False]
    assert seen(points, 0.95).tolist() == [False, False, False, False]


def test_without_visibility_the_origin_is_not_seen() -> None:
    points = np.array([[1, 2], [0, 0], [0, 3], [np.inf, 3]], np.float32)
    assert seen(points).tolist() == [True, False, True, False]


def test_a_person_has_limbs_and_nothing_else_has() -> None:
    assert limbs(17) == COCO_LIMBS
    assert limbs(16) == limbs(4) == ()
    assert {end for first, second, _ in COCO_LIMBS for end in (first, second)} == set(range(17))
