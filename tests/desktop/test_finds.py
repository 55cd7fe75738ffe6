"""What is left of a picture's finds at other thresholds, and the outlines of its masks."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PyQt6.QtCore import QPointF

from desktop.finds import Choice, Finds, class_numbers, outline
from desktop.state import Place
from engine import masks
from engine.config import RunConfig
from engine.inference.candidates import reconsider
from engine.types import Candidates, Detections, ModelInfo, Rle

SIZE = (60, 80)
INFO = ModelInfo("fake", "segment", ("cells", "Gel", "serum"), 640, 32, "0" * 64)


def block(x1: int, y1: int, x2: int, y2: int) -> Rle:
    return masks.encode(np.ones((y2 - y1, x2 - x1), bool), x1, y1, *SIZE)


def proposed(with_masks: bool = True) -> Candidates:
    """Return four objects; the second overlaps the first, the fourth has no mask kept."""
    boxes = [[2, 2, 22, 22], [4, 2, 24, 22], [40, 30, 60, 50], [62, 2, 78, 12]]
    shapes = tuple(block(*box) for box in boxes[:3])
    return Candidates(
        np.array(boxes, np.float32),
        np.array([0.9, 0.8, 0.6, 0.2], np.float32),
        np.array([0, 0, 2, 1], np.int32),
        masks=(*shapes, None) if with_masks else None,
    )


def make(candidates: Candidates | None, own: Detections | None = None) -> Finds:
    return Finds(
        place=Place("a.png"),
        size=SIZE,
        info=INFO,
        detections=Detections.empty() if own is None else own,
        candidates=candidates,
        frame_id=7,
    )


def scores(choice: Choice) -> list[float]:
    return [round(float(each), 2) for each in choice.detections.scores]


@pytest.mark.parametrize("prepared", [False, True])
def test_thresholds_choose_among_the_candidates(prepared: bool) -> None:
    finds = make(proposed(with_masks=False))
    if prepared:
        finds.prepare()
    assert scores(finds.choose(RunConfig(confidence=0.25, iou=0.7))) == [0.9, 0.6]
    assert scores(finds.choose(RunConfig(confidence=0.1, iou=0.7))) == [0.9, 0.6, 0.2]
    assert scores(finds.choose(RunConfig(confidence=0.25, iou=0.9))) == [0.9, 0.8, 0.6]
    assert scores(finds.choose(RunConfig(classes=("serum",)))) == [0.6]
    assert scores(finds.choose(RunConfig(confidence=0.1, max_detections=1))) == [0.9]


def test_objects_whose_mask_was_not_kept_are_counted() -> None:
    choice = make(proposed()).choose(RunConfig(confidence=0.1))
    assert scores(choice) == [0.9, 0.6]
    assert (choice.keys, choice.without_mask) == ((0, 2), 1)


def test_at_the_runs_own_thresholds_it_is_what_the_run_reported() -> None:
    config = RunConfig(confidence=0.25, iou=0.7)
    candidates = proposed()
    found = reconsider(candidates, SIZE, confidence=config.confidence, iou=config.iou)
    own = dataclasses.replace(found, ids=np.array([11, 12], np.int32))
    finds = make(candidates, own)
    assert finds.choose(config).detections is own


def test_at_other_thresholds_the_runs_own_objects_keep_their_tracks() -> None:
    candidates = proposed(with_masks=False)
    found = reconsider(candidates, SIZE, confidence=0.25, iou=0.7)
    own = dataclasses.replace(found, ids=np.array([11, 12], np.int32))
    finds = make(candidates, own)

    def tracks(config: RunConfig) -> list[int] | None:
        ids = finds.choose(config).detections.ids
        return None if ids is None else ids.tolist()

    assert tracks(RunConfig(confidence=0.7)) == [11]
    assert tracks(RunConfig(confidence=0.1)) == [11, 12, 0]
    assert tracks(RunConfig(iou=0.9)) == [11, 0, 12]
    finds = make(candidates, found)
    assert tracks(RunConfig(confidence=0.7)) is None


def test_without_candidates_what_the_run_reported_is_filtered() -> None:
    own = Detections(
        np.array([[0, 0, 9, 9], [9, 9, 19, 19], [1, 1, 5, 5]], np.float32),
        np.array([0.9, 0.5, 0.3], np.float32),
        np.array([0, 1, 0], np.int32),
        masks=(block(0, 0, 9, 9), block(9, 9, 19, 19), block(1, 1, 5, 5)),
        ids=np.array([4, 5, 6], np.int32),
    )
    finds = make(None, own)
    left = finds.choose(RunConfig(confidence=0.4)).detections
    assert left.ids is not None
    assert left.ids.tolist() == [4, 5]
    assert left.masks == own.masks[:2] if own.masks else False
    assert finds.choose(RunConfig(confidence=0.1, classes=("gel",))).keys == (1,)
    assert finds.choose(RunConfig(confidence=0.1, max_detections=2)).keys == (0, 1)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ((), None),
        (("SERUM", "cells"), (2, 0)),
        (("1",), (2,)),
        (("plasma", "gel"), (1,)),
        (("plasma",), None),
        (("9",), None),
    ],
)
def test_classes_are_known_by_name_or_by_number_of_the_weights_in_use(
    wanted: tuple[str, ...], expected: tuple[int, ...] | None
) -> None:
    in_use = dataclasses.replace(INFO, names=("plasma", "serum"))
    assert class_numbers(RunConfig(classes=wanted), in_use, INFO) == expected


def test_outlines_are_traced_once_and_by_tolerance() -> None:
    finds = make(proposed())
    choice = finds.choose(RunConfig(confidence=0.25, iou=0.9))
    first = finds.overlay(choice, 1.0)
    assert first.outlines == (None, None, None)
    assert finds.untraced(choice, 1.0)
    asked: list[bool] = []

    def stop_at_the_third() -> bool:
        asked.append(True)
        return len(asked) == 3

    assert not finds.trace(choice, 1.0, stop_at_the_third)
    part = finds.overlay(choice, 1.0).outlines
    assert part is not None
    assert [each is not None for each in part] == [True, True, False]
    assert finds.trace(choice, 1.0, lambda: False)
    fewer = finds.choose(RunConfig(confidence=0.25, iou=0.7))
    assert not finds.untraced(fewer, 1.0)
    kept = finds.overlay(fewer, 1.0).outlines
    assert kept is not None
    assert kept[0] is part[0]
    assert finds.untraced(fewer, 0.25)


def test_an_overlay_says_where_it_belongs_and_what_was_left_out() -> None:
    finds = make(proposed())
    overlay = finds.overlay(finds.choose(RunConfig(confidence=0.1)), 1.0)
    assert (overlay.place, overlay.frame_id, overlay.without_mask) == (Place("a.png"), 7, 1)
    assert overlay.names == INFO.names
    assert len(overlay.colours) == 3
    boxes_only = make(proposed(with_masks=False))
    choice = boxes_only.choose(RunConfig())
    assert boxes_only.overlay(choice, 1.0).outlines is None
    assert not boxes_only.untraced(choice, 1.0)
    assert boxes_only.trace(choice, 1.0, lambda: True)


def test_a_hole_is_not_part_of_an_outline() -> None:
    ring = np.ones((20, 20), bool)
    ring[5:15, 5:15] = False
    path = outline(masks.encode(ring, 10, 8, *SIZE), 0.0)
    assert path.boundingRect().getRect() == (10, 8, 20, 20)
    assert path.contains(QPointF(12, 10))
    assert not path.contains(QPointF(20, 18))
    assert not path.contains(QPointF(5, 5))
