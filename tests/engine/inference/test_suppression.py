"""Suppression prepared once chooses what suppression anew chooses, at all thresholds."""

import dataclasses

import numpy as np
import pytest

from engine.inference import suppression
from engine.inference.candidates import choose
from engine.inference.suppression import Suppression
from engine.types import Candidates

THRESHOLDS = [
    (confidence, iou) for confidence in (0.0, 0.2, 0.5, 0.9) for iou in (0.0, 0.3, 0.7, 0.95, 1.0)
]


def crowd(count: int, *, rotated: bool = False, seed: int = 0) -> Candidates:
    """Return candidates of three classes in bunches, among them equal, empty and touching ones."""
    rng = np.random.default_rng(seed)
    bunches = max(1, count // 8)
    centres = rng.uniform(0, 200, (bunches, 2))[rng.integers(0, bunches, count)]
    half = rng.uniform(2, 40, (count, 2))
    boxes = np.concatenate((centres - half, centres + half), axis=1)
    boxes[::7] = np.round(boxes[::7])
    boxes[1::11] = boxes[:1]
    boxes[2::13, 2:] = boxes[2::13, :2]
    return Candidates(
        boxes.astype(np.float32),
        np.sort(rng.uniform(0.01, 1, count).astype(np.float32))[::-1].copy(),
        rng.integers(0, 3, count).astype(np.int32),
        angles=rng.uniform(-3, 3, count).astype(np.float32) if rotated else None,
    )


@pytest.mark.parametrize("rotated", [False, True])
@pytest.mark.parametrize("count", [0, 1, 2, 9, 300, 700])
def test_the_choice_is_that_of_a_fresh_suppression(count: int, rotated: bool) -> None:
    candidates = crowd(count, rotated=rotated, seed=count)
    prepared = Suppression(candidates)
    for confidence, iou in THRESHOLDS:
        for classes, most in ((None, 300), ((1,), 300), ((0, 2), 10), ((), 300)):
            expected = choose(
                candidates, confidence=confidence, iou=iou, classes=classes, most=most
            )
            found = prepared.choose(confidence=confidence, iou=iou, classes=classes, most=most)
            assert found.tolist() == expected.tolist()


def test_what_a_network_suppressed_itself_stays() -> None:
    candidates = dataclasses.replace(crowd(50), suppressed=True)
    found = Suppression(candidates).choose(confidence=0.1, iou=0.3, most=20)
    assert found.tolist() == list(range(20))


def test_more_candidates_than_can_be_prepared_are_chosen_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(suppression, "MOST", 40)
    candidates = crowd(50)
    expected = choose(candidates, confidence=0.1, iou=0.5)
    assert Suppression(candidates).choose(confidence=0.1, iou=0.5).tolist() == expected.tolist()


def test_boxes_inside_out_are_treated_alike() -> None:
    candidates = crowd(60)
    boxes = candidates.boxes.copy()
    boxes[::3] = boxes[::3, (2, 1, 0, 3)]
    wrong = dataclasses.replace(candidates, boxes=boxes)
    for confidence, iou in THRESHOLDS:
        expected = choose(wrong, confidence=confidence, iou=iou)
        found = Suppression(wrong).choose(confidence=confidence, iou=iou)
        assert found.tolist() == expected.tolist()
