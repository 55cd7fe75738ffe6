"""The process that trains: reads its folder, tells what happens, leaves weights.

main.py --train-worker FOLDER
"""

from __future__ import annotations

import os
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from engine import datasets, device, i18n
from engine.config import check_input_size
from engine.errors import Cancelled, EngineError
from engine.i18n import N_, translate
from engine.training.config import TrainConfig
from engine.training.events import EventLog
from engine.training.folder import HEARTBEAT_S, RunFolder

BATCH_EVENT_EVERY_S = 0.1
_SIZE, _SIZE_TO_CLASSIFY = 640, 224

_METRICS = {
    "precision(B)": "precision",
    "recall(B)": "recall",
    "mAP50(B)": "map50",
    "mAP50-95(B)": "map50_95",
    "mAP50(M)": "mask_map50",
    "mAP50-95(M)": "mask_map50_95",
    "mAP50(P)": "pose_map50",
    "mAP50-95(P)": "pose_map50_95",
    "accuracy_top1": "top1",
    "accuracy_top5": "top5",
}


def main(path: Path) -> int:
    """Carry out the training of a folder; return 0 done, 2 failed, 130 cancelled."""
    i18n.activate(i18n.preferred())
    folder = RunFolder(path)
    log = EventLog(folder.events, folder.name)
    _Heart(folder).start()
    try:
        train(folder.config(), folder, log)
    except Cancelled:
        log.write("cancelled")
        return 130
    except EngineError as error:
        log.write("failed", message=error.message, hint=error.hint)
        return 2
    except BaseException as error:  # noqa: BLE001 - the last words of this process
        traceback.print_exc()
        log.write(
            "failed",
            message=translate(N_("The training failed: {reason}.")).format(
                reason=str(error).strip().split("\n")[0].rstrip(".") or type(error).__name__
            ),
            hint=translate(N_("{log} tells more.")).format(log=folder.log),
        )
        return 2
    finally:
        log.close()
    return 0


def train(config: TrainConfig, folder: RunFolder, log: EventLog) -> None:
    """Train as a config says and tell it.

    Raises:
        EngineError: The recipe, the data or the weights cannot be used, or the training failed.
        Cancelled: It was told to.
    """
    device.prepare()
    import torch

    from engine.models import checkpoint, plan
    from engine.models.graph import mask_stride
    from engine.models.recipe_files import resolve
    from engine.training.trainer import Job, make

    recipe = resolve(config.model)
    graph = plan.draw(recipe)
    task = graph.design.task
    size = config.input_size or (_SIZE_TO_CLASSIFY if task == "classify" else _SIZE)
    check_input_size(size, graph.stride)
    data = datasets.find(config.data, task)
    data.describe(folder.data)
    start = None if config.weights is None else checkpoint.read(config.weights)
    chosen = device.choose(config.device)
    torch.set_num_threads(device.cores())
    log.write(
        "preparing",
        recipe=str(recipe),
        task=task,
        device=device.describe(chosen),
        data=str(data.source),
        classes=list(data.names),
        folder=str(folder.path),
    )
    trainer = make(
        Job(recipe, start, config.weights, data, folder),
        task,
        {
            # Never read: our network stands in its place.
            "model": "yolo11n.yaml",
            "data": str(data.source if task == "classify" else folder.data),
            "epochs": config.epochs,
            "imgsz": size,
            "batch": config.batch,
            "seed": config.seed,
            "device": str(chosen.index) if chosen.type == "cuda" else chosen.type,
            "workers": 0 if chosen.type == "cpu" else min(8, device.cores()),
            "amp": chosen.type == "cuda",
            "deterministic": True,
            "plots": False,
            "verbose": False,
            "save_dir": str(folder.path / "work"),
            "exist_ok": True,
            # Labels as fine as the masks of the network.
            **({"mask_ratio": mask_stride(graph)} if task == "segment" else {}),
        },
    )
    _Teller(trainer, folder, log).listen()
    trainer.train()
    log.write(
        "finished",
        best=str(folder.best),
        last=str(folder.last),
        metrics=_metrics(trainer.metrics),
        epochs=trainer.epoch + 1,
    )


