"""Runs on disk as a training leaves them, without a training."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from engine.training.config import TrainConfig
from engine.training.events import EventLog
from engine.training.folder import RunFolder, Summary
from engine.training.record import Stage

NAMES = ("cells", "gel", "serum")
PICTURES = ("val_0031.jpg", "val_0058.jpg", "val_0072.jpg", "val_0090.jpg")

Told = tuple[str, dict[str, Any]]


def preparing(folder: RunFolder) -> Told:
    return "preparing", {
        "recipe": "yolo11n-seg:iou=wiou3",
        "task": "segment",
        "device": "CPU",
        "data": "/data/tubes/data.yaml",
        "classes": list(NAMES),
        "folder": str(folder.path),
        "input_size": 320,
        "batch_size": 16,
    }


def started(epochs: int, first: int = 1) -> Told:
    return "started", {
        "parameters": 2843583,
        "gflops": 9.7,
        "carried": 0.71,
        "new": ["model.23.cv3.0.2.weight"],
        "pictures": 386,
        "validation": 97,
        "batches": 25,
        "epochs": epochs,
        "first_epoch": first,
        "optimizer": "AdamW",
    }


def batch(epoch: int, epochs: int, number: int) -> Told:
    return "batch", {
        "epoch": epoch,
        "epochs": epochs,
        "batch": number,
        "batches": 25,
        "losses": _losses(epoch),
        "lr": 0.001 * (1 - epoch / (epochs + 1)),
        "images_per_s": 14.6,
        "memory_mb": 1210.5,
        "elapsed_s": 26.4 * epoch + number,
        "eta_s": 26.4 * (epochs - epoch),
    }


def epoch(number: int, epochs: int) -> Told:
    rise = 1 - math.exp(-number / max(epochs / 6, 1))
    metrics = {
        "precision": 0.9 * rise,
        "recall": 0.87 * rise,
        "map50": 0.93 * rise,
        "map50_95": 0.66 * rise,
        "mask_map50": 0.92 * rise,
        "mask_map50_95": 0.63 * rise,
    }
    classes = [
        {"name": name, "pictures": 97, "objects": 290 - 9 * index}
        | {key: value * (1 - 0.05 * index) for key, value in metrics.items()}
        for index, name in enumerate(NAMES)
    ]
    return "epoch", {
        "epoch": number,
        "epochs": epochs,
        "losses": _losses(number),
        "val_losses": {name: 1.1 * value for name, value in _losses(number).items()},
        "metrics": metrics,
        "classes": classes,
        "lr": 0.001 * (1 - number / (epochs + 1)),
        "images_per_s": 14.6,
        "memory_mb": 1210.5,
        "elapsed_s": 26.4 * number,
        "eta_s": 26.4 * (epochs - number),
        "is_best": number % 3 != 0,
    }


def preview(folder: RunFolder, number: int) -> Told:
    place = folder.previews / f"{number:05d}"
    place.mkdir(parents=True, exist_ok=True)
    pictures = []
    for index, name in enumerate(PICTURES):
        path = place / f"{index}.jpg"
        level = 60 + 40 * index
        Image.fromarray(np.full((180, 240, 3), level, np.uint8)).save(path)
        found = min(9, number)
        pictures.append(
            {"name": name, "path": str(path), "found": found, "labelled": 9, "false": 1}
        )
    return "preview", {"epoch": number, "pictures": pictures}


def write_curves(folder: RunFolder) -> None:
    xs = [index / 200 for index in range(201)]
    falling = [1 - x**4 for x in xs]
    hill = [4 * x * (1 - x) for x in xs]
    by_class = {name: falling for name in NAMES}
    one = {
        "pr": {"x": xs, "classes": by_class},
        "f1": {"x": xs, "classes": {name: hill for name in NAMES}},
        "precision": {"x": xs, "classes": by_class},
        "recall": {"x": xs, "classes": by_class},
    }
    content = {
        "names": list(NAMES),
        # Rows are what was found, columns what is labelled; the last of both is the background.
        "confusion": [[90, 1, 0, 2], [0, 80, 2, 1], [0, 0, 88, 4], [3, 4, 5, 0]],
        "confidence": 0.25,
        "curves": {"box": one, "mask": one},
    }
    folder.curves.write_text(json.dumps(content), encoding="utf-8")


def finished(folder: RunFolder, epochs: int, *, stopped: bool = False) -> Told:
    return "finished", {
        "best": str(folder.best),
        "last": str(folder.last),
        "metrics": epoch(epochs, epochs)[1]["metrics"],
        "epochs": epochs,
        "stopped": stopped,
        "curves": str(folder.curves),
    }


def story(folder: RunFolder, epochs: int, wanted: int | None = None) -> Iterator[Told]:
    """Yield what a training of so many epochs tells, up to the end of the last."""
    wanted = wanted or epochs
    yield preparing(folder)
    yield started(wanted)
    for number in range(1, epochs + 1):
        for place in range(1, 26, 8):
            yield batch(number, wanted, place)
        yield "validation", {"epoch": number}
        yield epoch(number, wanted)
        if number % 5 == 0:
            yield preview(folder, number)
        yield "checkpoint", {
            "epoch": number, "path": str(folder.last), "is_best": number % 3 != 0
        }  # fmt: skip


def write_run(
    base: Path, epochs: int = 20, *, stage: Stage = Stage.FINISHED, name: str = "tubes"
) -> RunFolder:
    """Write a run that ended, its weights files empty."""
    config = TrainConfig(model="yolo11n-seg:iou=wiou3", epochs=max(epochs, 1), name=name)
    folder = RunFolder.create(config, base)
    with closing(EventLog(folder.events, folder.name)) as log:
        for event, values in story(folder, epochs):
            log.write(event, **values)
        if stage in (Stage.FINISHED, Stage.STOPPED):
            event, values = finished(folder, epochs, stopped=stage is Stage.STOPPED)
            log.write(event, **values)
    write_curves(folder)
    for path in (folder.best, folder.last, folder.state):
        path.write_bytes(b"")
    last = epoch(epochs, epochs)[1]
    folder.write_summary(
        Summary(
            stage=stage.value,
            recipe="yolo11n-seg:iou=wiou3",
            task="segment",
            device="CPU",
            epoch=epochs,
            epochs=epochs,
            best_epoch=epochs,
            metrics=last["metrics"],
            seconds=26.4 * epochs,
        )
    )
    return folder


def _losses(number: int) -> dict[str, float]:
    return {
        name: height * (0.3 + math.exp(-number / 15))
        for name, height in (("box", 1.8), ("cls", 2.5), ("dfl", 1.6), ("seg", 3.0))
    }
