"""Lines and zones: their texts, and counts against a truth that is worked out another way."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.counting import (
    FORGET_FRAMES,
    Counter,
    Counting,
    CountLine,
    CountZone,
    counter_text,
    parse_counter,
    parse_counters,
)
from engine.errors import SettingError
from engine.geometry import Point
from engine.types import Counted, CounterTotals, Crossing, Detections, Int32

GATE = CountLine("Gate", (0, 100), (200, 100))
BENCH = CountZone("Bench", ((100, 100), (200, 100), (200, 200), (100, 200)))


def frame(
    *objects: tuple[int, float, float], size: float = 20, classes: Sequence[int] = ()
) -> tuple[Detections, Int32]:
    """Return objects of a number and a centre."""
    centres = np.array([each[1:] for each in objects], np.float32).reshape(-1, 2)
    found = Detections(
        np.concatenate((centres - size / 2, centres + size / 2), axis=1),
        np.full(len(objects), 0.9, np.float32),
        np.array(classes or [0] * len(objects), np.int32),
    )
    return found, np.array([each[0] for each in objects], np.int32)


def walked(counting: Counting, *centres: Point, number: int = 1, size: float = 20) -> list[Counted]:
    return [counting.update(*frame((number, *centre), size=size)) for centre in centres]


def ways(steps: Sequence[Counted]) -> list[str]:
    """Return what happened in each step: i for inward, o for outward."""
    return ["".join("oi"[each.inward] for each in step.crossings) for step in steps]


@pytest.mark.parametrize(
    "counter",
    [
        GATE,
        BENCH,
        CountLine("a=b:c, d", (0.1, -5.25), (1e-7, 12345.678)),
        CountZone("门", ((0, 0), (10, 10), (10, 0), (0, 10))),
    ],
)
def test_texts_give_the_counter_back(counter: Counter) -> None:
    assert parse_counter(counter_text(counter)) == counter


def test_texts_are_short_and_forgiving() -> None:
    assert counter_text(GATE) == "line:Gate=0,100,200,100"
    assert parse_counter(" LINE : Gate = 0, 100,200 ,1e2") == GATE
    assert parse_counters([]) == ()
    assert parse_counters([counter_text(GATE), counter_text(BENCH)]) == (GATE, BENCH)


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (["Gate=1,2,3,4"], "neither a line nor a zone"),
        (["circle:Gate=1,2,3,4"], "neither a line nor a zone"),
        (["line:Gate"], "neither a line nor a zone"),
        (["line:Gate="], "neither a line nor a zone"),
        (["line: =1,2,3,4"], "has no name"),
        (["line:Gate=1,2,3"], "wrong number of coordinates"),
        (["line:Gate=1,2,3,4,5,6"], "wrong number of coordinates"),
        (["zone:Bench=1,2,3,4,5"], "wrong number of coordinates"),
        (["line:Gate=1,2,1,2.0"], "Gate has no length"),
        (["zone:Bench=1,2,3,4"], "fewer than three corners"),
        (["zone:Bench=0,0,5,5,9,9,3,3"], "lie on one line"),
        (["line:Gate=1,2,x,4"], "x in line:Gate=1,2,x,4 is not a number"),
        (["line:Gate=1,2,nan,4"], "not a number"),
        (["line:Gate=1,2,inf,4"], "not a number"),
        (["line:Gate=1,,3,4"], "not a number"),
        (["line:Gate=1,2,3,4", "zone:Gate=1,2,3,4,9,0"], "Two lines or zones are named Gate"),
    ],
)
def test_nonsense_is_refused_with_a_sentence_and_a_hint(texts: list[str], sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence) as caught:
        parse_counters(texts)
    assert caught.value.hint


def test_a_line_counts_from_its_left_to_its_right_as_in() -> None:
    counting = Counting([GATE])
    steps = walked(counting, (50, 80), (50, 95), (50, 105), (50, 130), (50, 90))
    assert ways(steps) == ["", "", "i", "", "o"]
    assert steps[2].crossings == (Crossing(0, 1, 0, True),)
    assert [step.totals[0] for step in steps][-1] == CounterTotals(1, 1, None)
    back = Counting([CountLine("Back", GATE.end, GATE.start)])
    assert ways(walked(back, (50, 80), (50, 130))) == ["", "o"]


def test_a_line_ends_where_it_ends() -> None:
    for x, expected in ((-0.01, ""), (0, "i"), (200, "i"), (200.01, "")):
        assert ways(walked(Counting([GATE]), (x, 80), (x, 120)))[1] == expected


def test_going_round_the_end_and_back_through_the_line_counts_once() -> None:
    steps = walked(Counting([GATE]), (150, 80), (250, 80), (250, 120), (150, 120), (150, 80))
    assert ways(steps) == ["", "", "", "", "o"]


def test_touching_a_line_is_not_crossing_it() -> None:
    assert ways(walked(Counting([GATE]), (50, 80), (50, 100), (50, 80))) == ["", "", ""]
    assert ways(walked(Counting([GATE]), (50, 80), (50, 100), (60, 100), (60, 120))) == [
        "", "", "", "i",
    ]
    # Who is first seen on the line has not come from anywhere.
    assert ways(walked(Counting([GATE]), (50, 100), (50, 120), (50, 80))) == ["", "", "o"]


def test_trembling_on_a_line_counts_once() -> None:
    counting = Counting([GATE])
    shaky = [(50.0, 100 + 0.4 * (-1) ** step) for step in range(11)]
    steps = walked(counting, (50, 80), *shaky, (50, 120))
    assert "".join(ways(steps)) == "i"
    assert steps[-1].totals[0] == CounterTotals(1, 0, None)
    # Where it goes back after all, that counts too, and the sums are right again.
    counting = Counting([GATE])
    steps = walked(counting, (50, 80), *shaky, (50, 80))
    assert "".join(ways(steps)) == "io"


def test_a_small_object_is_clear_of_a_line_sooner_than_a_large_one() -> None:
    path = [(50.0, y) for y in (80.0, 102.0, 98.0, 102.0)]
    assert "".join(ways(walked(Counting([GATE]), *path, size=20))) == "ioi"
    assert "".join(ways(walked(Counting([GATE]), *path, size=60))) == "i"


def test_what_was_missing_for_a_while_has_crossed_all_the_same() -> None:
    counting = Counting([GATE])
    walked(counting, (50, 80))
    for _ in range(FORGET_FRAMES):
        counting.update(*frame())
    assert ways(walked(counting, (50, 120))) == ["i"]
    for _ in range(FORGET_FRAMES + 1):
        counting.update(*frame())
    (step,) = walked(counting, (50, 80))
    assert step.crossings == ()
    assert step.unique == {0: 1}


def test_a_zone_counts_what_enters_leaves_and_is_inside() -> None:
    steps = walked(Counting([BENCH]), (50, 150), (100, 150), (150, 150), (250, 150))
    assert ways(steps) == ["", "i", "", "o"]
    assert [step.totals[0] for step in steps] == [
        CounterTotals(0, 0, 0), CounterTotals(1, 0, 1), CounterTotals(1, 0, 1),
        CounterTotals(1, 1, 0),
    ]


def test_who_is_first_seen_inside_has_not_entered_and_who_vanishes_has_not_left() -> None:
    counting = Counting([BENCH])
    (step,) = walked(counting, (150, 150))
    assert step.totals[0] == CounterTotals(0, 0, 1)
    for missing in range(1, FORGET_FRAMES + 2):
        totals = counting.update(*frame()).totals[0]
        assert totals == CounterTotals(0, 0, int(missing <= FORGET_FRAMES))


def test_trembling_on_the_border_of_a_zone_counts_once() -> None:
    shaky = [(100 + 0.4 * (-1) ** step, 150.0) for step in range(10)]
    steps = walked(Counting([BENCH]), (50, 150), *shaky, (150, 150))
    assert "".join(ways(steps)) == "i"
    assert steps[-1].totals[0] == CounterTotals(1, 0, 1)


def test_unique_objects_count_once_under_their_first_class() -> None:
    counting = Counting([])
    counting.update(*frame((1, 5, 5), (0, 50, 50), classes=[2, 1]))
    counting.update(*frame((2, 90, 9), (1, 6, 5), classes=[0, 1]))
    counted = counting.update(*frame((4, 9, 9), (1, 6, 5), (3, 5, 50), classes=[2, 1, 2]))
    assert counted.unique == {2: 3, 0: 1}
    assert counted.totals == ()


def test_a_crossing_is_of_the_class_that_was_first_seen() -> None:
    counting = Counting([GATE])
    counting.update(*frame((1, 50, 80), classes=[2]))
    (crossing,) = counting.update(*frame((1, 50, 120), classes=[0])).crossings
    assert crossing.class_id == 2


def test_counts_of_the_past_are_restored_and_tracks_stay_on_their_sides() -> None:
    counting = Counting([GATE, BENCH])
    past = [frame((7, 150, 80)), frame((7, 150, 95), (8, 20, 150))]
    for each in past:
        counting.recall(*each)
    counting.restore([CounterTotals(4, 2), CounterTotals(9, 8)], {0: 8}, 9)
    counted = counting.update(*frame((7, 150, 105), (8, 21, 150), (9, 5, 5)))
    assert counted.totals == (CounterTotals(5, 2), CounterTotals(10, 8, 1))
    assert counted.unique == {0: 9}
    with pytest.raises(ValueError, match="1 totals for 2 counters"):
        counting.restore([CounterTotals()], {}, 1)


# Walks on a grid on which centres and boxes are exact in single precision, so truly straight.
GRID = st.integers(-400, 800).map(lambda number: number / 8)
PACE = st.integers(-80, 80).map(lambda number: number / 8)
SPOT = st.tuples(GRID, GRID)
STEP = st.tuples(PACE, PACE)


def straight(start: Point, step: Point, count: int) -> list[Point]:
    return [(start[0] + i * step[0], start[1] + i * step[1]) for i in range(count + 1)]


def crossed(line: CountLine, before: Point, now: Point) -> int:
    """Solve for where two pieces of lines meet: 1 inward, -1 outward, 0 where they do not."""
    (ax, ay), (bx, by) = ((Fraction(x), Fraction(y)) for x, y in (line.start, line.end))
    (px, py), (qx, qy) = ((Fraction(x), Fraction(y)) for x, y in (before, now))
    normal = ay - by, bx - ax
    speed = (qx - px) * normal[0] + (qy - py) * normal[1]
    if speed == 0:
        return 0
    when = ((ax - px) * normal[0] + (ay - py) * normal[1]) / speed
    x, y = px + when * (qx - px), py + when * (qy - py)
    along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)
    if not (0 <= along <= 1 and 0 < when < 1):
        return 0
    return 1 if speed > 0 else -1


@settings(max_examples=300)
@given(SPOT, SPOT, SPOT, STEP, st.integers(1, 40))
def test_lines_count_straight_walks_exactly(
    start: Point, end: Point, first: Point, step: Point, count: int
) -> None:
    if start == end:
        return
    line = CountLine("Line", start, end)
    path = straight(first, step, count)
    result = walked(Counting([line]), *path, size=1)[-1].totals[0]
    truth = crossed(line, path[0], path[-1])
    assert (result.entered, result.left) == (truth == 1, truth == -1)


def test_lines_count_walks_of_many_pieces_exactly() -> None:
    rng = np.random.default_rng(8)
    both: set[int] = set()
    for _ in range(30):
        ends = (rng.integers(0, 1600, (2, 2)) / 8).tolist()
        line = CountLine("Line", (ends[0][0], ends[0][1]), (ends[1][0], ends[1][1]))
        path = [(float(x), float(y)) for x, y in rng.integers(0, 1600, (60, 2)) / 8]
        # Objects without extent are clear of a line as soon as they are off it.
        result = walked(Counting([line]), *path, size=0)[-1].totals[0]
        moves = [crossed(line, *pair) for pair in zip(path, path[1:], strict=False)]
        assert (result.entered, result.left) == (moves.count(1), moves.count(-1))
        both |= {result.entered, result.left}
    assert max(both) > 3


def inside(triangle: Sequence[Point], point: Point) -> bool:
    """Tell by three half planes whether a point is in a triangle or on its border."""
    turns = []
    for (ax, ay), (bx, by) in zip(triangle, (*triangle[1:], triangle[0]), strict=True):
        first = Fraction(bx - ax) * Fraction(point[1] - ay)
        turns.append(first - Fraction(by - ay) * Fraction(point[0] - ax))
    return all(turn >= 0 for turn in turns) or all(turn <= 0 for turn in turns)


@settings(max_examples=150)
@given(st.tuples(SPOT, SPOT, SPOT), SPOT, STEP, st.integers(1, 30))
def test_zones_count_straight_walks_exactly(
    triangle: tuple[Point, Point, Point], first: Point, step: Point, count: int
) -> None:
    (ax, ay), (bx, by), (cx, cy) = triangle
    if (bx - ax) * (cy - ay) == (by - ay) * (cx - ax):
        return
    # At the end it is clear of the zone.
    path = [*straight(first, step, count), (1000.0, 1000.0)]
    truth = [inside(triangle, each) for each in path]
    steps_taken = walked(Counting([CountZone("Zone", triangle)]), *path, size=1)
    assert [step.totals[0].inside for step in steps_taken] == [int(each) for each in truth]
    pairs = list(zip(truth, truth[1:], strict=False))
    totals = steps_taken[-1].totals[0]
    assert totals.entered == pairs.count((False, True))
    assert totals.left == pairs.count((True, False))


def test_many_objects_are_counted_as_each_alone() -> None:
    rng = np.random.default_rng(2)
    counters: list[Counter] = [GATE, BENCH, CountLine("Slope", (0, 0), (300, 280))]
    starts, paces = rng.integers(0, 300, (40, 2)).tolist(), rng.integers(-10, 11, (40, 2)).tolist()
    paths = [
        straight((x, y), (across, down), 20)
        for (x, y), (across, down) in zip(starts, paces, strict=True)
    ]
    together = Counting(counters)
    alone = [Counting(counters) for _ in paths]
    for step in range(21):
        places = [path[step] for path in paths]
        counted = together.update(*frame(*((i + 1, *place) for i, place in enumerate(places))))
        single = [one.update(*frame((1, *at))) for one, at in zip(alone, places, strict=True)]
    sums = [
        tuple(sum(getattr(each.totals[i], way) for each in single) for way in ("entered", "left"))
        for i in range(3)
    ]
    assert [(each.entered, each.left) for each in counted.totals] == sums
    assert min(min(each) for each in sums) > 0
    assert counted.totals[1].inside == sum(each.totals[1].inside or 0 for each in single)
    assert counted.unique == {0: 40}


def test_memory_is_that_of_the_tracks_of_half_a_minute() -> None:
    counting = Counting([GATE, BENCH])
    for number in range(1, 3001):
        counted = counting.update(*frame((number, 150, 95), (number - 1, 150, 105)))
        assert len(counting._tracks) <= FORGET_FRAMES + 2
    assert counted.unique == {0: 3000}
    assert counted.totals[0] == CounterTotals(2999, 0, None)
    assert counted.totals[1].inside is not None
    assert counted.totals[1].inside <= FORGET_FRAMES + 1
