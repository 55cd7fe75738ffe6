"""Shapes keep their area and place in every form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from engine import masks
from engine.cv import cv2
from engine.export import shapes


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 10**6), st.integers(3, 40), st.integers(3, 40))
def test_one_ring_is_the_whole_mask(seed: int, height: int, width: int) -> None:
    """However many parts and holes: by winding its area, by the even-odd rule its very pixels."""
    rng = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(rng.standard_normal((height, width)), (0, 0), rng.uniform(0.3, 3))
    mask = noise > np.quantile(noise, rng.uniform(0.1, 0.9))
    ring = shapes.one_ring(masks.rings(masks.encode(mask, 0, 0, height, width)))
    x, y = ring.astype(np.float64).T
    assert (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2 == pytest.approx(mask.sum())
    fine = 16
    picture = Image.new("L", (width * fine, height * fine))
    points = (ring * fine - 0.5).tolist()
    ImageDraw.Draw(picture).polygon([(px, py) for px, py in points], fill=1)
    cells = np.asarray(picture).reshape(height, fine, width, fine).mean(axis=(1, 3))
    assert np.array_equal(cells >= 0.5, mask)


def test_corners_turn_clockwise_on_screen() -> None:
    boxes = np.array([[10, 20, 30, 26]], np.float32)
    upright = shapes.corners(boxes, np.zeros(1, np.float32))
    assert upright[0].tolist() == [[10, 20], [30, 20], [30, 26], [10, 26]]
    quarter = shapes.corners(boxes, np.array([np.pi / 2], np.float32))
    expected = [[23, 13], [23, 33], [17, 33], [17, 13]]
    assert quarter[0] == pytest.approx(np.array(expected), abs=1e-5)


def test_visibility_has_two_levels() -> None:
    points = np.array([[0, 0, 0.49], [0, 0, 0.5], [0, 0, 1]], np.float32)
    assert shapes.visibility(points) == [1, 2, 2]
    assert shapes.visibility(points[:, :2]) == [2, 2, 2]
