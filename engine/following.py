"""Tracking and counting of a run: what it found, with track numbers and counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.config import RunConfig
from engine.counting import Counting, parse_counters
from engine.errors import SettingError
from engine.i18n import N_
from engine.inference.tracking import Tracker
from engine.types import CounterTotals, Int32, Result


class Follower:
    """Follows the objects of a run's sources, one source after the other.

    Numbers and counts begin anew with every source. Used by one thread.

    Args:
        config: The run's settings.

    Raises:
        SettingError: A line or zone cannot be read, or there is one without tracking.
    """

    def __init__(self, config: RunConfig) -> None:
        """Read the lines and zones."""
        self._config = config
        self._counters = parse_counters(config.counters)
        if config.track == "off" and self._counters:
            raise SettingError(
                N_("Lines and zones count tracked objects only."),
                N_("Switch tracking on, or remove the lines and zones."),
            )
        self._origin: str | None = None
        self._tracker: Tracker | None = None
        self._counting = Counting(self._counters)

    def follow(self, result: Result) -> Result:
        """Return a result with track numbers and counts, or as it is where tracking is off.

        Raises:
            SettingError: The model classifies whole pictures, or tracking lacks a package.
        """
        if self._config.track == "off":
            return result
        tracker = self._begin(result.frame.origin)
        ids = tracker.update(result, self._config)
        found = replace(result.detections, ids=ids)
        counted = self._counting.update(found, ids)
        return replace(result, detections=found, counted=counted)

    def replay(self, result: Result, ids: Int32) -> None:
        """Take a frame that was followed before, so that a run that was cut short can go on.

        Tracks keep their numbers and stay on their sides of lines and zones; the last
        `FORGET_FRAMES` frames tell all of that. What was counted with them is told by `restore`,
        before or after.

        Args:
            result: The frame as the detector gave it.
            ids: [N] int32 numbers that its detections had, 0 for objects without one.

        Raises:
            SettingError: As for `follow`.
        """
        if self._config.track == "off":
            return
        tracker = self._begin(result.frame.origin)
        tracker.replay(result, self._config, ids)
        self._counting.recall(result.detections, ids)

    def restore(
        self, totals: Sequence[CounterTotals], unique: Mapping[int, int], next_number: int
    ) -> None:
        """Go on from the counts of the source that is replayed, or of the first one to come.

        Args:
            totals: One for each counter.
            unique: Tracks so far by class.
            next_number: The number that the next new track gets.

        Raises:
            SettingError: Tracking lacks a package.
        """
        if self._config.track == "off":
            return
        tracker = self._made()
        tracker.following = max(tracker.following, next_number)
        self._counting.restore(totals, unique, next_number)

    def _begin(self, origin: str) -> Tracker:
        """Return the tracker for a source, a new one where it is another source."""
        if self._origin not in (None, origin):
            self._tracker = None
            self._counting = Counting(self._counters)
        self._origin = origin
        return self._made()

    def _made(self) -> Tracker:
        if self._tracker is None:
            self._tracker = Tracker(self._config.track)
        return self._tracker
