"""Track numbers: one object, one number, as ultralytics would give it."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from engine import device
from engine.config import RunConfig
from engine.errors import SettingError
from engine.inference.tracking import Tracker, carried_ids
from engine.types import Candidates, Detections, Frame, Result, Task
from tests.helpers.walks import IOU, SIZE, Mover, backdrop, walk

CONFIG = RunConfig(iou=IOU)

# The first two cross; the third is weak for a while, the fourth is not found in five frames.
MOVERS = (
    Mover((40, 60), (5, 1), score=0.9),
    Mover((280, 104), (-5, -0.5), score=0.85),
    Mover((60, 180), (3, 0), class_id=1, score=0.75, scores=dict.fromkeys(range(12, 15), 0.15)),
    Mover((260, 200), (-2, 0), class_id=2, score=0.7, scores=dict.fromkeys(range(20, 25), 0.0)),
)
FRAMES = 45


def numbers_of(
    kind: str, movers: Sequence[Mover], frames: int = FRAMES, task: Task = "detect"
) -> list[list[int]]:
    """Return the numbers that each mover got, frame by frame, as far as it was reported."""
    tracker = Tracker(kind)
    given: list[list[int]] = [[] for _ in movers]
    for frame in range(frames):
        result, owners = walk(movers, frame, task=task)
        ids = tracker.update(result, CONFIG)
        assert ids.dtype == np.int32
        assert ids.shape == (len(result.detections),)
        for owner, number in zip(owners, ids.tolist(), strict=True):
            given[owner].append(number)
    return given


@pytest.mark.parametrize("kind", ["bytetrack", "botsort"])
@pytest.mark.parametrize("task", ["detect", "obb", "pose"])
def test_objects_keep_their_numbers_through_what_hides_them(kind: str, task: Task) -> None:
    given = numbers_of(kind, MOVERS, task=task)
    assert [len(each) for each in given] == [FRAMES, FRAMES, FRAMES - 3, FRAMES - 5]
    assert [set(each) for each in given] == [{1}, {2}, {3}, {4}]


def test_a_weak_box_keeps_a_track_alive_for_longer_than_a_lost_one_is_looked_for() -> None:
    weak = dict.fromkeys(range(5, 45), 0.15)
    lost = dict.fromkeys(range(5, 45), 0.0)
    steps = 60
    seen, missing = (
        numbers_of("bytetrack", [Mover((40, 60), (0.5, 0), scores=scores)], steps)[0]
        for scores in (weak, lost)
    )
    assert seen == [1] * 20
    # It is new again, and reported from its second frame on.
    assert missing == [1] * 5 + [0] + [2] * 14


def test_at_a_known_rate_a_lost_object_is_looked_for_for_a_second() -> None:
    mover = Mover((40, 60), (0.5, 0), scores=dict.fromkeys(range(5, 20), 0.0))
    for rate_hz, expected in ((25.0, 1), (10.0, 2)):
        tracker = Tracker("bytetrack", rate_hz)
        for frame in range(25):
            result, _ = walk([mover], frame)
            ids = tracker.update(result, CONFIG)
        assert ids.tolist() == [expected]


def test_numbers_are_consecutive_in_the_order_of_the_first_report() -> None:
    movers = [
        Mover((40, 30 + 40 * i), (3, 0), begins=3 * (4 - i), score=0.8 - 0.01 * i)
        for i in range(5)
    ]
    given = numbers_of("bytetrack", movers, 30)
    # Each but those of the first frame is reported from its second frame on.
    assert [each[:3] for each in given] == [[0, 5, 5], [0, 4, 4], [0, 3, 3], [0, 2, 2], [1, 1, 1]]


def test_what_is_below_the_confidence_of_the_run_is_not_reported() -> None:
    mover = Mover((40, 60), (3, 0), score=0.6)
    tracker = Tracker("bytetrack")
    for frame in range(5):
        result, _ = walk([mover], frame, confidence=0.7)
        config = dataclasses.replace(CONFIG, confidence=0.7)
        assert tracker.update(result, config).shape == (0,)
    result, _ = walk([dataclasses.replace(mover, score=0.8)], 5, confidence=0.7)
    # It was followed all along, and is the first to be reported.
    assert tracker.update(result, config).tolist() == [1]


def test_boxes_of_classes_that_were_not_asked_for_take_no_track_over() -> None:
    wanted = Mover((40, 60), (4, 0), scores=dict.fromkeys(range(10, 60), 0.0))
    other = dataclasses.replace(wanted, class_id=1, score=0.2, scores={}, begins=10)
    back = dataclasses.replace(wanted, begins=45, scores={})
    config = dataclasses.replace(CONFIG, classes=("0",))
    tracker = Tracker("bytetrack")
    ids: list[int] = []
    for frame in range(50):
        result, _ = walk([wanted, other, back], frame)
        ids += tracker.update(result, config).tolist()
    # A track that the other class had kept alive would still be number 1.
    assert ids[:10] == [1] * 10
    assert set(ids[10:]) == {0, 2}


def test_the_same_tracks_as_ultralytics() -> None:
    device.prepare()
    from ultralytics.engine.results import Boxes
    from ultralytics.trackers import BYTETracker
    from ultralytics.utils import YAML, IterableSimpleNamespace
    from ultralytics.utils.checks import check_yaml

    theirs = BYTETracker(IterableSimpleNamespace(**YAML.load(check_yaml("bytetrack.yaml"))))
    ours = Tracker("bytetrack")
    rng = np.random.default_rng(5)
    movers = [
        Mover(
            (float(rng.uniform(20, 300)), float(rng.uniform(20, 220))),
            (float(rng.uniform(-4, 4)), float(rng.uniform(-4, 4))),
            scores=dict(enumerate(rng.uniform(0.05, 0.95, 60).tolist())),
            class_id=int(rng.integers(0, 3)),
        )
        for _ in range(25)
    ]
    pairs: set[tuple[int, int]] = set()
    reported = 0
    for frame in range(60):
        result, _ = walk(movers, frame)
        ids = ours.update(result, CONFIG)
        everything, _ = walk(movers, frame, confidence=0.1)
        seen = everything.detections
        columns = (seen.boxes, seen.scores[:, None], seen.classes[:, None])
        table = np.concatenate(columns, axis=1).astype(np.float32)
        rows = theirs.update(Boxes(table, SIZE))
        expected = {int(row[7]): int(row[4]) for row in rows}
        for place in range(len(result.detections)):
            raw = expected.get(place, 0)
            assert (raw == 0) == (ids[place] == 0)
            reported += raw > 0
            pairs.add((raw, int(ids[place])))
    assert reported > 500
    assert len({raw for raw, _ in pairs}) == len({own for _, own in pairs}) == len(pairs)


def test_boxes_that_are_no_numbers_have_no_track_and_harm_none() -> None:
    tracker = Tracker("bytetrack")
    for frame in range(4):
        result, _ = walk(MOVERS[:2], frame)
        found = result.detections
        no_numbers = [[np.nan, 0, 9, 9], [0, 0, np.inf, 9]]
        broken = Detections(
            np.concatenate((found.boxes, no_numbers)).astype(np.float32),
            np.concatenate((found.scores, [0.5, 0.5])).astype(np.float32),
            np.concatenate((found.classes, [0, 0])).astype(np.int32),
        )
        ids = tracker.update(dataclasses.replace(result, detections=broken), CONFIG)
        assert ids.tolist() == [1, 2, 0, 0]


def test_what_is_kept_does_not_grow_with_the_number_of_tracks() -> None:
    """Objects that are each there for three frames, at places that none was at for long."""
    tracker = Tracker("bytetrack")
    inner: Any = tracker._tracker
    picture = backdrop()
    for frame in range(3090):
        place = frame // 3 % 70
        x, y = 30.0 * (place % 10), 30.0 * (place // 10)
        found = Detections(
            np.array([[x, y, x + 14, y + 14]], np.float32),
            np.array([0.9], np.float32),
            np.zeros(1, np.int32),
        )
        tracker.update(Result(Frame(picture, frame, None, "a"), found), CONFIG)
        assert len(tracker._numbers) <= 40
        assert len(inner.tracked_stracks) + len(inner.lost_stracks) <= 40
    assert tracker.following == 1031
    assert len(inner.removed_stracks) == 1000


def test_pictures_as_a_whole_are_not_tracked() -> None:
    frame = Frame(np.zeros((*SIZE, 3), np.uint8), 0, 0.0, "a.mp4")
    result = Result(frame, Detections.empty(), probabilities=np.array([1.0], np.float32))
    with pytest.raises(SettingError, match="classifies whole pictures"):
        Tracker("bytetrack").update(result, CONFIG)


def test_an_unknown_tracker_and_a_missing_package_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(SettingError, match="deepsort"):
        Tracker("deepsort")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SettingError, match="package lap"):
        Tracker("bytetrack")


def test_a_moving_camera_is_made_up_for_by_botsort_only() -> None:
    picture = np.tile(backdrop(), (1, 3, 1))
    rng = np.random.default_rng(1)
    picture[::1, ::1] = np.clip(picture + rng.integers(-30, 30, picture.shape), 0, 255)
    kept = {}
    for kind in ("bytetrack", "botsort"):
        tracker = Tracker(kind)
        numbers = []
        for frame in range(8):
            # It stands still for two frames, then the camera jumps by its width at every frame.
            shift = 24 * max(0, frame - 2)
            image = np.ascontiguousarray(picture[:, shift : shift + SIZE[1]])
            x = 250.0 - shift
            found = Detections(
                np.array([[x, 100, x + 20, 130]], np.float32),
                np.array([0.9], np.float32),
                np.zeros(1, np.int32),
            )
            result = Result(Frame(image, frame, None, "a"), found)
            numbers += tracker.update(result, CONFIG).tolist()
        kept[kind] = set(numbers) == {1}
    assert kept == {"bytetrack": False, "botsort": True}


@pytest.mark.parametrize("kind", ["bytetrack", "botsort"])
def test_after_a_replay_tracks_go_on_with_their_numbers(kind: str) -> None:
    whole = Tracker(kind)
    expected = []
    for frame in range(FRAMES):
        result, _ = walk(MOVERS, frame)
        expected.append(whole.update(result, CONFIG) + 10 * (whole.following > 0))
    resumed = Tracker(kind)
    for frame in range(10, 30):
        result, _ = walk(MOVERS, frame)
        resumed.replay(result, CONFIG, expected[frame].astype(np.int32))
    assert resumed.following == 15
    for frame in range(30, FRAMES):
        result, _ = walk(MOVERS, frame)
        assert np.array_equal(resumed.update(result, CONFIG), expected[frame])


def test_a_number_is_never_given_twice_in_a_frame_after_a_replay() -> None:
    tracker = Tracker("bytetrack")
    result, _ = walk(MOVERS[:2], 0)
    tracker.replay(result, CONFIG, np.array([5, 0], np.int32))
    # The stored numbers are those of other objects than the tracker would say.
    result, _ = walk(MOVERS[:2], 1)
    tracker.replay(result, CONFIG, np.array([0, 5], np.int32))
    result, _ = walk(MOVERS[:2], 2)
    assert tracker.update(result, CONFIG).tolist() == [6, 5]


def test_without_candidates_what_was_found_is_followed() -> None:
    tracker = Tracker("bytetrack")
    for frame in range(10):
        result, _ = walk(MOVERS, frame)
        ids = tracker.update(dataclasses.replace(result, candidates=None), CONFIG)
        assert sorted(ids.tolist()) == [1, 2, 3, 4]


def test_numbers_are_carried_to_the_same_objects_at_other_thresholds() -> None:
    own = Detections(
        np.array([[-0.0, 0, 9, 9], [1, 1, 5, 5], [1, 1, 5, 5]], np.float32),
        np.array([0.9, 0.5, 0.4], np.float32),
        np.array([0, 1, 1], np.int32),
        ids=np.array([4, 0, 7], np.int32),
    )
    found = Detections(
        np.array([[1, 1, 5, 5], [0.0, 0, 9, 9], [1, 1, 5, 5], [1, 1, 5, 5]], np.float32),
        np.array([0.4, 0.9, 0.4, 0.5], np.float32),
        np.array([1, 0, 2, 1], np.int32),
    )
    carried = carried_ids(found, own)
    assert carried is not None
    assert carried.tolist() == [7, 4, 0, 0]
    assert carried_ids(found, dataclasses.replace(own, ids=None)) is None


def test_suppressed_boxes_stay_with_the_better_ones() -> None:
    """A duplicate below the confidence, left in, would take the number of a neighbour."""
    tracker = Tracker("bytetrack")
    boxes = np.array([[50, 50, 90, 90], [52, 50, 92, 90]], np.float32)
    scores = np.array([0.9, 0.2], np.float32)
    candidates = Candidates(boxes, scores, np.zeros(2, np.int32))
    result, _ = walk((), 0)
    found = Detections(boxes[:1], scores[:1], np.zeros(1, np.int32))
    full = dataclasses.replace(result, detections=found, candidates=candidates)
    tracker.update(full, CONFIG)
    assert len(tracker._weak(full, CONFIG)) == 0
    loose = dataclasses.replace(CONFIG, iou=0.95)
    assert len(tracker._weak(full, loose)) == 1
    apart = dataclasses.replace(candidates, classes=np.array([0, 1], np.int32))
    assert len(tracker._weak(dataclasses.replace(full, candidates=apart), CONFIG)) == 1
