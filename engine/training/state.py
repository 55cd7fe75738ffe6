"""All that a training needs to go on where it stopped: `weights/state.pt`.

Tensors, numbers and text only, so that reading it runs nothing:

    version        1
    epoch          epochs that are done
    model, ema     tensors by name, float32; `updates` of the moving average
    optimizer      state of the optimizer, of the class `kind`, with the settings it was made with
    scaler         of mixed precision
    losses         of those that remember something from batch to batch
    best_fitness   and what the early stopping knows: `stopper_fitness`, `stopper_epoch`
    batch          pictures in a batch, which may have become fewer than asked for
    seconds        spent
    chance         where the generators of random numbers are
"""

from __future__ import annotations

import math
import os
import random
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.errors import TrainingError, writing_failed
from engine.i18n import N_

VERSION = 1

State = dict[str, Any]

# What ultralytics settles when it builds an optimizer, and must settle again in the same way.
_SETTLED = ("optimizer", "lr0", "momentum", "warmup_bias_lr")


def gather(trainer: Any, seconds: float) -> State:  # noqa: ANN401 - ultralytics is not typed
    """Return the state of a trainer at the end of an epoch.

    Args:
        trainer: Of `engine.training.trainer`.
        seconds: Spent on the run.
    """
    return {
        "version": VERSION,
        "epoch": trainer.epoch + 1,
        "model": trainer.model.state_dict(),
        "ema": trainer.ema.ema.state_dict(),
        "updates": trainer.ema.updates,
        "optimizer": trainer.optimizer.state_dict(),
        "settled": {name: getattr(trainer.args, name) for name in _SETTLED},
        "scaler": trainer.scaler.state_dict(),
        "losses": {name: part.state_dict() for name, part in _losses(trainer.model.criterion)},
        "best_fitness": _number(trainer.best_fitness),
        "stopper_fitness": _number(trainer.stopper.best_fitness),
        "stopper_epoch": trainer.stopper.best_epoch,
        "batch": trainer.batch_size,
        "seconds": seconds,
        "chance": _chance(trainer),
    }


def write(path: Path, state: State) -> None:
    """Write a state; at every moment the file is absent, old or whole.

    Raises:
        TrainingError: The disk is full or the folder cannot be written.
    """
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with part.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise writing_failed(error, path, TrainingError) from error
    except RuntimeError as error:
        # What torch makes of a disk that is full.
        reason = (
            error.__context__ if isinstance(error.__context__, OSError) else OSError(str(error))
        )
        raise writing_failed(reason, path, TrainingError) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def read(path: Path) -> State:
    """Read a state.

    Raises:
        TrainingError: It is damaged or of a newer version.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if state["version"] == VERSION:
            return dict(state)
    except Exception as error:  # noqa: BLE001 - torch raises a dozen kinds for a damaged file
        raise TrainingError(
            N_("{path} is damaged: the training cannot go on from it."),
            N_("Start a new training with {best} as start weights."),
            path=path,
            best=path.with_name("best.pt"),
        ) from error
    raise TrainingError(
        N_("{path} was written by another version of LabSight."),
        N_("Start a new training with {best} as start weights."),
        path=path,
        best=path.with_name("best.pt"),
    )


def settings(state: State) -> dict[str, Any]:
    """Return the settings of ultralytics with which a trainer can take the state."""
    return {**state["settled"], "batch": state["batch"]}


def restore(trainer: Any, state: State) -> None:  # noqa: ANN401
    """Bring a trainer that is set up to where the state was gathered.

    The generators of random numbers are left to `restore_chance`, for the last moment.
    """
    trainer.model.load_state_dict(state["model"])
    trainer.ema.ema.load_state_dict(state["ema"])
    trainer.ema.updates = state["updates"]
    for saved, group in zip(
        state["optimizer"]["param_groups"], trainer.optimizer.param_groups, strict=True
    ):
        # The device of now, not that of then, says which kernel there is.
        saved["fused"] = group.get("fused")
    trainer.optimizer.load_state_dict(state["optimizer"])
    if state["scaler"]:
        trainer.scaler.load_state_dict(state["scaler"])
    trainer.model.criterion = trainer.model.init_criterion()
    for name, part in _losses(trainer.model.criterion):
        part.load_state_dict(state["losses"][name])
    trainer.best_fitness = state["best_fitness"]
    trainer.stopper.best_fitness = state["stopper_fitness"]
    trainer.stopper.best_epoch = state["stopper_epoch"]
    trainer.start_epoch = state["epoch"]


def restore_chance(trainer: Any, state: State) -> None:  # noqa: ANN401
    """Let all chance go on where the state was gathered."""
    chance = state["chance"]
    loader = trainer.train_loader
    if not loader.num_workers:
        # Pictures come in the order in which they would have come.
        loader.iterator = loader._get_iterator()
        for _ in range(trainer.start_epoch * len(loader)):
            next(loader.iterator._sampler_iter)
    if chance["cuda"] is not None and trainer.device.type == "cuda":
        torch.cuda.set_rng_state(chance["cuda"], trainer.device)
    if hasattr(loader.dataset, "buffer"):
        _fill(loader.dataset, chance["buffer"])
    version, words, normal = chance["python"]
    random.setstate((version, tuple(words), normal))
    kind, keys, *rest = chance["numpy"]
    np.random.set_state((kind, np.array(keys, np.uint32), *rest))
    torch.set_rng_state(chance["torch"])


def _chance(trainer: Any) -> State:  # noqa: ANN401
    version, words, normal = random.getstate()
    kind, keys, *rest = np.random.get_state(legacy=True)
    on_card = trainer.device.type == "cuda"
    return {
        "python": (version, list(words), normal),
        "numpy": (str(kind), np.asarray(keys).tolist(), *rest),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state(trainer.device) if on_card else None,
        "buffer": list(getattr(trainer.train_loader.dataset, "buffer", ())),
    }


def _fill(dataset: Any, buffer: list[int]) -> None:  # noqa: ANN401
    """Let mosaics be put together from the pictures that were at hand."""
    most, dataset.max_buffer_length = dataset.max_buffer_length, math.inf
    for index in buffer:
        dataset.load_image(index)
    dataset.buffer, dataset.max_buffer_length = list(buffer), most


def _losses(criterion: Any) -> list[tuple[str, torch.nn.Module]]:  # noqa: ANN401
    return [
        (name, part) for name, part in vars(criterion).items() if isinstance(part, torch.nn.Module)
    ]


def _number(value: Any) -> float | None:  # noqa: ANN401
    return None if value is None else float(value)
