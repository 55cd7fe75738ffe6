"""From settings to a trainer that is ready."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from engine import datasets
from engine.config import check_input_size
from engine.datasets import DataSet
from engine.models import checkpoint, plan
from engine.models.graph import Graph, mask_stride
from engine.models.recipe import Recipe
from engine.models.recipe_files import resolve
from engine.training import overrides, state
from engine.training.config import TrainConfig
from engine.training.folder import RunFolder
from engine.training.trainer import Job, make

_SIZE, _SIZE_TO_CLASSIFY = 640, 224


@dataclass(frozen=True, slots=True)
class Ready:
    """A trainer and what it was made of.

    Attributes:
        recipe: Of the network.
        graph: Of the network.
        task: Of the recipe.
        size: Longer side of the input, pixels.
        batch: Pictures at a time.
        data: To learn from.
        trainer: Of `engine.training.trainer`.
    """

    recipe: Recipe
    graph: Graph
    task: str
    size: int
    batch: int
    data: DataSet
    trainer: Any


def ready(
    config: TrainConfig,
    folder: RunFolder,
    chosen: torch.device,
    batch: int | None = None,
) -> Ready:
    """Return the trainer of a run, at its start or where an earlier process came to.

    Args:
        config: The settings.
        folder: Where everything goes.
        chosen: What it runs on.
        batch: Pictures at a time where they are fewer than asked for.

    Raises:
        EngineError: The recipe, the data or the weights cannot be used.
    """
    recipe = resolve(config.model)
    graph = plan.draw(recipe)
    task = graph.design.task
    size = config.input_size or (_SIZE_TO_CLASSIFY if task == "classify" else _SIZE)
    check_input_size(size, graph.stride)
    data = datasets.find(config.data, task)
    data.describe(folder.data)
    former = state.read(folder.state) if folder.state.exists() else None
    start = None
    if config.weights is not None and former is None:
        start = checkpoint.read(config.weights)
    settings = overrides.of(config, chosen) | {
        "data": str(data.source if task == "classify" else folder.data),
        "imgsz": size,
        "save_dir": str(folder.path / "work"),
        # Labels as fine as the masks of the network.
        **({"mask_ratio": mask_stride(graph)} if task == "segment" else {}),
        **({} if former is None else state.settings(former)),
        **({} if batch is None else {"batch": batch}),
    }
    job = Job(recipe, start, config.weights, data, folder, former)
    trainer = make(job, task, settings)
    return Ready(recipe, graph, task, size, settings["batch"], data, trainer)
