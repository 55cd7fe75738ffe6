"""The figures of a training by epoch as arrays that grow with it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from desktop.widgets.plot import Values
from engine.training.record import EpochReport, RunRecord

_ROOM = 64


class Series:
    """One column a figure, such as `losses.box`, `val_losses.box`, `metrics.map50` or `lr`.

    Attributes:
        keys: Names of the columns in the order in which they came.
    """

    def __init__(self) -> None:
        """Hold nothing."""
        self.keys: list[str] = []
        self._columns: dict[str, Values] = {}
        self._places: Values = np.zeros(_ROOM)
        self._source: list[EpochReport] | None = None
        self._count = 0

    def __len__(self) -> int:
        """Return how many epochs are held."""
        return self._count

    @property
    def epochs(self) -> Values:
        """[N] their numbers."""
        return self._places[: self._count]

    def __getitem__(self, key: str) -> Values:
        """Return [N], NaN where an epoch has no such figure."""
        return self._columns[key][: self._count]

    def follow(self, record: RunRecord) -> bool:
        """Take in the epochs that came since the last call, and tell whether any did.

        A record that begins again in the middle has another list of epochs.
        """
        again = record.epochs is not self._source
        if again:
            self._source, self._count = record.epochs, 0
        came = record.epochs[self._count :]
        for report in came:
            self._add(report)
        return again or bool(came)

    def _add(self, report: EpochReport) -> None:
        at = self._count
        self._make_room(at)
        self._places[at] = report.epoch
        for column in self._columns.values():
            column[at] = np.nan
        for key, value in _figures(report):
            if key not in self._columns:
                self.keys.append(key)
                self._columns[key] = np.full(len(self._places), np.nan)
            if value is not None:
                self._columns[key][at] = value
        self._count += 1

    def _make_room(self, at: int) -> None:
        if at < len(self._places):
            return
        # What plots hold are views of the old arrays, which stay as they are.
        self._places = np.concatenate((self._places, np.zeros(at)))
        self._columns = {
            key: np.concatenate((column, np.full(at, np.nan)))
            for key, column in self._columns.items()
        }


def _figures(report: EpochReport) -> Iterator[tuple[str, float | None]]:
    for group in ("losses", "val_losses", "metrics"):
        for name, value in getattr(report, group).items():
            yield f"{group}.{name}", value
    yield "lr", report.lr
    yield "images_per_s", report.images_per_s
    yield "memory_gb", report.memory_mb / 1024
