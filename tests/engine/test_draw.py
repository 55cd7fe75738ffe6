"""Annotated pictures: pixels change where they must and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from engine import masks
from engine.colours import class_colours
from engine.counting import Counter, CountLine, CountZone
from engine.draw import DrawStyle, annotate
from engine.skeleton import COCO_LIMBS
from engine.types import (
    Counted,
    CounterTotals,
    Detections,
    Float32,
    Frame,
    Result,
    Rle,
    UInt8,
)

NAMES = ("serum", "gel", "cells")
PLAIN = DrawStyle(show_labels=False)


def scene(height: int = 200, width: int = 200) -> UInt8:
    return np.random.default_rng(1).integers(60, 190, (height, width, 3), np.uint8)


def found(
    *boxes: tuple[float, float, float, float],
    masks: tuple[Rle, ...] | None = None,
    keypoints: object = None,
    angles: tuple[float, ...] | None = None,
    ids: tuple[int, ...] | None = None,
) -> Detections:
    count = len(boxes)
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.linspace(0.9, 0.5, count, dtype=np.float32),
        (np.arange(count) % len(NAMES)).astype(np.int32),
        masks,
        None if keypoints is None else np.array(keypoints, np.float32),
        None if angles is None else np.array(angles, np.float32),
        None if ids is None else np.array(ids, np.int32),
    )


def draw(image: UInt8, detections: Detections, style: DrawStyle = PLAIN) -> UInt8:
    return annotate(Result(Frame(image, 0, None, "a.jpg"), detections), NAMES, None, style)


def changes(image: UInt8, drawn: UInt8) -> NDArray[np.bool_]:
    changed: NDArray[np.bool_] = (image != drawn).any(axis=2)
    return changed


def test_the_frame_is_never_changed_and_the_result_is_new() -> None:
    image = scene()
    before = image.copy()
    image.setflags(write=False)
    drawn = draw(image, found((20, 30, 90, 120)), DrawStyle())
    assert (image == before).all()
    assert changes(image, drawn).any()
    assert drawn.flags.writeable
    assert drawn.shape == image.shape
    assert drawn.dtype == np.uint8


def test_nothing_found_gives_an_equal_copy() -> None:
    image = scene()
    drawn = draw(image, Detections.empty(), DrawStyle())
    assert drawn is not image
    assert (drawn == image).all()


def test_a_box_changes_its_frame_only() -> None:
    image = scene()
    drawn = draw(image, found((20, 30, 90, 120)))
    expected = np.zeros((200, 200), bool)
    expected[30:120, 20:90] = True
    expected[31:119, 21:89] = False
    assert (changes(image, drawn) == expected).all()
    assert (drawn[expected] == class_colours(NAMES)[0]).all()


def test_a_wide_line_has_a_dark_edge() -> None:
    image = np.full((200, 200, 3), 255, np.uint8)
    drawn = draw(image, found((20, 30, 90, 120)), DrawStyle(line_width=3, show_labels=False))
    colour = np.array(class_colours(NAMES)[0])
    assert (drawn[70, 20:23] == colour).all()
    assert (drawn[70, [19, 23]] < colour / 2 + 1).all()
    assert (drawn[70, [18, 24]] == 255).all()


def test_a_box_larger_than_the_picture_is_seen_at_its_edge() -> None:
    image = scene()
    changed = changes(image, draw(image, found((-50, -50, 500, 500))))
    assert changed[0].all()
    assert changed[-1].all()
    assert changed[:, 0].all()
    assert changed[:, -1].all()
    assert not changed[1:-1, 1:-1].any()


def test_objects_outside_and_objects_that_are_not_finite_leave_no_trace() -> None:
    image = scene()
    nan, inf = math.nan, math.inf
    boxes = [(300, 10, 400, 60), (-90, 0, 0, 50), (nan, 0, 9, 9), (0, 0, inf, 9), (0, 200, 9, 900)]
    assert not changes(image, draw(image, found(*boxes), DrawStyle())).any()
    turned = found((10, 10, 60, 60), angles=(nan,))
    assert not changes(image, draw(image, turned, DrawStyle())).any()


def test_far_away_corners_are_no_obstacle() -> None:
    image = scene()
    for angles in (None, (0.5,)):
        drawn = draw(image, found((-1e30, -1e30, 1e30, 1e30), angles=angles), DrawStyle())
        assert changes(image, drawn).any()


def test_the_best_object_lies_on_top() -> None:
    image = scene()
    drawn = draw(image, found((20, 20, 80, 80), (20, 20, 80, 80)))
    assert drawn[20, 50].tolist() == list(class_colours(NAMES)[0])


def mask_scene() -> tuple[UInt8, NDArray[np.bool_], Detections]:
    image = scene()
    mask = np.zeros((200, 200), bool)
    mask[40:140, 50:150] = True
    mask[70:110, 80:120] = False
    rle = masks.encode(mask[40:140, 50:150], 50, 40, 200, 200)
    return image, mask, found((50, 40, 150, 140), masks=(rle,))


def test_a_mask_is_tinted_inside_and_outlined() -> None:
    image, mask, detections = mask_scene()
    drawn = draw(image, detections)
    colour = np.array(class_colours(NAMES)[0])
    inner = np.zeros_like(mask)
    inner[43:137, 53:147] = True
    inner[67:113, 77:123] = False
    mixed = image * 0.55 + colour * 0.45
    assert np.abs(drawn[inner].astype(float) - mixed[inner]).max() <= 1
    outer = np.zeros_like(mask)
    outer[38:142, 48:152] = True
    outer[72:108, 82:118] = False
    assert not changes(image, drawn)[~outer].any()
    for row, column in ((40, 100), (139, 100), (90, 50), (90, 149), (69, 100), (90, 79)):
        left = np.abs(drawn[row, column].astype(int) - colour)
        assert (left <= 0.25 * np.abs(image[row, column].astype(int) - colour) + 2).all()


def test_opacity_and_switches_of_masks_and_boxes() -> None:
    image, mask, detections = mask_scene()
    full = draw(image, detections, DrawStyle(mask_opacity=1.0, show_labels=False))
    assert (full[50:60, 60:140] == class_colours(NAMES)[0]).all()
    bare = draw(image, detections, DrawStyle(show_masks=False, show_labels=False))
    assert changes(image, bare)[40, 50]
    assert not changes(image, bare)[42:138, 52:148].any()
    both = DrawStyle(show_boxes=True, show_labels=False)
    moved = found((10, 10, 190, 190), masks=detections.masks)
    assert changes(image, draw(image, moved, both))[10, 10:190].all()
    assert not changes(image, draw(image, moved))[10, 10:190].any()
    none = DrawStyle(show_masks=False, show_boxes=False, show_labels=False)
    assert not changes(image, draw(image, detections, none)).any()
    assert mask.any()


def test_an_empty_mask_falls_back_to_the_box() -> None:
    image = scene()
    empty = Rle(200, 200, np.array([40000], np.uint32))
    assert changes(image, draw(image, found((20, 30, 90, 120), masks=(empty,))))[30, 20:90].all()


def test_an_angle_turns_the_box_clockwise() -> None:
    image = scene()
    drawn = draw(image, found((50, 97, 150, 103), angles=(math.pi / 4,)))
    changed = changes(image, drawn)
    along = round(45 * math.sqrt(0.5))
    near = slice(100 + along - 3, 100 + along + 4)
    assert changed[near, near].any()
    assert not changed[100 - along - 3 : 100 - along + 4, near].any()
    rows, columns = np.nonzero(changed)
    assert rows.min() == pytest.approx(100 - 53 * math.sqrt(0.5), abs=2)
    assert columns.max() == pytest.approx(100 + 53 * math.sqrt(0.5), abs=2)


def person(visibility: float = 1.0) -> Float32:
    points = [(20 + 40 * (index % 4), 20 + 40 * (index // 4), visibility) for index in range(17)]
    return np.array([points], np.float32)


def test_seventeen_keypoints_have_limbs() -> None:
    image = scene()
    style = DrawStyle(show_boxes=False, show_labels=False)
    changed = changes(image, draw(image, found((0, 0, 200, 200), keypoints=person()), style))
    points = person()[0, :, :2]
    for first, second, _ in COCO_LIMBS:
        column, row = ((points[first] + points[second]) / 2).astype(int)
        assert changed[row - 1 : row + 2, column - 1 : column + 2].any()
    others = found((0, 0, 200, 200), keypoints=person()[:, :16])
    dots = changes(image, draw(image, others, style))
    assert dots[19:21, 19:21].any()
    assert not dots[20, 30:50].any()


def test_keypoints_that_are_not_seen_are_left_out() -> None:
    image = scene()
    style = DrawStyle(show_boxes=False, show_labels=False)
    box = (0.0, 0.0, 200.0, 200.0)
    hidden = found(box, keypoints=person(0.2))
    assert not changes(image, draw(image, hidden, style)).any()
    nowhere = found(box, keypoints=[[(0, 0), (math.nan, 5), (100, 100)]])
    rows, columns = np.nonzero(changes(image, draw(image, nowhere, style)))
    assert (rows.min(), columns.min()) > (90, 90)
    assert (rows.max(), columns.max()) < (110, 110)
    far = found(box, keypoints=[[(1e30, -1e30, 1), (50, 50, 1)]])
    assert changes(image, draw(image, far, style)).any()


def label_width(detections: Detections, **switches: bool) -> int:
    image = np.zeros((100, 400, 3), np.uint8)
    drawn = draw(image, detections, DrawStyle(show_boxes=False, font_size=14, **switches))
    columns = np.nonzero(changes(image, drawn))[1]
    return int(columns.max() - columns.min()) + 1 if columns.size else 0


def test_what_a_label_says() -> None:
    tracked = found((20, 40, 200, 90), ids=(12,))
    plain = found((20, 40, 200, 90))
    widths = [
        label_width(plain, show_labels=False),
        label_width(plain, show_confidence=False),
        label_width(plain),
        label_width(tracked),
    ]
    assert widths[0] == 0
    assert widths == sorted(set(widths))
    assert label_width(tracked, show_tracks=False) == widths[2]


def test_an_object_without_a_track_has_no_number() -> None:
    plain, zero = found((20, 40, 200, 90)), found((20, 40, 200, 90), ids=(0,))
    assert label_width(zero) == label_width(plain)


GATE = CountLine("Gate", (40, 100), (160, 100))
YARD = CountZone("Yard", ((60, 60), (140, 60), (140, 140), (60, 140)))


def counted(
    image: UInt8, counters: Sequence[Counter], totals: Sequence[CounterTotals] = ()
) -> UInt8:
    told = Counted((), tuple(totals)) if totals else None
    result = Result(Frame(image, 0, None, "a"), Detections.empty(), counted=told)
    return annotate(result, NAMES, counters=counters)


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_lines_and_zones_are_seen_on_any_picture(shade: int) -> None:
    image = np.full((200, 200, 3), shade, np.uint8)
    for counter in (GATE, YARD):
        changed = changes(image, counted(image, [counter]))
        for (x1, y1), (x2, y2) in zip(counter.points, counter.points[1:], strict=False):
            for share in (0.4, 0.6):
                x, y = round(x1 + share * (x2 - x1)), round(y1 + share * (y2 - y1))
                assert changed[y - 2 : y + 2, x - 2 : x + 2].any()
    # A zone is closed, and only its outline is drawn.
    zone = changes(image, counted(image, [YARD]))
    assert zone[80:120, 58:62].any(axis=1).all()
    assert not zone[70:130, 70:130].any()
    light = counted(image, [GATE])[98:102, 60:90].astype(int).sum(axis=2)
    assert light.max() - light.min() > 300


def test_an_arrow_points_to_the_inner_side_of_a_line() -> None:
    image = scene()
    for line, inner, outer in (
        (GATE, np.s_[105:112, 90:110], np.s_[85:95, 90:110]),
        (CountLine("G", GATE.end, GATE.start), np.s_[88:95, 90:110], np.s_[105:115, 90:110]),
        (CountLine("G", (100, 160), (100, 40)), np.s_[90:110, 105:112], np.s_[90:110, 85:95]),
    ):
        changed = changes(image, counted(image, [line]))
        assert changed[inner].any()
        assert not changed[outer].any()


def test_counts_stand_beside_the_name() -> None:
    image = np.full((120, 400, 3), 128, np.uint8)
    line = CountLine("Gate", (40, 60), (40, 100))
    zone = CountZone("Gate", ((40, 60), (60, 60), (60, 100)))

    def width(counter: Counter, *totals: CounterTotals) -> int:
        tab = changes(image, counted(image, [counter], totals))[45:56]
        return int(np.nonzero(tab)[1].max())

    widths = [
        width(line),
        width(line, CounterTotals(3, 1)),
        width(line, CounterTotals(33, 11)),
    ]
    assert widths == sorted(set(widths))
    assert width(zone, CounterTotals(3, 1, 2)) > width(zone, CounterTotals(3, 1)) > width(zone)


def test_lines_outside_and_far_away_are_no_obstacle() -> None:
    image = scene(40, 40)
    far = CountLine("Far", (-1e30, 5), (1e30, 5))
    assert changes(image, counted(image, [far, CountLine("Point", (5, 5), (5, 5))])).any()


def test_a_class_without_a_name_is_drawn_with_its_number() -> None:
    image = scene()
    detections = Detections(
        np.array([[20, 40, 120, 90], [30, 120, 90, 180]], np.float32),
        np.array([0.9, 0.8], np.float32),
        np.array([77, -1], np.int32),
    )
    assert changes(image, draw(image, detections, DrawStyle())).any()


def test_given_colours_are_used() -> None:
    image = scene()
    result = Result(Frame(image, 0, None, "a.jpg"), found((20, 30, 90, 120)))
    drawn = annotate(result, NAMES, [(1, 2, 3)] * 3, PLAIN)
    assert drawn[30, 50].tolist() == [1, 2, 3]


def test_classification_lists_classes_in_the_corner() -> None:
    image = scene(400, 400)
    for probabilities in ([0.7, 0.2, 0.1], [math.nan, 0.5, 0.5], [1.0]):
        result = Result(
            Frame(image, 0, None, "a.jpg"),
            Detections.empty(),
            probabilities=np.array(probabilities, np.float32),
        )
        changed = changes(image, annotate(result, NAMES))
        assert changed[:30, :30].any()
        assert not changed[200:].any()
        assert not changed[:, 300:].any()
        assert not changes(image, annotate(result, NAMES, style=PLAIN)).any()


def test_sizes_grow_slower_than_the_picture() -> None:
    style = DrawStyle()
    assert (style.line(240, 320), style.font(240, 320)) == (1, 11)
    assert (style.line(720, 1280), style.font(720, 1280)) == (3, 18)
    assert (style.line(2250, 4000), style.font(2250, 4000)) == (5, 36)
    assert DrawStyle(line_width=5, font_size=9).line(10, 10) == 5
    assert DrawStyle(line_width=5, font_size=9).font(10, 10) == 9


ANY = st.floats(width=32, allow_nan=True, allow_infinity=True)


@settings(max_examples=60)
@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    arrays.arrays(np.float32, (3, 4), elements=ANY),
    st.none() | arrays.arrays(np.float32, 3, elements=ANY),
    st.none() | arrays.arrays(np.float32, (3, 17, 3), elements=ANY),
)
def test_any_numbers_on_any_small_picture(
    size: tuple[int, int], boxes: Float32, angles: Float32 | None, keypoints: Float32 | None
) -> None:
    image = np.zeros((*size, 3), np.uint8)
    detections = Detections(
        boxes,
        np.array([0.9, math.nan, 0.1], np.float32),
        np.zeros(3, np.int32),
        keypoints=keypoints,
        angles=angles,
    )
    assert draw(image, detections, DrawStyle()).shape == image.shape


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (3, 2)])
def test_masks_on_tiny_pictures(size: tuple[int, int]) -> None:
    image = np.full((*size, 3), 200, np.uint8)
    rle = masks.encode(np.ones(size, bool), 0, 0, *size)
    drawn = draw(image, found((0, 0, size[1], size[0]), masks=(rle,)), DrawStyle())
    assert changes(image, drawn).all()
