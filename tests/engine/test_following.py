"""A run's results with track numbers and counts, source by source, and after a crash."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from engine.config import RunConfig
from engine.counting import FORGET_FRAMES
from engine.errors import SettingError
from engine.following import Follower
from engine.types import Counted, CounterTotals, Detections, Frame, Result
from tests.helpers.walks import IOU, Mover, backdrop, walk

# Both cross the line, one to its right and one to its left, and the first enters the zone.
CONFIG = RunConfig(
    iou=IOU,
    track="bytetrack",
    counters=("line:Gate=160,240,160,0", "zone:Yard=200,0,320,0,320,240,200,240"),
)
MOVERS = (
    Mover((40, 60), (5, 1), score=0.9),
    Mover((280, 170), (-5, -0.5), class_id=1, score=0.85),
)
FRAMES = 45


def followed(
    follower: Follower, frames: Sequence[int], origin: str = "walk.mp4"
) -> list[Result]:
    return [follower.follow(walk(MOVERS, frame, origin=origin)[0]) for frame in frames]


def counts(result: Result) -> Counted:
    assert result.counted is not None
    return result.counted


def test_a_result_gets_numbers_and_counts_and_keeps_the_rest() -> None:
    follower = Follower(CONFIG)
    results = followed(follower, range(FRAMES))
    plain, _ = walk(MOVERS, 3)
    assert results[3].candidates is not None
    assert np.array_equal(results[3].detections.boxes, plain.detections.boxes)
    ids = results[3].detections.ids
    assert ids is not None
    assert ids.tolist() == [1, 2]
    last = counts(results[-1])
    # The line leads upward, so its right is the right of the picture.
    assert last.totals == (CounterTotals(1, 1), CounterTotals(1, 1, 1))
    assert last.unique == {0: 1, 1: 1}
    happened = [
        (index, each.counter, each.track, each.class_id, each.inward)
        for index, result in enumerate(results)
        for each in counts(result).crossings
    ]
    assert happened == [
        (17, 1, 2, 1, False),
        (25, 0, 1, 0, True),
        (25, 0, 2, 1, False),
        (32, 1, 1, 0, True),
    ]


def test_numbers_and_counts_begin_anew_with_every_source() -> None:
    follower = Follower(CONFIG)
    for origin in ("a.mp4", "b.mp4"):
        results = followed(follower, range(30), origin)
        ids = results[0].detections.ids
        assert ids is not None
        assert ids.tolist() == [1, 2]
        assert counts(results[0]).totals == (CounterTotals(0, 0), CounterTotals(0, 0, 1))
        assert counts(results[-1]).totals[0] == CounterTotals(1, 1)
        assert counts(results[-1]).unique == {0: 1, 1: 1}


def test_without_tracking_results_stay_as_they_are() -> None:
    follower = Follower(RunConfig())
    result, _ = walk(MOVERS, 0)
    assert follower.follow(result) is result
    follower.replay(result, np.array([1, 2], np.int32))
    follower.restore((), {}, 1)
    assert follower.follow(result) is result


def test_lines_without_tracking_and_broken_lines_are_refused() -> None:
    with pytest.raises(SettingError, match="tracked objects only"):
        Follower(dataclasses.replace(CONFIG, track="off"))
    with pytest.raises(SettingError, match="neither a line nor a zone"):
        Follower(dataclasses.replace(CONFIG, counters=("Gate",)))


def test_pictures_as_a_whole_are_refused() -> None:
    frame = Frame(backdrop(), 0, 0.0, "a.mp4")
    sure = np.array([0.2, 0.8], np.float32)
    with pytest.raises(SettingError, match="classifies"):
        Follower(CONFIG).follow(Result(frame, Detections.empty(), probabilities=sure))


@pytest.mark.parametrize("cut", [10, 25, 26, 33, 44])
@pytest.mark.parametrize("restored_first", [False, True])
def test_a_run_that_was_cut_short_goes_on_as_if_it_was_not(cut: int, restored_first: bool) -> None:
    whole = Follower(CONFIG)
    expected = followed(whole, range(FRAMES))
    resumed = Follower(CONFIG)
    last = counts(expected[cut - 1])

    def restore() -> None:
        totals = tuple(dataclasses.replace(each, inside=None) for each in last.totals)
        resumed.restore(totals, last.unique, 3)

    if restored_first:
        restore()
    for frame in range(max(0, cut - FORGET_FRAMES), cut):
        ids = expected[frame].detections.ids
        assert ids is not None
        resumed.replay(walk(MOVERS, frame)[0], ids)
    if not restored_first:
        restore()
    rest = followed(resumed, range(cut, FRAMES))
    for result, again in zip(expected[cut:], rest, strict=True):
        assert again.counted == result.counted
        assert again.detections.ids is not None
        assert result.detections.ids is not None
        assert again.detections.ids.tolist() == result.detections.ids.tolist()
    # The next new object gets the number that it would have got.
    fresh = [Mover((60 + 3 * frame, 120), (0, 0), score=0.7) for frame in (0, 1)]
    for index, mover in enumerate(fresh):
        result = resumed.follow(walk([mover], FRAMES + index)[0])
    assert result.detections.ids is not None
    assert result.detections.ids.tolist() == [3]


@pytest.mark.slow
def test_memory_stays_bounded_over_twenty_thousand_frames() -> None:
    follower = Follower(CONFIG)
    picture = backdrop()
    for frame in range(20_000):
        # Two streams of objects that pass the line, a new one every twelve frames.
        boxes = []
        for lane, y in enumerate((60.0, 160.0)):
            for lag in range(3):
                step = frame % 12 + 12 * lag
                x = 40 + 6.5 * step if lane == 0 else 280 - 6.5 * step
                boxes.append((x - 15, y - 15, x + 15, y + 15))
        found = Detections(
            np.array(boxes, np.float32), np.full(6, 0.9, np.float32), np.zeros(6, np.int32)
        )
        counted = counts(follower.follow(Result(Frame(picture, frame, None, "a"), found)))
        tracker: Any = follower._tracker
        assert len(follower._counting._tracks) < 60
        assert len(tracker._numbers) < 60
        assert len(tracker._tracker.removed_stracks) <= 1000
    assert counted.unique[0] == pytest.approx(2 * 20_000 / 12, rel=0.05)
    assert counted.totals[0].entered == pytest.approx(20_000 / 12, rel=0.05)
    assert counted.totals[0].left == pytest.approx(20_000 / 12, rel=0.05)
