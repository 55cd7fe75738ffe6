"""The detector gives what `YOLO(weights).predict` gives, task by task."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from engine import device, masks
from engine.config import RunConfig
from engine.inference.candidates import pack, reconsider, unpack
from engine.inference.detector import YoloDetector, class_indices, open_detector
from engine.paths import DEFAULT_WEIGHTS, resource
from engine.scenes.tubes import render_tubes
from engine.types import TASKS, Frame, Result, Task, UInt8
from tests.helpers.checkpoints import GENERATIONS, INPUT_SIZE, random_checkpoint

if TYPE_CHECKING:
    from ultralytics.engine.results import Results

BOX_PX = 0.5
SCORE = 1e-3
MASK_IOU = 0.98
SMALLEST_MASK = 100


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Task], Path]:
    folder = tmp_path_factory.mktemp("checkpoints")
    made: dict[tuple[str, Task], Path] = {}

    def get(generation: str, task: Task) -> Path:
        key = generation, task
        if key not in made:
            made[key] = random_checkpoint(folder, generation, task)
        return made[key]

    return get


def textured(seed: int, width: int, height: int) -> UInt8:
    """Return a picture with structure at every scale, which excites random networks."""
    from PIL import Image

    rng = np.random.default_rng(seed)
    picture = np.zeros((height, width, 3), np.float64)
    for cell in (4, 16, 64):
        coarse = rng.integers(0, 256, (height // cell + 1, width // cell + 1, 3), np.uint8)
        picture += np.asarray(Image.fromarray(coarse).resize((width, height)))
    return (picture / 3).astype(np.uint8)


def peer(weights: Path, image: UInt8, config: RunConfig) -> "Results":
    """Return ultralytics' own result for a picture."""
    device.prepare()
    from ultralytics import YOLO

    size = {} if config.input_size is None else {"imgsz": config.input_size}
    return YOLO(str(weights)).predict(
        image[..., ::-1],
        **size,
        conf=config.confidence,
        iou=config.iou,
        classes=class_indices(_names(weights), config.classes),
        max_det=config.max_detections,
        retina_masks=True,
        verbose=False,
        device="cpu",
    )[0]


def _names(weights: Path) -> tuple[str, ...]:
    detector = open_detector(RunConfig(weights=weights))
    return detector.info.names


def ours(weights: Path, image: UInt8, config: RunConfig) -> Result:
    """Return the detector's result for a picture."""
    detector = open_detector(dataclasses.replace(config, weights=weights, device="cpu"))
    return detector.detect(Frame(image, 0, None, "picture"), config)


def assert_same(result: Result, theirs: "Results", config: RunConfig) -> int:
    """Compare two results detection by detection; return how many there are.

    A detection whose score is within 1e-3 of the threshold may be missing on one side.
    """
    found = result.detections
    boxes = theirs.obb if theirs.obb is not None else theirs.boxes
    scores = boxes.conf.numpy()
    certain = scores > config.confidence + SCORE
    assert len(found) >= certain.sum()
    corners = _corners(theirs)
    matched = []
    for index in np.flatnonzero(certain):
        near = (np.abs(found.scores - scores[index]) <= SCORE) & (
            found.classes == int(boxes.cls[index])
        )
        gaps = np.abs(_our_corners(result) - corners[index]).reshape(len(found), -1).max(axis=1)
        gaps[~near] = np.inf
        best = int(gaps.argmin())
        assert gaps[best] <= BOX_PX
        matched.append(best)
        if theirs.masks is not None and found.masks is not None:
            mask = theirs.masks.data[index].numpy() > 0
            own = masks.decode(found.masks[best])
            if mask.sum() >= SMALLEST_MASK:
                assert (mask & own).sum() / (mask | own).sum() >= MASK_IOU
        if theirs.keypoints is not None and found.keypoints is not None:
            points = theirs.keypoints.data[index].numpy()
            assert np.abs(points[:, :2] - found.keypoints[best][:, :2]).max() <= BOX_PX
            assert np.abs(points[:, 2:] - found.keypoints[best][:, 2:]).max(initial=0) <= SCORE
    assert len(set(matched)) == len(matched)
    return len(found)


def _corners(theirs: "Results") -> NDArray[np.float32]:
    if theirs.obb is not None:
        corners = theirs.obb.xyxyxyxy.numpy().reshape(-1, 4, 2)
        return np.sort(np.asarray(corners, np.float32), axis=1)
    return np.asarray(theirs.boxes.xyxy.numpy(), np.float32)


def _our_corners(result: Result) -> NDArray[np.float32]:
    found = result.detections
    if found.angles is None:
        return found.boxes
    from engine.export.shapes import corners

    return np.sort(corners(found.boxes, found.angles).reshape(-1, 4, 2), axis=1)


def assert_reconsidered(result: Result, config: RunConfig, names: tuple[str, ...]) -> None:
    """The stored candidates give the run's own detections to the bit."""
    assert result.candidates is not None
    size = result.frame.height, result.frame.width
    stored = unpack(pack(result.candidates), size)
    again = reconsider(
        stored,
        size,
        confidence=config.confidence,
        iou=config.iou,
        classes=class_indices(names, config.classes),
        most=config.max_detections,
    )
    found = result.detections
    assert np.array_equal(again.boxes, found.boxes)
    assert np.array_equal(again.scores, found.scores)
    assert np.array_equal(again.classes, found.classes)
    for one, other in ((again.angles, found.angles), (again.keypoints, found.keypoints)):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert np.array_equal(one, other)
    if found.masks is not None:
        assert again.masks is not None
        for mask, other_mask in zip(again.masks, found.masks, strict=True):
            assert np.array_equal(mask.counts, other_mask.counts)


