"""Suppression keeps what ultralytics' own keeps."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from engine import device
from engine.inference.nms import gaussians, keep_boxes, keep_rotated, probabilistic_iou
from engine.types import Float32, Int32

if TYPE_CHECKING:
    from torch import Tensor

WIDEST = 7680


def scores(count: int) -> Float32:
    """Return scores that fall from box to box, so that no order is left to chance."""
    return np.linspace(0.99, 0.01, count, dtype=np.float32)


def tensors(*arrays: NDArray[np.generic]) -> list["Tensor"]:
    """Return arrays as tensors of torch, once it is ready."""
    device.prepare()
    import torch

    return [torch.from_numpy(np.ascontiguousarray(array)) for array in arrays]


def theirs(boxes: Float32, classes: Int32, iou: float) -> list[int]:
    """Return what ultralytics' suppression keeps, classes set apart as it does itself."""
    apart = boxes + WIDEST * classes[:, None].astype(np.float32)
    ours, order = tensors(apart, scores(len(boxes)))
    from ultralytics.utils.nms import TorchNMS

    kept: list[int] = TorchNMS.nms(ours, order, iou).tolist()
    return kept


def theirs_rotated(boxes: Float32, angles: Float32, classes: Int32, iou: float) -> list[int]:
    """Return what ultralytics keeps of rotated boxes given as corners before rotation."""
    sides = boxes[:, 2:] - boxes[:, :2]
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2 + WIDEST * classes[:, None].astype(np.float32)
    shapes = np.concatenate((centres, sides, angles[:, None]), axis=1).astype(np.float64)
    found, order = tensors(shapes, scores(len(boxes)))
    from ultralytics.utils.metrics import batch_probiou
    from ultralytics.utils.nms import TorchNMS

    kept: list[int] = TorchNMS.fast_nms(found, order, iou, iou_func=batch_probiou).tolist()
    return kept


def scattered(rng: np.random.Generator, count: int) -> Float32:
    """Return boxes anywhere in a picture."""
    corner = rng.uniform(0, 600, (count, 2))
    return np.concatenate((corner, corner + rng.uniform(1, 120, (count, 2))), axis=1).astype("f4")


def crowded(rng: np.random.Generator, count: int) -> Float32:
    """Return boxes around a few places, as a network proposes them."""
    places = rng.uniform(50, 550, (12, 2))[rng.integers(0, 12, count)]
    centre = places + rng.normal(0, 6, (count, 2))
    half = rng.uniform(20, 40, (count, 2))
    return np.concatenate((centre - half, centre + half), axis=1).astype("f4")


def on_a_grid(rng: np.random.Generator, count: int) -> Float32:
    """Return boxes of whole pixels: equal ones, touching ones, ones without width or height."""
    corner = rng.integers(0, 12, (count, 2))
    return np.concatenate((corner, corner + rng.integers(0, 6, (count, 2))), axis=1).astype("f4")


@pytest.mark.parametrize("make", [scattered, crowded, on_a_grid])
@pytest.mark.parametrize("number", [1, 3, 80])
@pytest.mark.parametrize("iou", [0.0, 0.3, 0.45, 0.7, 1.0])
def test_upright_boxes(
    make: Callable[[np.random.Generator, int], Float32], number: int, iou: float
) -> None:
    rng = np.random.default_rng((number, int(100 * iou)))
    for count in (1, 2, 40, 600):
        boxes = make(rng, count)
        classes = rng.integers(0, number, count).astype(np.int32)
        kept = keep_boxes(boxes, classes, iou, count)
        assert kept.tolist() == theirs(boxes, classes, iou)
        assert keep_boxes(boxes, classes, iou, 7).tolist() == kept[:7].tolist()


def plain(boxes: Float32, classes: Int32, iou: Fraction) -> list[int]:
    """Suppress box by box in exact arithmetic."""

    def overlap(one: list[int], other: list[int]) -> Fraction:
        width = min(one[2], other[2]) - max(one[0], other[0])
        height = min(one[3], other[3]) - max(one[1], other[1])
        common = max(width, 0) * max(height, 0)
        areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
        return Fraction(common, sum(areas) - common) if common else Fraction(0)

    whole = boxes.astype(int).tolist()
    kept: list[int] = []
    for index, box in enumerate(whole):
        rivals = [whole[other] for other in kept if classes[other] == classes[index]]
        if all(overlap(box, rival) <= iou for rival in rivals):
            kept.append(index)
    return kept


@pytest.mark.parametrize("iou", [Fraction(0), Fraction(1, 4), Fraction(1, 2), Fraction(1)])
def test_of_equal_boxes_the_first_stays(iou: Fraction) -> None:
    rng = np.random.default_rng(8)
    boxes = on_a_grid(rng, 250)
    assert len(np.unique(boxes, axis=0)) < 250
    classes = rng.integers(0, 2, 250).astype(np.int32)
    kept = keep_boxes(boxes, classes, float(iou), 250).tolist()
    assert kept == plain(boxes, classes, iou)


