"""Track numbers for objects: ultralytics' ByteTrack or BoT-SORT, fed with what a run found.

The trackers follow an object through frames in which the network is unsure of it, so they are also
given the boxes below the run's confidence. Those get no number themselves: what a run does not
report has no track.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.config import RunConfig
from engine.errors import SettingError
from engine.i18n import N_
from engine.inference.candidates import choose, detections, take
from engine.inference.nms import gaussians, probabilistic_iou
from engine.inference.trackers import LOST_FRAMES, WEAKEST, make
from engine.types import Candidates, Detections, Float32, Int32, Result


class Tracker:
    """Follows the objects of one source from frame to frame.

    Numbers count from 1 in the order in which tracks are first reported. A new object is reported
    from the second frame on that it is seen in; in the first frame of all, at once.

    Args:
        kind: "bytetrack", or "botsort", which also makes up for a camera that moves.
        rate_hz: Frames a second, to look for a lost object for a second; None for 30 frames.

    Attributes:
        following: The number that the next new track gets.

    Raises:
        SettingError: There is no tracker of that kind, or a package that it needs is missing.
    """

    def __init__(self, kind: str, rate_hz: float | None = None) -> None:
        """Start without tracks."""
        self._moves = kind == "botsort"
        self._tracker = make(kind, LOST_FRAMES if rate_hz is None else max(1, round(rate_hz)))
        self._numbers: dict[int, int] = {}
        self._reported: set[int] = set()
        self.following = 1

    def update(self, result: Result, config: RunConfig) -> Int32:
        """Take the next frame.

        Args:
            result: What was found in it; of its candidates, those are used that survive
                suppression between `WEAKEST` and the run's confidence.
            config: The settings it was found with.

        Returns:
            [N] int32 track numbers of `result.detections`, 0 for objects without one.

        Raises:
            SettingError: The model classifies whole pictures.
        """
        raw = self._follow(result, config)
        ids = np.zeros(len(result.detections), np.int32)
        # In the order of the tracker's own numbers, which is that of the tracks' first frames.
        for track, place in sorted(raw.items()):
            number = self._numbers.get(track)
            if number is None:
                number = self._numbers[track] = self.following
                self.following += 1
            ids[place] = number
        return ids

    def replay(self, result: Result, config: RunConfig, ids: Int32) -> None:
        """Take a frame of the past whose track numbers are known, and go on with those.

        Args:
            result: As for `update`.
            config: As for `update`.
            ids: [N] int32 numbers of `result.detections`, 0 for objects without one.

        Raises:
            SettingError: The model classifies whole pictures.
        """
        for track, place in self._follow(result, config).items():
            number = int(ids[place])
            if number and self._numbers.get(track) != number:
                # One number never stands for two tracks.
                others = self._numbers.items()
                self._numbers = {raw: own for raw, own in others if own != number}
                self._numbers[track] = number
        self.following = max(self.following, int(ids.max(initial=0)) + 1)

    def _follow(self, result: Result, config: RunConfig) -> dict[int, int]:
        """Return the place of each detection that has a track, by the tracker's own number."""
        if result.probabilities is not None:
            raise nothing_to_track()
        found = result.detections
        self._reported.update(found.classes.tolist())
        boxes, places = _observed(found, self._weak(result, config))
        # It wants BGR for its grey picture; whichever way red and blue are weighed, what moves
        # moves.
        self._tracker.update(boxes, result.frame.image if self._moves else None)
        seen = self._tracker.tracked_stracks
        alive = {track.track_id for track in (*seen, *self._tracker.lost_stracks)}
        if not alive >= self._numbers.keys():
            self._numbers = {raw: own for raw, own in self._numbers.items() if raw in alive}
        # Its own table has numbers in single precision, which ends at 16 million.
        matched = {
            track.track_id: int(places[track.idx])
            for track in seen
            if track.is_activated and track.frame_id == self._tracker.frame_id
        }
        return {track: place for track, place in matched.items() if place < len(found)}

    def _weak(self, result: Result, config: RunConfig) -> Detections:
        """Return what the network proposed below the run's confidence."""
        known = result.candidates
        if known is None:
            return Detections.empty()
        between = (known.scores > WEAKEST) & (known.scores <= config.confidence)
        if config.classes:
            # Names cannot be looked up here. A class that the run never reported has no track.
            between &= np.isin(known.classes, np.fromiter(self._reported, np.int32))
        room = config.max_detections - len(result.detections)
        if room <= 0 or not between.any():
            return Detections.empty()
        weak = take(known, np.flatnonzero(between))
        size = result.frame.height, result.frame.width
        weak = take(weak, np.flatnonzero(~_covered(weak, result.detections, size, config.iou)))
        chosen = choose(weak, confidence=WEAKEST, iou=config.iou, most=room)
        return detections(weak, chosen, size)


