"""Candidates come back from their blob as they were, and choosing among them is choosing anew."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from engine import masks
from engine.inference.candidates import (
    FLOOR,
    MOST,
    choose,
    detections,
    pack,
    reconsider,
    take,
    unpack,
    worth_keeping,
)
from engine.types import Candidates, Float32, Rle

SIZE = (40, 60)
ANY = st.floats(width=32, allow_nan=False)


@st.composite
def rles(draw: st.DrawFn) -> Rle:
    """Draw a mask somewhere in a picture, an empty and a full one among them."""
    rows, columns = draw(st.integers(0, SIZE[0])), draw(st.integers(0, SIZE[1]))
    y, x = draw(st.integers(0, SIZE[0] - rows)), draw(st.integers(0, SIZE[1] - columns))
    seed, share = draw(st.integers(0, 99)), draw(st.sampled_from([0.0, 0.1, 0.6, 1.0]))
    return masks.encode(np.random.default_rng(seed).random((rows, columns)) < share, x, y, *SIZE)


@st.composite
def proposals(draw: st.DrawFn) -> Candidates:
    """Draw candidates of any task."""
    count = draw(st.integers(0, 12))

    def floats(*shape: int) -> Float32:
        return draw(arrays.arrays(np.float32, (count, *shape), elements=ANY))

    points = None
    if draw(st.booleans()):
        points = floats(draw(st.integers(1, 20)), draw(st.integers(2, 3)))
    kept = None
    if draw(st.booleans()):
        kept = tuple(draw(st.lists(st.none() | rles(), min_size=count, max_size=count)))
    return Candidates(
        boxes=floats(4),
        scores=floats(),
        classes=draw(arrays.arrays(np.int32, count, elements=st.integers(0, 65535))),
        angles=floats() if draw(st.booleans()) else None,
        keypoints=points,
        masks=kept,
        suppressed=draw(st.booleans()),
    )


def same(one: NDArray[np.generic] | None, other: NDArray[np.generic] | None) -> bool:
    """Tell whether two arrays, or their absence, are equal in type and to the bit."""
    if one is None or other is None:
        return one is other
    return one.dtype == other.dtype and one.shape == other.shape and bool(np.all(one == other))


@given(proposals())
def test_a_blob_gives_back_what_went_in(candidates: Candidates) -> None:
    again = unpack(pack(candidates), SIZE)
    for name in ("boxes", "scores", "classes", "angles", "keypoints"):
        assert same(getattr(again, name), getattr(candidates, name)), name
    assert again.suppressed == candidates.suppressed
    assert (again.masks is None) == (candidates.masks is None)
    for mask, other in zip(again.masks or (), candidates.masks or (), strict=True):
        assert (mask is None) == (other is None)
        if mask is not None and other is not None:
            assert (mask.height, mask.width) == SIZE
            assert np.array_equal(masks.decode(mask), masks.decode(other))


@given(proposals(), st.data())
def test_masks_kept_elsewhere_are_not_kept_twice(
    candidates: Candidates, data: st.DataObject
) -> None:
    among = [mask for mask in candidates.masks or () if mask is not None]
    picked = data.draw(st.lists(st.booleans(), min_size=len(among), max_size=len(among)))
    detected = [mask for mask, there in zip(among, picked, strict=True) if there]
    # One that is no candidate's, and those after it, are packed as if nobody else had them.
    if data.draw(st.booleans()) and detected:
        detected.insert(data.draw(st.integers(0, len(detected))), dataclasses.replace(detected[0]))
    again = unpack(pack(candidates, detected), SIZE, detected)
    for mask, other in zip(again.masks or (), candidates.masks or (), strict=True):
        assert (mask is None) == (other is None)
        if mask is not None and other is not None:
            assert np.array_equal(masks.decode(mask), masks.decode(other))


def test_a_blob_is_smaller_by_the_masks_kept_elsewhere() -> None:
    rng = np.random.default_rng(0)
    shapes = tuple(masks.encode(rng.random((30, 30)) < 0.5, 3, 3, *SIZE) for _ in range(8))
    candidates = dataclasses.replace(crowd(8), masks=shapes)
    whole = len(pack(candidates))
    assert len(pack(candidates, shapes[::2])) < 0.6 * whole
    assert len(pack(candidates, shapes)) < 0.2 * whole


def test_what_comes_back_can_be_written_to() -> None:
    again = unpack(pack(crowd(20)), SIZE)
    for part in (again.boxes, again.scores, again.classes):
        assert part.flags.writeable


def crowd(count: int, *, seed: int = 0, classes: int = 3, rotated: bool = False) -> Candidates:
    """Return overlapping candidates around a few places, best first."""
    rng = np.random.default_rng(seed)
    centre = rng.uniform(100, 900, (40, 2))[rng.integers(0, 40, count)] + rng.normal(
        0, 8, (count, 2)
    )
    half = rng.uniform(20, 40, (count, 2))
    return Candidates(
        boxes=np.concatenate((centre - half, centre + half), axis=1).astype(np.float32),
        scores=np.sort(rng.uniform(0, 1, count).astype(np.float32))[::-1].copy(),
        classes=rng.integers(0, classes, count).astype(np.int32),
        angles=rng.uniform(0, math.pi / 2, count).astype(np.float32) if rotated else None,
    )


@pytest.mark.parametrize("rotated", [False, True])
@pytest.mark.parametrize("count", [500, 4000])
@pytest.mark.parametrize(
    ("confidence", "iou"), [(0.001, 0.7), (0.25, 0.45), (0.25, 0.9), (0.8, 0.2)]
)
def test_choosing_among_the_kept_is_choosing_among_all(
    rotated: bool, count: int, confidence: float, iou: float
) -> None:
    everything = crowd(count, seed=count, rotated=rotated)
    chosen = choose(everything, confidence=confidence, iou=iou, most=count)
    assert len(chosen) > 3
    stay = worth_keeping(everything, chosen)
    kept = take(everything, stay)
    assert len(kept) <= MOST + len(chosen)
    assert set(chosen.tolist()) <= set(stay.tolist())
    assert (len(stay) < int((everything.scores >= FLOOR).sum())) == (count > MOST)
    for stricter in (confidence, (confidence + 1) / 2, 0.95):
        for classes in (None, (1,), (0, 2)):
            again = choose(kept, confidence=stricter, iou=iou, classes=classes, most=count)
            fresh = choose(everything, confidence=stricter, iou=iou, classes=classes, most=count)
            assert stay[again].tolist() == fresh.tolist()


def test_any_overlap_can_be_asked_for_where_all_were_kept() -> None:
    everything = crowd(1500)
    # Above this confidence there are less than `MOST`.
    confidence = float(everything.scores[MOST - 1])
    stay = worth_keeping(everything, choose(everything, confidence=confidence, iou=0.7, most=1500))
    kept = take(everything, stay)
    for iou in (0.0, 0.3, 0.7, 0.9, 1.0):
        again = choose(kept, confidence=confidence, iou=iou, most=1500)
        fresh = choose(everything, confidence=confidence, iou=iou, most=1500)
        assert stay[again].tolist() == fresh.tolist()


def test_what_lies_under_the_floor_stays_only_when_it_was_chosen() -> None:
    scores = np.array([0.5, FLOOR, FLOOR / 2, FLOOR / 3], np.float32)
    boxes = np.array([[0, 0, 9, 9], [20, 0, 29, 9], [40, 0, 49, 9], [40, 0, 49, 9]], np.float32)
    candidates = Candidates(boxes, scores, np.zeros(4, np.int32))
    assert worth_keeping(candidates, np.array([0])).tolist() == [0, 1]
    chosen = choose(candidates, confidence=0.001, iou=0.5)
    assert chosen.tolist() == [0, 1, 2]
    assert worth_keeping(candidates, chosen).tolist() == [0, 1, 2]


def test_a_network_that_suppresses_itself_ignores_the_overlap() -> None:
    equal = np.tile(np.array([[0, 0, 10, 10]], np.float32), (5, 1))
    scores = np.linspace(0.9, 0.5, 5, dtype=np.float32)
    candidates = Candidates(equal, scores, np.zeros(5, np.int32), suppressed=True)
    for iou in (0.0, 0.5, 1.0):
        assert choose(candidates, confidence=0.6, iou=iou).tolist() == [0, 1, 2]
    assert choose(candidates, confidence=0.0, iou=0.5, most=2).tolist() == [0, 1]
    plain = dataclasses.replace(candidates, suppressed=False)
    assert choose(plain, confidence=0.0, iou=0.5).tolist() == [0]


def test_a_score_equal_to_the_threshold_is_no_detection() -> None:
    candidates = Candidates(
        np.array([[0, 0, 9, 9], [20, 0, 29, 9]], np.float32),
        np.array([0.75, 0.5], np.float32),
        np.zeros(2, np.int32),
    )
    assert choose(candidates, confidence=0.5, iou=0.5).tolist() == [0]
    assert choose(candidates, confidence=1.0, iou=0.5).tolist() == []


def test_classes_are_suppressed_apart_and_filtered() -> None:
    equal = np.tile(np.array([[0, 0, 10, 10]], np.float32), (4, 1))
    candidates = Candidates(
        equal, np.linspace(0.9, 0.6, 4, dtype=np.float32), np.array([0, 1, 0, 2], np.int32)
    )
    assert choose(candidates, confidence=0.1, iou=0.5).tolist() == [0, 1, 3]
    assert choose(candidates, confidence=0.1, iou=0.5, classes=(1, 2)).tolist() == [1, 3]
    assert choose(candidates, confidence=0.1, iou=0.5, classes=()).tolist() == []


@pytest.mark.parametrize("rotated", [False, True])
def test_at_most_so_many_are_the_best_ones(rotated: bool) -> None:
    candidates = crowd(800, rotated=rotated)
    every = choose(candidates, confidence=0.1, iou=0.7, most=800)
    assert len(every) > 50
    some = choose(candidates, confidence=0.1, iou=0.7, most=50)
    assert some.tolist() == every[:50].tolist()


def test_boxes_and_points_end_at_the_picture_but_rotated_boxes_do_not() -> None:
    boxes = np.array([[-5, -5, 70, 50]], np.float32)
    points = np.array([[[-3, 99, 0.5], [10, 20, 0.9]]], np.float32)
    one, zero = np.ones(1, np.float32), np.zeros(1, np.int32)
    upright = Candidates(boxes, one, zero, keypoints=points)
    found = detections(upright, np.array([0]), SIZE)
    assert found.boxes.tolist() == [[0, 0, 60, 40]]
    assert found.keypoints is not None
    assert found.keypoints[0, :, :2].tolist() == [[0, 40], [10, 20]]
    assert found.keypoints[0, :, 2].tolist() == pytest.approx([0.5, 0.9])
    turned = Candidates(boxes, one, zero, angles=one)
    assert detections(turned, np.array([0]), SIZE).boxes.tolist() == boxes.tolist()
    # What is kept stays as the network gave it.
    assert boxes[0, 0] == -5
    assert points[0, 0, 0] == -3


def test_objects_without_a_mask_are_left_out() -> None:
    full = masks.encode(np.ones((3, 3), bool), 2, 2, *SIZE)
    empty = masks.encode(np.zeros((3, 3), bool), 2, 2, *SIZE)
    apart = np.array([[0, 0, 9, 9], [20, 0, 29, 9], [40, 0, 49, 9]], np.float32)
    candidates = Candidates(
        apart,
        np.array([0.9, 0.8, 0.7], np.float32),
        np.arange(3, dtype=np.int32),
        masks=(empty, full, None),
    )
    found = reconsider(candidates, SIZE, confidence=0.1, iou=0.5)
    assert found.classes.tolist() == [1]
    assert found.masks == (full,)
    none = reconsider(candidates, SIZE, confidence=0.95, iou=0.5)
    assert len(none) == 0
    assert none.masks == ()
