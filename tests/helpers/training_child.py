"""A training without a process: the test writes what it tells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.verbs import training as verbs
from engine.errors import TrainingError
from engine.training import runs
from engine.training.events import EventLog
from engine.training.folder import RunFolder
from tests.helpers.training_runs import Told, batch, epoch, preparing, started


class FakeTraining:
    """Stands in for `engine.training.launch.Training`; its process is this one's number."""

    made: list[FakeTraining] = []
    found: FakeTraining | None = None
    fails: TrainingError | None = None

    def __init__(self, folder: RunFolder, epochs: int | None = None) -> None:
        self.folder = folder
        self.epochs = epochs
        self.alive = True
        self.commands: list[str] = []
        folder.beat()
        self.log = EventLog(folder.events, folder.name)
        self.made.append(self)

    @classmethod
    def begin(cls, folder: RunFolder) -> FakeTraining:
        if cls.fails is not None:
            raise cls.fails
        return cls(folder)

    @classmethod
    def go_on(cls, folder: RunFolder, epochs: int | None = None) -> FakeTraining:
        return cls(folder, epochs)

    @classmethod
    def attach(cls, folder: RunFolder) -> FakeTraining | None:
        return cls.found if cls.found is not None and cls.found.folder is folder else None

    def stop(self) -> None:
        self.commands.append("stop")

    def cancel(self) -> None:
        self.commands.append("cancel")
        self.end(("cancelled", {}))

    def tell(self, *told: Told) -> None:
        """Write what a training tells."""
        for event, values in told:
            self.log.write(event, **values)

    def train(self, epochs: int = 2, wanted: int = 10) -> None:
        """Tell of the first epochs."""
        self.tell(preparing(self.folder), started(wanted))
        for number in range(1, epochs + 1):
            self.tell(batch(number, wanted, 3), epoch(number, wanted))

    def end(self, *told: Told) -> None:
        """Tell the last words, then be gone."""
        self.tell(*told)
        self.log.close()
        (self.folder.path / "run.json").unlink(missing_ok=True)
        self.alive = False


def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[FakeTraining]]:
    """Yield what the verbs start in place of a process; runs are kept apart."""
    monkeypatch.setenv("LABSIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LABSIGHT_DATA", str(tmp_path / "data"))
    for name, value in (("made", []), ("found", None), ("fails", None)):
        monkeypatch.setattr(FakeTraining, name, value)
    monkeypatch.setattr(verbs, "Training", FakeTraining)

    def running(base: Path | None = None) -> list[RunFolder]:
        found = FakeTraining.found
        return [] if found is None else [found.folder]

    monkeypatch.setattr(runs, "running", running)
    yield FakeTraining
    for each in FakeTraining.made:
        each.log.close()