def test_the_whole_of_their_post_processing() -> None:
    rng = np.random.default_rng(5)
    corners = crowded(rng, 500)
    classes = rng.integers(0, 4, 500).astype(np.int32)
    confidence = np.zeros((500, 4), np.float32)
    confidence[np.arange(500), classes] = scores(500)
    centres = (corners[:, :2] + corners[:, 2:]) / 2
    shapes = np.concatenate((centres, corners[:, 2:] - corners[:, :2], confidence), axis=1)
    (output,) = tensors(shapes.T.astype(np.float32)[None])
    from ultralytics.utils.nms import non_max_suppression

    (found,) = non_max_suppression(output, conf_thres=0.25, iou_thres=0.6, max_det=30)
    likely = scores(500) > 0.25
    kept = keep_boxes(corners[likely], classes[likely], 0.6, 30)
    assert len(kept) == len(found) > 20
    assert np.abs(found[:, :4].numpy() - corners[kept]).max() < 1e-3
    assert found[:, 5].tolist() == classes[kept].tolist()


def test_an_overlap_equal_to_the_threshold_is_kept() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 5], [0, 0, 5, 5]], np.float32)
    same = np.zeros(3, np.int32)
    assert keep_boxes(boxes, same, 0.5, 9).tolist() == [0, 1, 2]
    assert keep_boxes(boxes, same, 0.499, 9).tolist() == [0, 2]
    assert keep_boxes(boxes, same, 0.24, 9).tolist() == [0]
    assert keep_boxes(boxes, np.arange(3, dtype=np.int32), 0.0, 9).tolist() == [0, 1, 2]


def test_a_dropped_box_drops_no_other() -> None:
    boxes = np.array([[0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]], np.float32)
    assert keep_boxes(boxes, np.zeros(3, np.int32), 0.3, 9).tolist() == [0, 2]


def test_boxes_that_touch_or_have_no_area_do_not_overlap() -> None:
    touching = np.array([[0, 0, 10, 10], [10, 0, 20, 10], [0, 10, 10, 20]], np.float32)
    assert len(keep_boxes(touching, np.zeros(3, np.int32), 0.0, 9)) == 3
    flat = np.array([[5, 5, 5, 5], [5, 5, 5, 5], [0, 5, 9, 5], [0, 0, 9, 9]], np.float32)
    assert len(keep_boxes(flat, np.zeros(4, np.int32), 0.0, 9)) == 4


def test_nothing_comes_from_nothing() -> None:
    none = np.zeros((0, 4), np.float32)
    assert keep_boxes(none, np.zeros(0, np.int32), 0.5, 9).tolist() == []
    assert keep_rotated(none, none[:, 0], np.zeros(0, np.int32), 0.5).tolist() == []


@pytest.mark.parametrize("make", [scattered, crowded])
@pytest.mark.parametrize("number", [1, 5])
@pytest.mark.parametrize("count", [1, 2, 100, 512, 513, 1300])
def test_rotated_boxes(
    make: Callable[[np.random.Generator, int], Float32], number: int, count: int
) -> None:
    rng = np.random.default_rng((number, count))
    boxes = make(rng, count)
    angles = rng.uniform(-math.pi, math.pi, count).astype(np.float32)
    classes = rng.integers(0, number, count).astype(np.int32)
    for iou in (0.1, 0.45, 0.7):
        kept = keep_rotated(boxes, angles, classes, iou).tolist()
        assert kept == theirs_rotated(boxes, angles, classes, iou)


def test_a_box_before_a_block_drops_one_in_a_later_block() -> None:
    apart = np.arange(1100, dtype=np.float32)[:, None] * 100
    boxes = np.concatenate((apart, np.zeros_like(apart), apart + 40, np.full_like(apart, 20)), 1)
    boxes[1030] = boxes[3]
    boxes[700] = boxes[600]
    kept = keep_rotated(boxes, np.full(1100, 0.3, np.float32), np.zeros(1100, np.int32), 0.5)
    assert sorted(set(range(1100)) - set(kept.tolist())) == [700, 1030]


def test_a_dropped_rotated_box_drops_others() -> None:
    boxes = np.array([[0, 0, 40, 20], [5, 0, 45, 20], [10, 0, 50, 20]], np.float32)
    shapes = gaussians(boxes, np.zeros(3, np.float32))
    overlap = probabilistic_iou(shapes, shapes)
    assert overlap[0, 2] < 0.75 < overlap[0, 1]
    assert overlap[1, 2] == pytest.approx(overlap[0, 1])
    assert keep_rotated(boxes, np.zeros(3, np.float32), np.zeros(3, np.int32), 0.75).tolist() == [0]


def test_the_overlap_is_theirs() -> None:
    rng = np.random.default_rng(3)
    boxes, angles = crowded(rng, 200), rng.uniform(0, math.pi, 200).astype(np.float32)
    shapes = gaussians(boxes, angles)
    exact = boxes.astype(np.float64)
    centres, sides = (exact[:, :2] + exact[:, 2:]) / 2, exact[:, 2:] - exact[:, :2]
    (found,) = tensors(np.concatenate((centres, sides, angles[:, None]), axis=1))
    from ultralytics.utils.metrics import batch_probiou

    expected = batch_probiou(found, found).numpy()
    assert np.abs(probabilistic_iou(shapes, shapes) - expected).max() < 1e-9


def test_needles_and_points_are_numbers() -> None:
    boxes = np.array([[0, 0, 4000, 0.001], [0, 0, 4000, 0.001], [5, 5, 5, 5]], np.float32)
    angles = np.array([0.7, 0.7001, 0], np.float32)
    kept = keep_rotated(boxes, angles, np.zeros(3, np.int32), 0.7)
    assert 0 in kept
    assert 2 in kept
