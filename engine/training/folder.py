"""The folder of a training run: what is told to the child, what it says, what it leaves.

config.json     the settings
about.json      what the person calls it and notes of it
events.jsonl    what happened, see `engine.training.events`
summary.json    where it is, for lists
log.txt         what the libraries printed
run.json        process number, its start and a heartbeat
data.yaml       the data set as it was found
curves.json     confusion matrix and curves of the best weights
stop, cancel    commands: end after this batch and keep the best; end at once
previews/       validation pictures with what was found in them, by epoch
weights/        best.pt and last.pt, and state.pt, from which it goes on
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from engine.errors import TrainingError, writing_failed
from engine.i18n import N_
from engine.paths import home
from engine.store.writer import safe_name
from engine.training.config import TrainConfig
from engine.training.record import Stage

HEARTBEAT_S = 5.0
STALE_S = 30.0
"""A heartbeat older than this means that the run was interrupted."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list shows of a run.

    Attributes:
        stage: Where it is, a value of `Stage`.
        recipe: Its canonical text, empty before it was read.
        task: Of the recipe.
        device: In words.
        epoch: Epochs that are done.
        epochs: Epochs that are wanted.
        best_epoch: The one whose weights are the best, 0 without.
        metrics: Of that epoch, 0 to 1, by name.
        seconds: Spent, all parts of the run together.
        message: Why it failed.
    """

    stage: str = Stage.WAITING.value
    recipe: str = ""
    task: str = ""
    device: str = ""
    epoch: int = 0
    epochs: int = 0
    best_epoch: int = 0
    metrics: dict[str, float | None] = field(default_factory=dict)
    seconds: float = 0.0
    message: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What a person says of a run: its name and notes."""

    name: str
    notes: str = ""


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
        self.state = self.weights / "state.pt"
        self.curves = path / "curves.json"
        self.previews = path / "previews"

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
            folder.write_config(config)
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

    def write_config(self, config: TrainConfig) -> None:
        """Keep other settings."""
        self._write("config.json", config.to_json())

    def about(self) -> About:
        """Return name and notes; without any the name is that of the folder without its time."""
        content = self._read("about.json")
        name = self.path.name.split("-", 1)[-1]
        return About(str(content.get("name") or name), str(content.get("notes") or ""))

    def write_about(self, about: About) -> None:
        """Keep name and notes.

        Raises:
            TrainingError: The folder cannot be written.
        """
        try:
            self._write("about.json", asdict(about))
        except OSError as error:
            raise writing_failed(error, self.path, TrainingError) from error

    def summary(self) -> Summary:
        """Return where the run is; one whose process is gone without a word is interrupted."""
        content = self._read("summary.json")
        try:
            summary = Summary(**content)
            busy = Stage(summary.stage).busy or not content
        except (TypeError, ValueError):
            return Summary(stage=Stage.INTERRUPTED.value)
        if busy and not self.is_running():
            return Summary(**(content | {"stage": Stage.INTERRUPTED.value}))
        return summary

    def write_summary(self, summary: Summary) -> None:
        """Say where the run is."""
        self._write("summary.json", asdict(summary))

    def beat(self, pid: int | None = None) -> None:
        """Say that a process is alive.

        Args:
            pid: Its number, by default that of this one.
        """
        process = psutil.Process(pid)
        self._write(
            "run.json",
            {"pid": process.pid, "started": process.create_time(), "heartbeat": time.time()},
        )

    def pid(self) -> int | None:
        """Return the number of the process that works on the run, None without one."""
        content = self._read("run.json")
        try:
            started = psutil.Process(content["pid"]).create_time()
            fresh = time.time() - content["heartbeat"] < STALE_S
            same = abs(started - content["started"]) < 1.0
        except (KeyError, TypeError, ValueError, psutil.Error):
            return None
        return int(content["pid"]) if fresh and same else None

    def is_running(self) -> bool:
        """Tell whether the process of this run is alive and says so."""
        return self.pid() is not None

    def command(self, name: str) -> None:
        """Tell the run to `stop` or to `cancel`."""
        (self.path / name).touch()

    def is_told(self, name: str) -> bool:
        """Tell whether it was told to `stop` or to `cancel`."""
        return (self.path / name).exists()

    def forget_commands(self) -> None:
        """Let no command of a former process concern the next."""
        for name in ("stop", "cancel"):
            (self.path / name).unlink(missing_ok=True)

    def _read(self, name: str) -> dict[str, Any]:
        with suppress(OSError, ValueError):
            content = json.loads((self.path / name).read_text(encoding="utf-8"))
            if isinstance(content, dict):
                return content
        return {}

    def _write(self, name: str, content: dict[str, Any]) -> None:
        """Write a file; at every moment it is absent, old or whole."""
        # Several processes may write at a time: the window says for a child that it lives.
        part = self.path / f".{name}.{os.getpid()}.part"
        part.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        os.replace(part, self.path / name)
