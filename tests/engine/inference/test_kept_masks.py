"""A run keeps the masks that its sliders may bring back, and no more than it can write in time."""

import dataclasses

import numpy as np
import pytest

from engine.config import RunConfig
from engine.inference.candidates import (
    MASK_FLOOR,
    MOST_MASKS,
    choose,
    reconsider,
    worth_a_mask,
)
from engine.inference.detector import YoloDetector, open_detector
from engine.scenes.tubes import render_tubes
from engine.types import Candidates, Float32, Frame, Result

RUN = RunConfig(device="cpu", confidence=0.3, iou=0.7)
ELSEWHERE = [
    (confidence, iou) for confidence in (0.06, 0.12, 0.5, 0.85) for iou in (0.3, 0.45, 0.7, 0.9)
]


@pytest.fixture(scope="module")
def detector() -> YoloDetector:
    made = open_detector(RUN)
    assert isinstance(made, YoloDetector)
    return made


@pytest.fixture(scope="module")
def crowded() -> Frame:
    """Four rendered pictures in one."""
    tiles = [render_tubes(seed, (512, 384)).image for seed in range(4)]
    rows = [np.concatenate(tiles[row : row + 2], axis=1) for row in (0, 2)]
    return Frame(np.concatenate(rows), 0, None, "crowded")


@pytest.fixture(scope="module")
def run(detector: YoloDetector, crowded: Frame) -> Result:
    return detector.detect(crowded, RUN)


@pytest.mark.parametrize(("confidence", "iou"), [(RUN.confidence, RUN.iou), *ELSEWHERE])
def test_sliders_give_what_a_fresh_run_gives(
    detector: YoloDetector, crowded: Frame, run: Result, confidence: float, iou: float
) -> None:
    assert len(run.detections) >= 12
    assert run.candidates is not None
    size = crowded.height, crowded.width
    again = reconsider(run.candidates, size, confidence=confidence, iou=iou)
    config = dataclasses.replace(RUN, confidence=confidence, iou=iou)
    fresh = detector.detect(crowded, config).detections
    assert len(again) == len(fresh)
    assert np.array_equal(again.boxes, fresh.boxes)
    assert np.array_equal(again.scores, fresh.scores)
    assert np.array_equal(again.classes, fresh.classes)
    assert again.masks is not None
    assert fresh.masks is not None
    for mask, other in zip(again.masks, fresh.masks, strict=True):
        assert np.array_equal(mask.counts, other.counts)


def test_duplicates_are_not_given_masks(run: Result) -> None:
    assert run.candidates is not None
    assert run.candidates.masks is not None
    kept = [mask for mask in run.candidates.masks if mask is not None]
    likely = int((run.candidates.scores > MASK_FLOOR).sum())
    assert len(run.detections) < len(kept) < min(likely / 3, 3 * len(run.detections))


def piles(count: int, copies: int) -> Candidates:
    """Return objects in a row: sure ones first, each with many near copies, faint ones last."""
    places = np.arange(count, dtype=np.float32)[:, None] * 50
    boxes: Float32 = np.concatenate((places, places * 0, places + 40, places * 0 + 40), axis=1)
    sure = np.repeat(boxes[: count // 2], copies, axis=0)
    # Each copy is moved a little further: neighbours overlap almost wholly.
    sure += np.tile(np.arange(copies, dtype=np.float32) / 8, count // 2)[:, None]
    boxes = np.concatenate((sure, boxes[count // 2 :]))
    faint = count - count // 2
    scores = np.concatenate((np.linspace(0.95, 0.6, len(sure)), np.linspace(0.2, 0.06, faint)))
    return Candidates(boxes, scores.astype(np.float32), np.zeros(len(boxes), np.int32))


def test_faint_objects_come_before_copies_of_sure_ones() -> None:
    candidates = piles(60, 20)
    chosen = choose(candidates, confidence=0.5, iou=0.7)
    assert len(chosen) == 30
    worth = worth_a_mask(candidates, chosen, 0.7)
    assert set(np.flatnonzero(candidates.scores < 0.5)) <= set(worth.tolist())


def test_the_chosen_always_have_theirs_and_others_up_to_the_limit() -> None:
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 2000, (900, 2))
    boxes = np.concatenate((corners, corners + 30), axis=1).astype(np.float32)
    scores = np.sort(rng.uniform(0.01, 1, 900).astype(np.float32))[::-1].copy()
    candidates = Candidates(boxes, scores, np.zeros(900, np.int32))
    for confidence in (0.02, 0.5, 0.95):
        chosen = choose(candidates, confidence=confidence, iou=0.6)
        worth = worth_a_mask(candidates, chosen, 0.6)
        assert np.all(np.diff(worth) > 0)
        assert set(chosen.tolist()) <= set(worth.tolist())
        others = np.setdiff1d(worth, chosen)
        assert len(others) <= MOST_MASKS
        assert np.all(scores[others] > MASK_FLOOR)
        if confidence > 0.1:
            assert len(others) == MOST_MASKS
            # The next best ones: what a lower confidence brings back first.
            lower = choose(candidates, confidence=0.0, iou=0.6, most=len(chosen) + MOST_MASKS)
            assert worth.tolist() == lower.tolist()


def test_a_network_that_suppresses_itself_has_no_copies() -> None:
    boxes = np.tile(np.array([[0, 0, 10, 10]], np.float32), (30, 1))
    scores = np.linspace(0.9, 0.01, 30, dtype=np.float32)
    candidates = Candidates(boxes, scores, np.zeros(30, np.int32), suppressed=True)
    worth = worth_a_mask(candidates, np.arange(5), 0.7)
    assert worth.tolist() == np.flatnonzero(scores > MASK_FLOOR).tolist()


def test_nothing_proposed_is_nothing_kept() -> None:
    boxes, scores = np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
    nothing = Candidates(boxes, scores, np.zeros(0, np.int32))
    assert len(worth_a_mask(nothing, np.zeros(0, np.intp), 0.7)) == 0
