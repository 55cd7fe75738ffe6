"""Ultralytics' trainers with our networks in them.

What is ours goes in where ultralytics' documentation lets it: `get_model` gives the network, the
network's `init_criterion` its losses, `save_model` writes the weights files, callbacks tell the
events. The loop, the data, the optimiser and the validation are ultralytics' own.
"""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import ultralytics.data.dataset
import ultralytics.data.utils
import ultralytics.engine.trainer
from ultralytics.models.yolo.classify import ClassificationTrainer
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.models.yolo.obb import OBBTrainer
from ultralytics.models.yolo.pose import PoseTrainer
from ultralytics.models.yolo.segment import SegmentationTrainer

from engine.datasets import DataSet
from engine.errors import TrainingError
from engine.i18n import N_
from engine.models import bases, carry, checkpoint, plan, weights
from engine.models.fold import fold
from engine.models.graph import mask_stride
from engine.models.network import build
from engine.models.recipe import Recipe
from engine.training import curves, state
from engine.training.folder import RunFolder
from engine.training.previews import Previews
from engine.training.validator import STRIDE, watched

_TRAINERS = {
    "detect": DetectionTrainer,
    "segment": SegmentationTrainer,
    "pose": PoseTrainer,
    "obb": OBBTrainer,
    "classify": ClassificationTrainer,
}

_STATE_SHARE = 0.05
"""Of the time may go into writing what an interrupted run goes on from."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be trained.

    Attributes:
        recipe: Of the network.
        start: What it begins with, None for random weights.
        start_path: Where that came from.
        data: To learn from.
        folder: Where everything goes.
        state: Where an earlier process of the run came to, None for a new run.
    """

    recipe: Recipe
    start: checkpoint.Checkpoint | None
    start_path: Path | None
    data: DataSet
    folder: RunFolder
    state: state.State | None = None


