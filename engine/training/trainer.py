"""Ultralytics' trainers with our networks in them.

What is ours goes in where ultralytics' documentation lets it: `get_model` gives the network, the
network's `init_criterion` its losses, `save_model` writes the weights files, callbacks tell the
events. The loop, the data, the optimiser and the validation are ultralytics' own.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from engine.training.folder import RunFolder
from engine.training.validator import STRIDE, FineMaskValidator

_TRAINERS = {
    "detect": DetectionTrainer,
    "segment": SegmentationTrainer,
    "pose": PoseTrainer,
    "obb": OBBTrainer,
    "classify": ClassificationTrainer,
}


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be trained.

    Attributes:
        recipe: Of the network.
        start: What it begins with, None for random weights.
        start_path: Where that came from.
        data: To learn from.
        folder: Where everything goes.
    """

    recipe: Recipe
    start: checkpoint.Checkpoint | None
    start_path: Path | None
    data: DataSet
    folder: RunFolder


class OurTrainer:
    """What all our trainers have beyond ultralytics'; stands before it among the bases.

    Args:
        job: What is to be trained.
        overrides: Settings of ultralytics.

    Attributes:
        carried: What the network took over from its start weights, None without.
    """

    carried: carry.Carried | None = None

    def __init__(self, job: Job, overrides: dict[str, Any]) -> None:
        """Find the data."""
        self._job = job
        super().__init__(overrides=overrides)  # type: ignore[call-arg]

    def setup_model(self: Any) -> None:
        """Have our network where ultralytics would read a file."""
        self.model = self.get_model()

    def get_model(self: Any, *_: object, **__: object) -> Any:  # noqa: ANN401
        """Return the recipe's network for the classes of the data."""
        job = self._job
        design = bases.find(job.recipe.base).trained_for(self.data["nc"], job.data.keypoints)
        graph = plan.draw(job.recipe, design)
        if job.start is not None:
            width = carry.class_width(graph, job.start.network, job.start_path)
            graph = plan.draw(job.recipe, design.trained_for(class_width=width))
        network = build(job.recipe, graph)
        network.names = self.data["names"]
        if job.start is not None:
            self.carried = carry.carry(network, job.start.network, job.start_path)
        return network

    def get_validator(self: Any) -> Any:  # noqa: ANN401
        """Return ultralytics' validator, or for finer masks than it knows one of ours."""
        validator = super().get_validator()  # type: ignore[misc]
        stride = mask_stride(self.model.graph)
        if self.args.task == "segment" and stride != STRIDE:
            validator = FineMaskValidator(
                self.test_loader, self.save_dir, copy.copy(self.args), self.callbacks
            )
            validator.stride_of_masks = stride
        return validator

    def save_model(self: Any) -> bool:
        """Write last.pt and, where it is the best so far, best.pt, both in half precision."""
        network = copy.deepcopy(self.ema.ema).half()
        told = {
            "input_size": int(self.args.imgsz),
            "card": self._card(),
            "arguments": vars(self.args),
        }
        weights.write(self._job.folder.last, network, **told)
        if self.best_fitness == self.fitness:
            weights.write(self._job.folder.best, network, **told)
        return True

    def final_eval(self: Any) -> None:
        """Validate the best weights as they will be used: read again and folded."""
        best = checkpoint.read(self._job.folder.best)
        self.metrics = self.validator(model=fold(best.network))
        self.metrics.pop("fitness", None)

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
        start = None
        if job.start is not None and self.carried is not None:
            start = {
                "name": job.start.info.name,
                "sha256": job.start.info.sha256,
                "carried": round(self.carried.share, 4),
            }
        return {
            "name": job.folder.name,
            "task": self.args.task,
            "recipe": str(job.recipe),
            "classes": list(job.data.names),
            "input_size": int(self.args.imgsz),
            "data": job.data.source.name,
            "start": start,
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
    ultralytics.engine.trainer.check_amp = lambda model: next(model.parameters()).is_cuda


def _number_only(prefix: str, path: Path, content: dict[str, Any], version: str) -> None:
    """Give what ultralytics would keep beside the labels its number, and keep nothing."""
    content["version"] = version