def nothing_to_track() -> SettingError:
    """Say that a model gives tracking no objects."""
    return SettingError(
        N_("A model that classifies whole pictures finds no objects to track."),
        N_("Switch tracking off, or choose a model that detects."),
    )


def _covered(
    weak: Candidates, found: Detections, size: tuple[int, int], iou: float
) -> NDArray[np.bool_]:
    """Tell which candidates suppression drops for one of the detections, all of them better."""
    if weak.suppressed or not len(found):
        return np.zeros(len(weak), bool)
    alike = weak.classes[:, None] == found.classes
    if weak.angles is not None and found.angles is not None:
        first, second = gaussians(weak.boxes, weak.angles), gaussians(found.boxes, found.angles)
        return np.asarray((alike & (probabilistic_iou(first, second) > iou)).any(axis=1))
    # The detections are clipped to the picture, so the candidates are compared as clipped too.
    height, width = size
    clipped = np.clip(weak.boxes, 0, np.array((width, height, width, height), np.float32))
    x1, y1, x2, y2 = clipped.T[:, :, None]
    u1, v1, u2, v2 = found.boxes.T[:, None, :]
    across, down = np.minimum(x2, u2) - np.maximum(x1, u1), np.minimum(y2, v2) - np.maximum(y1, v1)
    common = np.maximum(across, 0) * np.maximum(down, 0)
    union = (x2 - x1) * (y2 - y1) + (u2 - u1) * (v2 - v1) - common
    return np.asarray((alike & (common > iou * union)).any(axis=1))


def carried_ids(found: Detections, own: Detections) -> Int32 | None:
    """Return the track numbers of objects that are a run's own: same box, class and confidence.

    Args:
        found: Objects of a frame at any thresholds.
        own: What the run itself reported in it.

    Returns:
        [N] int32 for `found`, 0 for objects that the run did not report; None without tracking.
    """
    if own.ids is None:
        return None
    numbers = dict(zip(_keys(own), own.ids.tolist(), strict=True))
    return np.array([numbers.pop(key, 0) for key in _keys(found)], np.int32)


def _keys(found: Detections) -> list[bytes]:
    values = (found.boxes, found.scores[:, None], found.classes[:, None])
    # Adding zero leaves one zero of two: SQLite gives a negative one back as positive.
    table = np.concatenate([each.astype(np.float64) for each in values], axis=1) + 0.0
    return [row.tobytes() for row in table]


@dataclass(frozen=True, slots=True)
class _Upright:
    """Boxes as the trackers read them.

    Attributes:
        conf: [N] float32 confidence.
        cls: [N] int32 class indices.
        xywh: [N, 4] float32 centre, width and height.
    """

    conf: Float32
    cls: Int32
    xywh: Float32

    def __len__(self) -> int:
        return len(self.conf)

    def __getitem__(self, wanted: NDArray[np.bool_]) -> Self:
        return type(self)(self.conf[wanted], self.cls[wanted], self.xywh[wanted])

    @property
    def xyxy(self) -> Float32:
        """Return the corners [N, 4], of which the trackers' way to follow a camera takes none."""
        half = self.xywh[:, 2:4] / 2
        return np.concatenate((self.xywh[:, :2] - half, self.xywh[:, :2] + half), axis=1)


class _Turned(_Upright):
    """Boxes with a fifth column in `xywh`, their angles; by `xywhr` the trackers tell them."""

    __slots__ = ()

    @property
    def xywhr(self) -> Float32:
        """Return centre, width, height and angle [N, 5]."""
        return self.xywh


def _observed(found: Detections, weak: Detections) -> tuple[_Upright, NDArray[np.intp]]:
    """Return the boxes for a tracker and the place of each among the found, then the weak ones."""
    corners = np.concatenate((found.boxes, weak.boxes)).astype(np.float32)
    columns = [(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]]
    turned = found.angles is not None or weak.angles is not None
    if turned:
        angles = [each.angles for each in (found, weak) if each.angles is not None]
        columns.append(np.concatenate(angles)[:, None])
    table = np.concatenate(columns, axis=1)
    # One box that is no number would make all distances none.
    places = np.flatnonzero(np.isfinite(table).all(axis=1))
    scores = np.concatenate((found.scores, weak.scores))
    classes = np.concatenate((found.classes, weak.classes))
    kind = _Turned if turned else _Upright
    return kind(scores[places], classes[places], table[places]), places
