"""From ultralytics' callbacks to events, and from commands to what ultralytics understands."""

from __future__ import annotations

import dataclasses
import os
import time
from typing import Any

import psutil

from engine import device
from engine.errors import Cancelled
from engine.i18n import N_, translate
from engine.training import state
from engine.training.events import EventLog
from engine.training.folder import RunFolder, Summary
from engine.training.record import Stage

BATCH_EVENT_EVERY_S = 0.25
_EARLY = 0.002

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


class Teller:
    """Tells what a trainer does and lets it obey.

    Args:
        trainer: Of `engine.training.trainer`.
        folder: Of the run.
        log: Of its events.
        summary: Of what is known before the first epoch.
        gflops: Of the network at its input size.
    """

    def __init__(
        self,
        trainer: Any,  # noqa: ANN401 - ultralytics is not typed
        folder: RunFolder,
        log: EventLog,
        summary: Summary,
        gflops: float,
    ) -> None:
        """Listen to the trainer."""
        self._trainer = trainer
        self._folder = folder
        self._log = log
        self._gflops = gflops
        self.summary = summary
        self._told = 0.0
        self._batch = 0
        self._began = self._epoch_began = time.monotonic()
        self._train_s = 0.0
        self._pictures = 0
        for event, answer in (
            ("on_train_start", self._on_start),
            ("on_train_epoch_start", self._on_epoch_start),
            ("on_train_batch_end", self._on_batch),
            ("on_train_epoch_end", self._on_trained),
            ("on_val_start", self._on_validation),
            ("on_val_batch_start", self._obey),
            ("on_model_save", self._on_saved),
            ("on_fit_epoch_end", self._on_epoch),
            ("on_batch_lowered", self._on_lowered),
        ):
            trainer.add_callback(event, answer)

    def told(self, stage: Stage, message: str = "") -> None:
        """Say in the summary where the run is."""
        seconds = self._trainer.seconds
        self.summary = dataclasses.replace(
            self.summary, stage=stage.value, seconds=round(seconds, 1), message=message
        )
        self._folder.write_summary(self.summary)

    def _obey(self, _: object = None) -> None:
        if self._folder.is_told("cancel"):
            raise Cancelled
        if self._folder.is_told("stop"):
            self._trainer.stop = True

    def _on_start(self, trainer: Any) -> None:  # noqa: ANN401
        import torch

        # Ultralytics leaves torch one core fewer than there are.
        torch.set_num_threads(device.cores())
        if trainer._job.state is not None:
            state.restore_chance(trainer, trainer._job.state)
        start = trainer.start
        self._log.write(
            "started",
            parameters=sum(each.numel() for each in trainer.model.parameters()),
            gflops=self._gflops,
            carried=None if start is None else start["carried"],
            new=[] if start is None else start["new"],
            pictures=len(trainer.train_loader.dataset),
            validation=len(trainer.test_loader.dataset),
            batches=len(trainer.train_loader),
            epochs=trainer.epochs,
            first_epoch=trainer.start_epoch + 1,
            optimizer=type(trainer.optimizer).__name__,
        )
        self._began = time.monotonic()
        self.told(Stage.TRAINING)

    def _on_lowered(self, trainer: Any) -> None:  # noqa: ANN401
        tell_lowered(self._log, trainer.epoch + 1, trainer.batch_size)

    def _on_epoch_start(self, _: object) -> None:
        self._epoch_began = time.monotonic()
        self._batch = self._pictures = 0

    def _on_batch(self, trainer: Any) -> None:  # noqa: ANN401
        self._batch += 1
        self._pictures += trainer.batch_size
        now = time.monotonic()
        if now - self._told >= BATCH_EVENT_EVERY_S:
            self._told = now
            batches = len(trainer.train_loader)
            done = trainer.epoch - trainer.start_epoch + self._batch / batches
            left = trainer.epochs - trainer.start_epoch - done
            self._log.write(
                "batch",
                epoch=trainer.epoch + 1,
                epochs=trainer.epochs,
                batch=self._batch,
                batches=batches,
                losses=_losses(trainer.loss_items),
                lr=trainer.optimizer.param_groups[0]["lr"],
                images_per_s=round(self._pictures / max(now - self._epoch_began, 1e-9), 2),
                memory_mb=_memory_mb(trainer),
                elapsed_s=round(trainer.seconds, 1),
                eta_s=round((now - self._began) / done * left, 1) if done > _EARLY else None,
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
        is_best = trainer.best_fitness == trainer.fitness
        metrics = metrics_of(trainer.metrics)
        self._log.write(
            "epoch",
            epoch=done,
            epochs=trainer.epochs,
            losses=_losses(trainer.tloss),
            val_losses=_val_losses(trainer.metrics),
            metrics=metrics,
            classes=_classes(trainer.validator),
            lr=trainer.optimizer.param_groups[0]["lr"],
            images_per_s=round(pictures / max(self._train_s, 1e-9), 2),
            memory_mb=_memory_mb(trainer),
            elapsed_s=round(trainer.seconds, 1),
            eta_s=0.0 if trainer.stop else round(mean_s * (trainer.epochs - done), 1),
            is_best=is_best,
        )
        if trainer.shown:
            self._log.write("preview", epoch=done, **trainer.shown)
        best = {"best_epoch": done, "metrics": metrics} if is_best else {}
        self.summary = dataclasses.replace(self.summary, epoch=done, **best)
        self.told(Stage.TRAINING)


def tell_lowered(log: EventLog, epoch: int, batch: int) -> None:
    """Tell that the memory was too small and the batch is smaller from an epoch on."""
    text = translate(N_("Memory was too small: the batch is {batch} pictures now."))
    log.write("notice", epoch=epoch, text=text.format(batch=batch))


def metrics_of(values: dict[str, Any] | None) -> dict[str, float]:
    """Return metrics of ultralytics by our names."""
    named = {key.removeprefix("metrics/"): value for key, value in (values or {}).items()}
    return {name: round(float(named[key]), 5) for key, name in _METRICS.items() if key in named}


def _losses(items: dict[str, Any] | None) -> dict[str, float]:
    """Return the losses by name; what YOLO26 alone has is 0 elsewhere and left out."""
    return {
        name.removesuffix("_loss"): round(float(value), 5)
        for name, value in (items or {}).items()
        if name != "sem_loss" or value
    }


def _val_losses(metrics: dict[str, Any]) -> dict[str, float]:
    return _losses(
        {
            key.removeprefix("val/"): value
            for key, value in metrics.items()
            if key.startswith("val/")
        }
    )


def _classes(validator: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """Return how well each class was found in a validation; nothing to classify."""
    metrics = validator.metrics
    if not hasattr(metrics, "box") or metrics.nt_per_class is None:
        return []
    keys = ["precision", "recall", "map50", "map50_95"]
    found = {int(index): place for place, index in enumerate(metrics.ap_class_index)}
    rows = []
    for index, name in validator.names.items():
        row = {
            "name": str(name),
            "pictures": int(metrics.nt_per_image[index]),
            "objects": int(metrics.nt_per_class[index]),
        }
        if index in found:
            row |= _rounded(keys, metrics.box.class_result(found[index]))
            if hasattr(metrics, "seg"):
                masks = metrics.seg.class_result(found[index])[2:]
                row |= _rounded(["mask_map50", "mask_map50_95"], masks)
        rows.append(row)
    return rows


def _rounded(keys: list[str], values: Any) -> dict[str, float]:  # noqa: ANN401
    return {key: round(float(value), 5) for key, value in zip(keys, values, strict=True)}


def _memory_mb(trainer: Any) -> float:  # noqa: ANN401
    if trainer.device.type == "cpu":
        return round(psutil.Process(os.getpid()).memory_info().rss / 2**20, 1)
    return round(float(trainer._get_memory()) * 1024, 1)