class OurTrainer:
    """What all our trainers have beyond ultralytics'; stands before it among the bases.

    Args:
        job: What is to be trained.
        overrides: Settings of ultralytics.

    Attributes:
        carried: What the network took over from its start weights, None without.
        shown: What the event of the newest previews tells, empty where the epoch has none.
        seconds_before: Spent by earlier processes of the run.
    """

    carried: carry.Carried | None = None
    # Of ultralytics' trainer.
    args: Any
    stop: bool
    validator: Any

    def __init__(self, job: Job, overrides: dict[str, Any]) -> None:
        """Find the data."""
        self._job = job
        self._previews = Previews(job.folder, job.data.names)
        self._state_cost_s = 0.0
        self._began = self._state_written = time.monotonic()
        self._known_batch = overrides["batch"]
        self.shown: dict[str, Any] = {}
        self.seconds_before = job.state["seconds"] if job.state else 0.0
        super().__init__(overrides=overrides)  # type: ignore[call-arg]

    @property
    def seconds(self) -> float:
        """Spent on the run, by earlier processes too."""
        return float(self.seconds_before + time.monotonic() - self._began)

    @property
    def start(self) -> dict[str, Any] | None:
        """What the weights say of what they began with."""
        job = self._job
        if job.state is not None:
            told: dict[str, Any] | None = job.state["start"]
            return told
        if job.start is None or self.carried is None:
            return None
        return {
            "name": job.start.info.name,
            "sha256": job.start.info.sha256,
            "carried": round(self.carried.share, 4),
            "new": list(self.carried.new),
        }

    def setup_model(self: Any) -> None:
        """Have our network where ultralytics would read a file."""
        self.model = self.get_model()

    def get_model(self: Any, *_: object, **__: object) -> Any:  # noqa: ANN401
        """Return the recipe's network for the classes of the data."""
        job = self._job
        design = bases.find(job.recipe.base).trained_for(self.data["nc"], job.data.keypoints)
        if job.state is not None:
            design = design.trained_for(class_width=job.state["class_width"])
        graph = plan.draw(job.recipe, design)
        if job.start is not None and job.state is None:
            width = carry.class_width(graph, job.start.network, job.start_path)
            graph = plan.draw(job.recipe, design.trained_for(class_width=width))
        network = build(job.recipe, graph)
        network.names = self.data["names"]
        if job.start is not None and job.state is None:
            self.carried = carry.carry(network, job.start.network, job.start_path)
        return network

    def get_validator(self: Any) -> Any:  # noqa: ANN401
        """Return ultralytics' validator, watched."""
        validator = super().get_validator()  # type: ignore[misc]
        stride = mask_stride(self.model.graph) if self.args.task == "segment" else STRIDE
        return watched(validator, stride)

    def resume_training(self: Any, _: object) -> None:
        """Go on where the earlier process came to."""
        if self._job.state is not None:
            state.restore(self, self._job.state)

    def _build_train_pipeline(self: Any) -> None:
        super()._build_train_pipeline()  # type: ignore[misc]
        if self.batch_size < self._known_batch:
            # Ultralytics ran out of memory in the first epoch and begins it again.
            self.run_callbacks("on_batch_lowered")
        self._known_batch = self.batch_size

    def validate(self: Any) -> Any:  # noqa: ANN401
        """Validate, and draw what is found in some pictures now and then."""
        last = self.stop or self.epoch + 1 >= self.epochs or self.stopper.possible_stop
        can = self.args.task != "classify" and self._previews.is_due(self.epoch + 1, last=last)
        dataset = self.validator.dataloader.dataset
        self.validator.caught = {}
        self.validator.wanted = self._previews.choose(dataset) if can else frozenset()
        found = super().validate()  # type: ignore[misc]
        caught = self.validator.caught
        self.shown = {}
        if caught:
            pictures = self._previews.write(self.epoch + 1, caught)
            self.shown = {"pictures": pictures, "seconds": round(self._previews.cost_s, 3)}
        return found

    def save_model(self: Any) -> bool:
        """Write last.pt and, where it is the best so far, best.pt, both in half precision."""
        network = copy.deepcopy(self.ema.ema).half().to(memory_format=torch.contiguous_format)
        told = {
            "input_size": int(self.args.imgsz),
            "card": self._card(),
            "arguments": vars(self.args),
        }
        if self.best_fitness == self.fitness:
            weights.write(self._job.folder.best, network, **told)
        weights.write(self._job.folder.last, network, **told)
        self._save_state()
        return True

    def _save_state(self: Any) -> None:
        """Write what a later process goes on from, unless that would take too much of the time."""
        began = time.monotonic()
        if not self.stop and began - self._state_written < self._state_cost_s / _STATE_SHARE:
            return
        content = state.gather(self, self.seconds)
        content |= {"class_width": self.model.graph.design.class_width, "start": self.start}
        state.write(self._job.folder.state, content)
        self._state_written = time.monotonic()
        self._state_cost_s = self._state_written - began

    def final_eval(self: Any) -> None:
        """Validate the best weights as they will be used: read again and folded."""
        folder = self._job.folder
        best = checkpoint.read(folder.best if folder.best.exists() else folder.last)
        self.validator.wanted = frozenset()
        self.validator.counts_confusions = True
        self.metrics = self.validator(model=fold(best.network))
        self.metrics.pop("fitness", None)
        curves.write(folder.curves, curves.gather(self.validator))

    def _handle_nan_recovery(self: Any, epoch: int) -> bool:
        """End a training whose loss is no number; what was saved before is kept.

        Raises:
            TrainingError: The loss is no number.
        """
        loss = self.loss.detach()
        if bool(loss.isfinite().all()) and math.isfinite(self.fitness or 0.0):
            return False
        raise TrainingError(
            N_("The loss became infinite in epoch {epoch}."),
            N_("The weights of the epochs before are kept. Try another recipe or start weights."),
            epoch=epoch + 1,
        )

    def _card(self: Any) -> dict[str, Any]:
        """Return what the weights say of themselves."""
        job = self._job
        return {
            "name": job.folder.name,
            "task": self.args.task,
            "recipe": str(job.recipe),
            "classes": list(job.data.names),
            "input_size": int(self.args.imgsz),
            "data": job.data.source.name,
            "start": self.start and {k: v for k, v in self.start.items() if k != "new"},
            "epoch": self.epoch + 1,
            "epochs": self.epochs,
            "batch": self.batch_size,
            "seed": self.args.seed,
            "metrics": {key: round(float(value), 4) for key, value in (self.metrics or {}).items()},
        }


def make(job: Job, task: str, overrides: dict[str, Any]) -> Any:  # noqa: ANN401
    """Return the trainer for a job, ready for `train()`.

    Args:
        job: What is to be trained.
        task: Of its recipe.
        overrides: Settings of ultralytics.
    """
    _keep_to_the_folder()
    base = _TRAINERS[task]
    kind = type(base.__name__, (OurTrainer, base), {})
    return kind(job, overrides)


def _keep_to_the_folder() -> None:
    """Let ultralytics write nothing beside the data and fetch nothing for a trial."""
    ultralytics.data.dataset.save_dataset_cache_file = _number_only
    # It would write a JPEG whose end is missing anew, where the person keeps it.
    ultralytics.data.utils._replace_image = lambda path, write: None
    # It would fetch a font, for charts that are not drawn.
    ultralytics.data.utils.check_font = lambda font: None
    ultralytics.engine.trainer.check_amp = lambda model: next(model.parameters()).is_cuda


def _number_only(prefix: str, path: Path, content: dict[str, Any], version: str) -> None:
    """Give what ultralytics would keep beside the labels its number, and keep nothing."""
    content["version"] = version
