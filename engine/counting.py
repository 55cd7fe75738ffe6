"""Lines and zones that count tracked objects.

What is counted is the centre of an object's box, from frame to frame, exactly:

- A line counts a track whose centre moves through it, its ends included. Inward is from the line's
  left to its right, as a person sees it who stands at `start` and looks to `end`; an arrow from the
  line to its inner side points along (start.y - end.y, end.x - start.x). A centre on the line is
  still on the side where it was last: touching the line and going back counts nothing, passing a
  point on it counts once.
- A zone counts a track whose centre was outside and is inside, or the other way round; the border
  belongs to the zone. A track that is first seen inside is inside but has not entered.
- An object that trembles on a border counts once: after a count the next one waits until the
  centre has been clear of the border, by a twentieth of the shorter side of its box. What it has
  crossed by then on balance is counted then.
- A track that was not reported for more than `FORGET_FRAMES` frames is forgotten: it is no longer
  inside, but has not left. Should it come back, it is as if it was seen for the first time there,
  except that it stays one object.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engine.errors import SettingError
from engine.geometry import Point, contains, distance, side
from engine.i18n import N_
from engine.types import Counted, CounterTotals, Crossing, Detections, Int32

FORGET_FRAMES = 30
"""After so many frames without a report a track is forgotten."""

CLEAR = 0.05
"""A centre is clear of a border from this share of the shorter side of its box on."""

_FORM = N_("Write line:NAME=x1,y1,x2,y2 or zone:NAME=x1,y1,x2,y2,x3,y3 in pixels.")


@dataclass(frozen=True, slots=True)
class CountLine:
    """A line that counts what crosses it.

    Attributes:
        name: What it is called.
        start: x, y of its first end in pixels.
        end: x, y of its second end in pixels.
    """

    name: str
    start: Point
    end: Point

    @property
    def points(self) -> tuple[Point, ...]:
        """Both ends."""
        return self.start, self.end

    def step(self, before: Point, now: Point, former: int) -> tuple[int, int]:
        """Follow a centre for one step.

        Args:
            before: Where it was.
            now: Where it is.
            former: The side that it was on last: -1 left, 1 right, 0 neither so far.

        Returns:
            The side that it is on, and the count: 1 inward, -1 outward, 0 none.
        """
        here = side(self.start, self.end, now)
        if here in (0, former):
            return former, 0
        if former == 0:
            return here, 0
        through = side(before, now, self.start) * side(before, now, self.end) <= 0
        return here, here if through else 0

    def away(self, point: Point) -> float:
        """Return how far a point is from the line in pixels."""
        return distance(self.start, self.end, point)


@dataclass(frozen=True, slots=True)
class CountZone:
    """A polygon that counts what enters and leaves it.

    Attributes:
        name: What it is called.
        points: x, y of its corners in pixels, three or more; where it crosses itself, what is
            covered twice is outside.
    """

    name: str
    points: tuple[Point, ...]

    def step(self, before: Point, now: Point, former: int) -> tuple[int, int]:
        """Follow a centre for one step, as `CountLine.step`: -1 is outside, 1 inside."""
        here = 1 if contains(self.points, now) else -1
        return here, 0 if former == 0 or here == former else here

    def away(self, point: Point) -> float:
        """Return how far a point is from the border in pixels."""
        ends = (*self.points[1:], self.points[0])
        pairs = zip(self.points, ends, strict=True)
        return min(distance(start, end, point) for start, end in pairs)


Counter = CountLine | CountZone


def parse_counter(text: str) -> Counter:
    """Read a line or zone from a text such as `line:Gate=100,200,500,200`.

    Raises:
        SettingError: It is neither, has no name, too few or odd numbers, or covers nothing.
    """
    kind, _, rest = text.partition(":")
    name, equals, numbers = rest.rpartition("=")
    kind, name = kind.strip().casefold(), name.strip()
    if kind not in ("line", "zone") or not equals or not numbers.strip():
        raise SettingError(N_("{text} is neither a line nor a zone."), _FORM, text=text)
    if not name:
        raise SettingError(N_("{text} has no name."), _FORM, text=text)
    values = [_number(each, text) for each in numbers.split(",")]
    if len(values) % 2 or (kind == "line" and len(values) != 4):
        raise SettingError(N_("{text} has the wrong number of coordinates."), _FORM, text=text)
    points = tuple(zip(values[::2], values[1::2], strict=True))
    if kind == "line":
        if points[0] == points[1]:
            raise SettingError(
                N_("The line {name} has no length."), N_("Give it two different ends."), name=name
            )
        return CountLine(name, *points)
    if len(points) < 3:
        raise SettingError(
            N_("The zone {name} has fewer than three corners."), N_("Give it more."), name=name
        )
    if not any(side(points[0], end, point) for end in points for point in points):
        raise SettingError(
            N_("The corners of the zone {name} lie on one line."), N_("Move one."), name=name
        )
    return CountZone(name, points)


def parse_counters(texts: Sequence[str]) -> tuple[Counter, ...]:
    """Read lines and zones, each with a name of its own.

    Raises:
        SettingError: One cannot be read, or two have one name.
    """
    counters = tuple(parse_counter(text) for text in texts)
    names = [counter.name for counter in counters]
    for name in names:
        if names.count(name) > 1:
            raise SettingError(
                N_("Two lines or zones are named {name}."), N_("Rename one of them."), name=name
            )
    return counters


def counter_text(counter: Counter) -> str:
    """Return the text that `parse_counter` reads as this counter."""
    kind = "line" if isinstance(counter, CountLine) else "zone"
    numbers = [repr(float(value)).removesuffix(".0") for each in counter.points for value in each]
    return f"{kind}:{counter.name}={','.join(numbers)}"


def _number(text: str, whole: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        number = text.strip() or "''"
        raise SettingError(
            N_("{number} in {text} is not a number."), _FORM, number=number, text=whole
        )
    return value


@dataclass(slots=True)
class _Place:
    """Where a track is as one counter sees it.

    Attributes:
        side: As in `CountLine.step`.
        clear: Whether it has been clear of the border since the last count.
        owed: Counts since then, inward ones less outward ones.
    """

    side: int
    clear: bool = True
    owed: int = 0


@dataclass(slots=True)
class _Track:
    """What is known of a track.

    Attributes:
        class_id: The class it was first seen as.
        frame: The frame in which it was last reported.
        centre: Where it was then.
        places: Where that is, one for each counter.
    """

    class_id: int
    frame: int
    centre: Point
    places: list[_Place] = field(default_factory=list)


class Counting:
    """Counts the tracked objects of one source.

    Args:
        counters: The lines and zones.
    """

    def __init__(self, counters: Sequence[Counter]) -> None:
        """Start at nothing counted."""
        self._counters = tuple(counters)
        self._entered = [0] * len(self._counters)
        self._left = [0] * len(self._counters)
        self._inside = [0] * len(self._counters)
        self._unique: dict[int, int] = {}
        self._highest = 0
        self._frame = 0
        # The ones that were not reported for longest come first.
        self._tracks: dict[int, _Track] = {}

    def update(self, detections: Detections, ids: Int32) -> Counted:
        """Take the next frame.

        Args:
            detections: What was found in it.
            ids: [N] int32 track numbers, consecutive from 1 in the order in which tracks are first
                reported; 0 for objects without one.

        Returns:
            What happened with this frame, and the counts up to and with it.
        """
        crossings = []
        highest = self._highest
        for number, index, inward in self._moves(detections, ids):
            track = self._tracks[number]
            crossings.append(Crossing(index, number, track.class_id, inward))
            (self._entered if inward else self._left)[index] += 1
        for number in ids[ids > highest].tolist():
            class_id = self._tracks[number].class_id
            self._unique[class_id] = self._unique.get(class_id, 0) + 1
        return Counted(tuple(crossings), self._totals(), dict(self._unique))

    def recall(self, detections: Detections, ids: Int32) -> None:
        """Take a frame of the past that was counted before: tracks are where it leaves them."""
        for _ in self._moves(detections, ids):
            pass

    def restore(
        self, totals: Sequence[CounterTotals], unique: Mapping[int, int], following: int
    ) -> None:
        """Go on from these counts.

        Args:
            totals: One for each counter; how many are inside is known of the tracks themselves.
            unique: Tracks so far by class.
            following: The number that the next new track gets.
        """
        if len(totals) != len(self._counters):
            raise ValueError(f"{len(totals)} totals for {len(self._counters)} counters")
        self._entered = [each.entered for each in totals]
        self._left = [each.left for each in totals]
        self._unique = dict(unique)
        self._highest = max(self._highest, following - 1)

    def _totals(self) -> tuple[CounterTotals, ...]:
        return tuple(
            CounterTotals(entered, left, inside if isinstance(counter, CountZone) else None)
            for counter, entered, left, inside in zip(
                self._counters, self._entered, self._left, self._inside, strict=True
            )
        )

    def _moves(self, detections: Detections, ids: Int32) -> Iterator[tuple[int, int, bool]]:
        """Move the tracks to where they are and yield what they cross: track, counter, inward."""
        self._frame += 1
        boxes = detections.boxes.tolist()
        classes = detections.classes.tolist()
        for number, (x1, y1, x2, y2), class_id in zip(ids.tolist(), boxes, classes, strict=True):
            if number == 0:
                continue
            centre = (x1 + x2) / 2, (y1 + y2) / 2
            track = self._tracks.pop(number, None)
            if track is None:
                track = _Track(class_id, self._frame, centre)
                self._place(track)
            self._tracks[number] = track
            margin = CLEAR * min(x2 - x1, y2 - y1)
            for index, count in self._crossed(track, centre, margin):
                for _ in range(abs(count)):
                    yield number, index, count > 0
            track.centre, track.frame = centre, self._frame
            self._highest = max(self._highest, number)
        self._forget()

    def _place(self, track: _Track) -> None:
        """Put a new track where it is first seen."""
        for index, counter in enumerate(self._counters):
            here, _ = counter.step(track.centre, track.centre, 0)
            track.places.append(_Place(here))
            self._inside[index] += here > 0

    def _crossed(
        self, track: _Track, centre: Point, margin: float
    ) -> Iterator[tuple[int, int]]:
        """Yield the counters that count a track's step, with the counts that are due."""
        for index, (counter, place) in enumerate(zip(self._counters, track.places, strict=True)):
            former = place.side
            place.side, count = counter.step(track.centre, centre, former)
            self._inside[index] += (place.side > 0) - (former > 0)
            if count and not place.clear:
                place.owed += count
                count = 0
            elif count:
                place.clear = False
            if not place.clear and counter.away(centre) > margin:
                count += place.owed
                place.clear, place.owed = True, 0
            if count:
                yield index, count

    def _forget(self) -> None:
        while self._tracks:
            number, track = next(iter(self._tracks.items()))
            if self._frame - track.frame <= FORGET_FRAMES:
                return
            del self._tracks[number]
            for index, place in enumerate(track.places):
                self._inside[index] -= place.side > 0
