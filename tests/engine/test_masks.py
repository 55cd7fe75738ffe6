"""Masks survive every form they take."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pycocotools import mask as coco

from engine import masks
from engine.cv import cv2
from engine.types import Rle


def random_mask(seed: int, height: int, width: int) -> NDArray[np.bool_]:
    """Return a blotchy mask with holes and several parts."""
    rng = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(rng.standard_normal((height, width)), (0, 0), rng.uniform(0.5, 4))
    return np.asarray(noise > np.quantile(noise, rng.uniform(0.1, 0.9)), bool)


def encoded(mask: NDArray[np.bool_]) -> Rle:
    """Encode a mask of a whole picture."""
    return masks.encode(mask, 0, 0, *mask.shape)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 40))
def test_every_form_gives_the_mask_back(seed: int, height: int, width: int) -> None:
    """Encoding, packing, cropping and decoding lose nothing."""
    mask = random_mask(seed, height, width)
    rle = encoded(mask)
    assert np.array_equal(masks.decode(rle), mask)
    assert rle.area == mask.sum()
    assert int(rle.counts.sum()) == height * width
    (again,) = masks.unpack(masks.pack([rle]), height, width)
    assert np.array_equal(again.counts, rle.counts)
    part, x, y = masks.crop(rle)
    whole = np.zeros_like(mask)
    whole[y : y + part.shape[0], x : x + part.shape[1]] = part
    assert np.array_equal(whole, mask)


@pytest.mark.parametrize("value", [False, True])
def test_empty_and_full_masks(value: bool) -> None:
    """The two masks without an edge keep their area and bounds."""
    rle = encoded(np.full((5, 7), value))
    assert rle.area == 35 * value
    assert masks.bounds(rle) == ((0, 0, 7, 5) if value else (0, 0, 0, 0))
    assert np.array_equal(masks.decode(rle), np.full((5, 7), value))


def test_a_crop_is_encoded_at_its_place() -> None:
    """A crop at (x, y) equals the same mask in the whole picture."""
    part = random_mask(3, 12, 9)
    whole = np.zeros((50, 60), bool)
    whole[20:32, 40:49] = part
    rle = masks.encode(part, 40, 20, 50, 60)
    assert np.array_equal(rle.counts, encoded(whole).counts)
    with pytest.raises(ValueError, match="outside"):
        masks.encode(part, 55, 20, 50, 60)


def test_counts_are_those_of_coco() -> None:
    """The run lengths are COCO's: pycocotools reads them as the same mask."""
    mask = random_mask(11, 33, 57)
    rle = encoded(mask)
    theirs = coco.frPyObjects({"size": [33, 57], "counts": rle.counts.tolist()}, 33, 57)
    assert int(coco.area(theirs)) == rle.area
    ours = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert float(coco.iou([theirs], [ours], [0])[0, 0]) == 1.0


def test_rings_run_along_pixel_edges() -> None:
    """A square has its four corners; its hole has its own ring."""
    mask = np.zeros((30, 30), bool)
    mask[5:15, 8:20] = True
    mask[8:10, 10:13] = False
    ((outer, holes),) = masks.rings(encoded(mask))
    assert {tuple(point) for point in outer.tolist()} == {(8, 5), (20, 5), (20, 15), (8, 15)}
    assert len(holes) == 1
    assert {tuple(point) for point in holes[0].tolist()} == {(10, 8), (13, 8), (13, 10), (10, 10)}


def shoelace(ring: NDArray[np.float32]) -> float:
    """Return the area inside a ring."""
    x, y = ring[:, 0].astype(float), ring[:, 1].astype(float)
    return abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2


@pytest.mark.parametrize("seed", range(12))
def test_area_inside_the_rings_is_the_area_of_the_mask(seed: int) -> None:
    """Outer rings less their holes enclose exactly the mask's pixels."""
    rle = encoded(random_mask(seed, 60, 80))
    area = sum(
        shoelace(outer) - sum(map(shoelace, holes)) for outer, holes in masks.rings(rle)
    )
    assert area == pytest.approx(rle.area)


def test_several_masks_pack_into_one_blob_smaller_than_their_counts() -> None:
    """Packing keeps order and saves room."""
    parts = [encoded(random_mask(seed, 200, 300)) for seed in range(5)]
    data = masks.pack(parts)
    again = masks.unpack(data, 200, 300)
    assert [part.counts.tolist() for part in again] == [part.counts.tolist() for part in parts]
    assert len(data) < sum(part.counts.nbytes for part in parts) / 2
    assert masks.unpack(masks.pack([]), 4, 4) == ()