def test_bundled_weights_on_rendered_pictures() -> None:
    """Form (a): the default weights find the same objects, twelve or more."""
    weights = resource(DEFAULT_WEIGHTS)
    config = RunConfig()
    total = 0
    for seed in range(900_000, 900_004):
        image = render_tubes(seed).image
        result = ours(weights, image, config)
        total += assert_same(result, peer(weights, image, config), config)
        assert_reconsidered(result, config, ("cells", "gel", "serum"))
    assert total >= 12


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("task", [task for task in TASKS if task != "classify"])
def test_random_checkpoints(make: Callable[[str, Task], Path], generation: str, task: Task) -> None:
    """Form (b): fifty candidates and more of a network that was never trained."""
    weights = make(generation, task)
    config = RunConfig(weights=weights, confidence=0.001)
    image = textured(1, 400, 300)
    result = ours(weights, image, config)
    assert result.candidates is not None
    assert len(result.candidates) >= 50
    assert assert_same(result, peer(weights, image, config), config) >= 10
    assert_reconsidered(result, config, tuple(f"class {index}" for index in range(7)))


@pytest.mark.slow
@pytest.mark.parametrize("levels", ["-p2", "-p6"])
@pytest.mark.parametrize("task", [task for task in TASKS if task != "classify"])
def test_more_levels(tmp_path: Path, task: Task, levels: str) -> None:
    weights = random_checkpoint(tmp_path, "yolo11", task, levels=levels)
    config = RunConfig(confidence=0.001)
    image = textured(7, 340, 250)
    result = ours(weights, image, config)
    assert assert_same(result, peer(weights, image, config), config) >= 10


@pytest.mark.parametrize("generation", GENERATIONS)
def test_random_classifiers(make: Callable[[str, Task], Path], generation: str) -> None:
    """Form (b) for classification: the same probabilities on any shape of picture."""
    weights = make(generation, "classify")
    config = RunConfig(weights=weights)
    for width, height in ((400, 300), (120, 500), (50, 40)):
        image = textured(width, width, height)
        result = ours(weights, image, config)
        theirs = peer(weights, image, config).probs.data.numpy()
        assert result.probabilities is not None
        assert np.abs(result.probabilities - theirs).max() <= SCORE


@pytest.mark.parametrize("task", ["detect", "segment"])
def test_other_settings(make: Callable[[str, Task], Path], task: Task) -> None:
    """Input size, IoU, classes and the limit on objects work as the peer's."""
    weights = make("yolo11", task)
    image = textured(2, 333, 517)
    config = RunConfig(
        weights=weights,
        confidence=0.005,
        iou=0.3,
        input_size=448,
        classes=("class 1", "4", "class 5"),
        max_detections=20,
    )
    result = ours(weights, image, config)
    assert set(result.detections.classes.tolist()) <= {1, 4, 5}
    assert 0 < len(result.detections) <= 20
    assert_same(result, peer(weights, image, config), config)
    assert_reconsidered(result, config, tuple(f"class {index}" for index in range(7)))


@pytest.mark.parametrize("name", ["yolo11n_rebuilt.pt", "yolo11n-seg_rebuilt.pt"])
def test_pretrained_weights(shared: Path, name: str) -> None:
    """Form (c): pretrained networks on photographs of everyday things."""
    weights = shared / "weights" / name
    config = RunConfig(weights=weights)
    pictures = sorted((shared / "data/seg_coco128/images/val").glob("*.jpg"))[:12]
    assert pictures
    total = 0
    from PIL import Image

    detector = open_detector(dataclasses.replace(config, device="cpu"))
    for path in pictures:
        image = np.asarray(Image.open(path).convert("RGB"))
        result = detector.detect(Frame(image, 0, None, str(path)), config)
        total += assert_same(result, peer(weights, image, config), config)
        assert_reconsidered(result, config, detector.info.names)
    assert total >= 30


def test_thresholds_moved_afterwards_equal_a_new_run(
    make: Callable[[str, Task], Path],
) -> None:
    """Stricter thresholds over kept candidates give what the network would give again."""
    weights = make("yolo11", "detect")
    image = textured(3, 400, 300)
    loose = RunConfig(weights=weights, confidence=0.3, iou=0.7)
    detector = open_detector(loose)
    frame = Frame(image, 0, None, "picture")
    kept = detector.detect(frame, loose).candidates
    assert kept is not None
    assert 50 < int((kept.scores > loose.confidence).sum()) < len(kept) <= 1000
    moved = 0
    for confidence, iou in ((0.4, 0.7), (0.5, 0.4), (0.6, 0.5), (0.3, 0.9)):
        strict = dataclasses.replace(loose, confidence=confidence, iou=iou)
        fresh = detector.detect(frame, strict).detections
        again = reconsider(kept, (300, 400), confidence=confidence, iou=iou)
        assert np.array_equal(fresh.boxes, again.boxes)
        moved += len(fresh)
    assert moved > 0


def test_the_model_says_what_it_is(make: Callable[[str, Task], Path]) -> None:
    """Task, names, input size and heads without suppression come from the file."""
    for generation in GENERATIONS:
        detector = open_detector(RunConfig(weights=make(generation, "pose")))
        assert isinstance(detector, YoloDetector)
        info = detector.info
        assert info.task == "pose"
        assert info.names == tuple(f"class {index}" for index in range(7))
        assert info.input_size == INPUT_SIZE
        assert info.keypoint_shape == (17, 3)
        assert not info.end_to_end
        detector.close()
