"""The folder of a training run: what is told to the child, what it says, what it leaves.

config.json     the settings
events.jsonl    what happened, see `engine.training.events`
log.txt         what the libraries printed
run.json        process number, its start and a heartbeat
data.yaml       the data set as it was found
stop, cancel    commands: end after this batch and keep the best; end at once
weights/        best.pt and last.pt
"""

from __future__ import annotations

import json
import os
import time
from datetime import datetime
from pathlib import Path

import psutil

from engine.errors import TrainingError, writing_failed
from engine.i18n import N_
from engine.paths import home
from engine.store.writer import safe_name
from engine.training.config import TrainConfig

HEARTBEAT_S = 5.0
STALE_S = 30.0
"""A heartbeat older than this means that the run was interrupted."""


class RunFolder:
    """One run.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        """Name the files; nothing is read."""
        self.path = path
        self.name = path.name
        self.events = path / "events.jsonl"
        self.log = path / "log.txt"
        self.data = path / "data.yaml"
        self.weights = path / "weights"
        self.best = self.weights / "best.pt"
        self.last = self.weights / "last.pt"

    @classmethod
    def create(cls, config: TrainConfig, base: Path | None = None) -> RunFolder:
        """Make a new folder with the settings in it.

        Args:
            config: The settings.
            base: Where runs are kept, by default with a person's sessions.

        Raises:
            TrainingError: The folder cannot be written.
        """
        now = datetime.now()
        day = (base or home() / "training") / now.strftime("%Y-%m-%d")
        wanted = f"{now.strftime('%H%M%S')}-{safe_name(config.name or config.model)}"
        try:
            day.mkdir(parents=True, exist_ok=True)
            for number in range(1, 1000):
                path = day / (wanted if number == 1 else f"{wanted}-{number}")
                try:
                    path.mkdir()
                except FileExistsError:
                    continue
                break
            folder = cls(path)
            text = json.dumps(config.to_json(), ensure_ascii=False, indent=2)
            (path / "config.json").write_text(text + "\n", encoding="utf-8")
            folder.weights.mkdir()
        except OSError as error:
            raise writing_failed(error, day, TrainingError) from error
        return folder

    def config(self) -> TrainConfig:
        """Return the settings.

        Raises:
            TrainingError: They cannot be read.
        """
        try:
            values = json.loads((self.path / "config.json").read_text(encoding="utf-8"))
            return TrainConfig.from_json(values)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise TrainingError(
                N_("{path} is no folder of a training run."),
                N_("Choose a folder that holds a config.json."),
                path=self.path,
            ) from error

    def beat(self) -> None:
        """Say that this process is alive; at every moment the file is absent, old or whole."""
        process = psutil.Process()
        content = {
            "pid": process.pid, "started": process.create_time(), "heartbeat": time.time()
        }  # fmt: skip
        part = self.path / ".run.part"
        part.write_text(json.dumps(content), encoding="utf-8")
        os.replace(part, self.path / "run.json")

    def is_running(self) -> bool:
        """Tell whether the process of this run is alive and says so."""
        try:
            content = json.loads((self.path / "run.json").read_text(encoding="utf-8"))
            started = psutil.Process(content["pid"]).create_time()
            fresh = time.time() - content["heartbeat"] < STALE_S
        except (OSError, ValueError, KeyError, psutil.Error):
            return False
        return bool(fresh and abs(started - content["started"]) < 1.0)

    def command(self, name: str) -> None:
        """Tell the run to `stop` or to `cancel`."""
        (self.path / name).touch()

    def is_told(self, name: str) -> bool:
        """Tell whether it was told to `stop` or to `cancel`."""
        return (self.path / name).exists()
