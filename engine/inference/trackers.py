"""ultralytics' trackers, made without their files and quick enough for crowded frames."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import device
from engine.errors import SettingError
from engine.i18n import N_

WEAKEST = 0.1
"""Boxes below this confidence continue no track."""

LOST_FRAMES = 30
"""So many frames a track is looked for after its object was last seen."""

# What ultralytics' bytetrack.yaml and botsort.yaml hold; files of a package need not be there in a
# frozen application.
_COMMON: dict[str, Any] = {
    "track_high_thresh": 0.25,
    "track_low_thresh": WEAKEST,
    "new_track_thresh": 0.25,
    "track_buffer": LOST_FRAMES,
    "match_thresh": 0.8,
    "fuse_score": True,
}
_BOTSORT: dict[str, Any] = {
    "gmc_method": "sparseOptFlow",
    "proximity_thresh": 0.5,
    "appearance_thresh": 0.8,
    "with_reid": False,
    "model": "auto",
}


def make(kind: str, lost_frames: int) -> Any:  # noqa: ANN401 - ultralytics is not annotated
    """Return a tracker of ultralytics with its usual settings.

    Args:
        kind: "bytetrack" or "botsort".
        lost_frames: So many frames a track is looked for after its object was last seen.

    Raises:
        SettingError: There is no tracker of that kind, or a package that it needs is missing.
    """
    if kind not in ("bytetrack", "botsort"):
        raise SettingError(
            N_("There is no tracker named {kind}."),
            N_("Choose one of: {choices}."),
            kind=kind,
            choices="bytetrack, botsort",
        )
    if importlib.util.find_spec("lap") is None:
        raise SettingError(
            N_("Tracking needs the package lap, which is not installed."),
            N_("Run `python bootstrap.py` again, or switch tracking off."),
        )
    device.prepare()
    from ultralytics.trackers import BOTSORT
    from ultralytics.utils import IterableSimpleNamespace

    settings = _COMMON | {"tracker_type": kind, "track_buffer": lost_frames}
    if kind == "botsort":
        return BOTSORT(IterableSimpleNamespace(**settings | _BOTSORT))
    return _quick_bytetrack()(IterableSimpleNamespace(**settings))


def _quick_bytetrack() -> Any:  # noqa: ANN401 - ultralytics is not annotated
    """Return ByteTrack as a class that corrects the tracks of a step together.

    ultralytics solves four equations a track in calls of their own, which takes half of its time.
    """
    from ultralytics.trackers import BYTETracker

    class QuickByteTrack(BYTETracker):  # type: ignore[misc]
        def _apply_matches(
            self,
            matches: Any,  # noqa: ANN401
            pool: list[Any],
            detections: list[Any],
            activated: list[Any],
            refind: list[Any],
        ) -> None:
            pairs = [(pool[track], detections[place]) for track, place in matches]
            if not pairs:
                return
            answers = _Corrected(self.kalman_filter, pairs)
            for track, seen in pairs:
                track.kalman_filter = answers
                self._apply_match(track, seen, activated, refind)
                track.kalman_filter = self.kalman_filter

        def _format_output(self) -> Any:  # noqa: ANN401
            """Leave out the table of all tracks, which nobody reads."""

    return QuickByteTrack


class _Corrected:
    """Stands in for the Kalman filter of tracks that are about to be corrected, in their order."""

    def __init__(self, kalman: Any, pairs: Sequence[tuple[Any, Any]]) -> None:  # noqa: ANN401
        """Correct the tracks by what was seen of them.

        Args:
            kalman: ultralytics' filter of centre, aspect ratio and height.
            pairs: Tracks and the detections they were matched with.
        """
        mean = np.array([track.mean for track, _ in pairs])
        covariance = np.array([track.covariance for track, _ in pairs])
        measured = np.array([track.convert_coords(seen.tlwh) for track, seen in pairs])
        noise = np.full((len(pairs), 4), 0.1)
        noise[:, (0, 1, 3)] = kalman._std_weight_position * mean[:, 3:4]
        projected = covariance[:, :4, :4].copy()
        projected[:, range(4), range(4)] += noise**2
        gain = np.linalg.solve(projected, covariance[:, :4, :]).transpose(0, 2, 1)
        step = gain @ (measured - mean[:, :4])[:, :, None]
        left = covariance - gain @ projected @ gain.transpose(0, 2, 1)
        self._answers = zip(mean + step[:, :, 0], left, strict=True)

    def update(self, *_track: object) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and covariance of the next track."""
        return next(self._answers)
