"""Training: pictures a second and what is learned, beside ultralytics' own trainer.

The peer is `YOLO(weights).train(...)` as its manual says, with the same settings and its charts
switched off. It sets torch to one thread fewer than there are cores; it runs that way and with all
cores. Every run is a process of its own; they take turns.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from benchmarks.harness import Measurement, Plan, at_least, at_most, in_fresh_process
from engine import device
from engine.config import RunConfig
from engine.scenes.tubes import CLASS_NAMES
from engine.training.config import TrainConfig
from engine.training.folder import RunFolder
from engine.training.launch import Training
from engine.training.tube_data import render_split

TRAIN, VAL = 96, 32
SIZE, BATCH = 320, 16
EPOCHS = 3
EPOCHS_TO_LEARN = 15
FIRST_SEED = 3_000_000
LEAST_RATIO = 0.95
MOST_BEHIND = 0.02
MOST_SHOWING = 3.0
RECIPES = {"segment": "yolo11n-seg", "detect": "yolo11n"}


@dataclass(frozen=True, slots=True)
class Pass:
    """One training.

    Attributes:
        images_per_s: Of the last epoch, validation left out.
        metrics: Of the best weights, by our names.
        showing: Share of the time that went into pictures for the person who watches, percent.
    """

    images_per_s: float
    metrics: dict[str, float]
    showing: float = 0.0


def measure(plan: Plan) -> list[Measurement]:
    """Compare the rates of training on rendered pictures, or on a data set of your own."""
    data, weights = data_of(plan), plan.weights or RunConfig().weights
    epochs = EPOCHS
    turns: dict[str, list[Pass]] = {}
    for _ in range(plan.repeats):
        turns.setdefault("LabSight", []).append(
            in_fresh_process(ours, data, weights, epochs, plan.folder)
        )
        for threads in sorted({max(1, device.cores() - 1), device.cores()}):
            name = f"peer, {threads} thread{'s' * (threads > 1)}"
            turns.setdefault(name, []).append(
                in_fresh_process(peer, data, weights, epochs, plan.folder, threads)
            )
    rates = {name: median(one.images_per_s for one in runs) for name, runs in turns.items()}
    pairs = [
        at_least(
            f"LabSight / {name}",
            median(
                one.images_per_s / other.images_per_s
                for one, other in zip(turns["LabSight"], runs, strict=True)
            ),
            "",
            LEAST_RATIO,
        )
        for name, runs in turns.items()
        if name != "LabSight"
    ]
    figures = [Measurement(f"{name}: pictures", rate, "1/s") for name, rate in rates.items()]
    showing = median(one.showing for one in turns["LabSight"])
    return [*pairs, *figures, at_most("share of pictures to look at", showing, "%", MOST_SHOWING)]


def measure_learning(plan: Plan) -> list[Measurement]:
    """Compare what both have learned after some epochs."""
    data, weights = data_of(plan), plan.weights or RunConfig().weights
    one = in_fresh_process(ours, data, weights, EPOCHS_TO_LEARN, plan.folder)
    other = in_fresh_process(
        peer, data, weights, EPOCHS_TO_LEARN, plan.folder, max(1, device.cores() - 1)
    )
    name = data.parent.name
    figures = []
    for key, title in (("map50", "box mAP50"), ("mask_map50", "mask mAP50")):
        if key not in other.metrics:
            continue
        mine, theirs = one.metrics[key], other.metrics[key]
        figures += [
            at_least(f"{name}: {title}, LabSight - peer", mine - theirs, "", -MOST_BEHIND),
            Measurement(f"{name}: {title}, LabSight", mine, ""),
            Measurement(f"{name}: {title}, peer", theirs, ""),
        ]
    return figures


def ours(data: Path, weights: Path, epochs: int, folder: Path) -> Pass:
    """Train as the window does, in a process of its own."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        config = TrainConfig(
            data=data,
            model=RECIPES[_task(data)],
            weights=weights,
            epochs=epochs,
            input_size=SIZE,
            batch=BATCH,
            device="cpu",
        )
        training = Training.begin(RunFolder.create(config, Path(scratch)))
        events = [event for event in training.events() if event is not None]
        training.wait()
    if events[-1]["event"] != "finished":
        raise RuntimeError(events[-1])
    told = [event for event in events if event["event"] == "epoch"]
    showing = sum(event["seconds"] for event in events if event["event"] == "preview")
    return Pass(
        images_per_s=told[-1]["images_per_s"],
        metrics=events[-1]["metrics"],
        showing=100 * showing / told[-1]["elapsed_s"],
    )


def peer(data: Path, weights: Path, epochs: int, folder: Path, threads: int) -> Pass:
    """Train as ultralytics' manual says."""
    device.prepare()
    import torch
    from ultralytics import YOLO

    from engine.training.teller import metrics_of

    began: list[float] = []
    rates: list[float] = []

    def finish(trainer: Any) -> None:  # noqa: ANN401
        rates.append(len(trainer.train_loader.dataset) / (time.monotonic() - began[-1]))

    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        model = YOLO(weights)
        model.add_callback("on_train_start", lambda _: torch.set_num_threads(threads))
        model.add_callback("on_train_epoch_start", lambda _: began.append(time.monotonic()))
        model.add_callback("on_train_epoch_end", finish)
        model.train(
            data=str(data),
            epochs=epochs,
            imgsz=SIZE,
            batch=BATCH,
            seed=0,
            device="cpu",
            plots=False,
            verbose=False,
            project=scratch,
            name="peer",
        )
        return Pass(rates[-1], metrics_of(model.trainer.metrics))


def data_of(plan: Plan) -> Path:
    """Return the description of the data set."""
    if plan.pictures is not None:
        given = plan.pictures.resolve()
        return given / "data.yaml" if given.is_dir() else given
    train, val = plan.size(TRAIN), plan.size(VAL)
    return plan.made(f"training-{train}-{val}", lambda folder: _render(folder, train, val)) / (
        "data.yaml"
    )


def _render(folder: Path, train: int, val: int) -> None:
    render_split(folder, "train", train, FIRST_SEED)
    render_split(folder, "val", val, FIRST_SEED + train)
    content = {"train": "images/train", "val": "images/val", "names": list(CLASS_NAMES)}
    (folder / "data.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")


def _task(data: Path) -> str:
    """Return the larger of the tasks that a data set is labelled for."""
    from engine.datasets import tasks_of

    return next(task for task in RECIPES if task in tasks_of(data))
