"""Before a training: what the recipe makes of the start weights, how long, how much memory.

It is measured, not guessed: another process builds the network and learns from a batch or two of
noise, so that a window never imports torch for it.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from engine.errors import Cancelled, TrainingError
from engine.i18n import N_
from engine.process import Process
from engine.training.config import TrainConfig

FLAG = "--train-check"
CONFIG, ANSWER, LOG = "config.json", "answer.json", "log.txt"


@dataclass(frozen=True, slots=True)
class Preflight:
    """What a training would be.

    Attributes:
        recipe: Canonical text.
        task: Of the recipe.
        input_size: Longer side of the network's input, pixels.
        device: In words.
        parameters: Of the network.
        gflops: Of the network at that input size, counting a multiplication with addition as two.
        carried: Share of the weights taken over from the start weights, 0 to 1; None without any.
        pictures: To learn from.
        validation: Pictures to check with.
        seconds_per_epoch: Training and validation.
        memory_mb: Of the graphics card, or of the process without one.
        memory_free_mb: Likewise, what there is.
        disk_mb: What the run will write at most.
        disk_free_mb: What there is.
    """

    recipe: str
    task: str
    input_size: int
    device: str
    parameters: int
    gflops: float
    carried: float | None
    pictures: int
    validation: int
    seconds_per_epoch: float
    memory_mb: float
    memory_free_mb: float
    disk_mb: float
    disk_free_mb: float


class Check:
    """A process that finds out what a training would be.

    Args:
        config: Of the training.
    """

    def __init__(self, config: TrainConfig) -> None:
        """Start the process."""
        self._folder = Path(tempfile.mkdtemp(prefix="labsight-check-"))
        text = json.dumps(config.to_json(), ensure_ascii=False)
        (self._folder / CONFIG).write_text(text, encoding="utf-8")
        self._process = Process.start(FLAG, self._folder, self._folder / LOG)
        self._cancelled = False

    def result(self) -> Preflight:
        """Wait for the answer.

        Raises:
            EngineError: The recipe, the data or the weights cannot be used.
            Cancelled: It was cancelled.
        """
        self._process.wait()
        try:
            if self._cancelled:
                raise Cancelled
            return Answer.read(self._folder / ANSWER).preflight()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def cancel(self) -> None:
        """End the process; `result`, in whichever thread it waits, raises."""
        self._cancelled = True
        self._process.end()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the process writes: what it found out, or one sentence and a hint."""

    found: dict[str, Any] | None = None
    message: str = ""
    hint: str = ""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the answer in a file, that the process said nothing where there is none."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return cls(
                message=N_("The check ended without an answer."),
                hint=N_("There may be too little memory: try a smaller batch or input size."),
            )

    def preflight(self) -> Preflight:
        """Return what was found out.

        Raises:
            TrainingError: Nothing was.
        """
        if self.found is None:
            raise TrainingError(self.message, self.hint)
        return Preflight(**self.found)