class _Teller:
    """Turns ultralytics' callbacks into events, and commands into what ultralytics understands."""

    def __init__(self, trainer: Any, folder: RunFolder, log: EventLog) -> None:  # noqa: ANN401
        self._trainer = trainer
        self._folder = folder
        self._log = log
        self._told = 0.0
        self._batch = 0
        self._began = self._epoch_began = time.monotonic()
        self._train_s = 0.0
        self._pictures = 0

    def listen(self) -> None:
        for event, answer in (
            ("on_train_start", self._on_start),
            ("on_train_epoch_start", self._on_epoch_start),
            ("on_train_batch_end", self._on_batch),
            ("on_train_epoch_end", self._on_trained),
            ("on_val_start", self._on_validation),
            ("on_val_batch_start", self._obey),
            ("on_model_save", self._on_saved),
            ("on_fit_epoch_end", self._on_epoch),
        ):
            self._trainer.add_callback(event, answer)

    def _obey(self, _: object = None) -> None:
        if self._folder.is_told("cancel"):
            raise Cancelled
        if self._folder.is_told("stop"):
            self._trainer.stop = True

    def _on_start(self, trainer: Any) -> None:  # noqa: ANN401
        import torch

        # Ultralytics leaves torch one core fewer than there are.
        torch.set_num_threads(device.cores())
        carried = trainer.carried
        self._log.write(
            "started",
            parameters=sum(each.numel() for each in trainer.model.parameters()),
            carried=None if carried is None else round(carried.share, 4),
            new=[] if carried is None else list(carried.new),
            pictures=len(trainer.train_loader.dataset),
            validation=len(trainer.test_loader.dataset),
            batches=len(trainer.train_loader),
        )
        self._began = time.monotonic()

    def _on_epoch_start(self, _: object) -> None:
        self._epoch_began = time.monotonic()
        self._batch = self._pictures = 0

    def _on_batch(self, trainer: Any) -> None:  # noqa: ANN401
        self._batch += 1
        self._pictures += trainer.batch_size
        now = time.monotonic()
        if now - self._told >= BATCH_EVENT_EVERY_S:
            self._told = now
            self._log.write(
                "batch",
                epoch=trainer.epoch + 1,
                batch=self._batch,
                batches=len(trainer.train_loader),
                losses=_losses(trainer.loss_items),
                lr=trainer.optimizer.param_groups[0]["lr"],
            )
        self._obey()

    def _on_trained(self, _: object) -> None:
        self._train_s = time.monotonic() - self._epoch_began

    def _on_validation(self, _: object) -> None:
        trainer = self._trainer
        self._log.write("validation", epoch=min(trainer.epoch + 1, trainer.epochs))

    def _on_saved(self, trainer: Any) -> None:  # noqa: ANN401
        is_best = trainer.best_fitness == trainer.fitness
        self._log.write(
            "checkpoint", epoch=trainer.epoch + 1, path=str(self._folder.last), is_best=is_best
        )

    def _on_epoch(self, trainer: Any) -> None:  # noqa: ANN401
        done = trainer.epoch + 1
        mean_s = (time.monotonic() - self._began) / (done - trainer.start_epoch)
        pictures = min(self._pictures, len(trainer.train_loader.dataset))
        self._log.write(
            "epoch",
            epoch=done,
            epochs=trainer.epochs,
            losses=_losses(trainer.tloss),
            metrics=_metrics(trainer.metrics),
            lr=trainer.optimizer.param_groups[0]["lr"],
            images_per_s=round(pictures / max(self._train_s, 1e-9), 2),
            memory_mb=_memory_mb(trainer),
            eta_s=0.0 if trainer.stop else round(mean_s * (trainer.epochs - done), 1),
        )


class _Heart(threading.Thread):
    """Says every few seconds that this process is alive."""

    def __init__(self, folder: RunFolder) -> None:
        super().__init__(name="labsight-heart", daemon=True)
        self._folder = folder

    def run(self) -> None:
        while True:
            # A full disk must not end the training by itself; its weights would tell.
            with suppress(OSError):
                self._folder.beat()
            time.sleep(HEARTBEAT_S)


def _losses(items: dict[str, Any] | None) -> dict[str, float]:
    """Return the losses by name; what YOLO26 alone has is 0 elsewhere and left out."""
    return {
        name.removesuffix("_loss"): round(float(value), 5)
        for name, value in (items or {}).items()
        if name != "sem_loss" or value
    }


def _metrics(values: dict[str, Any] | None) -> dict[str, float]:
    named = {key.removeprefix("metrics/"): value for key, value in (values or {}).items()}
    return {name: round(float(named[key]), 5) for key, name in _METRICS.items() if key in named}


def _memory_mb(trainer: Any) -> float:  # noqa: ANN401
    if trainer.device.type == "cpu":
        return round(psutil.Process(os.getpid()).memory_info().rss / 2**20, 1)
    return round(float(trainer._get_memory()) * 1024, 1)
