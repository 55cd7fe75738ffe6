"""The process that finds out what a training would be: it trains for a few batches.

main.py --train-check FOLDER
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import re
import shutil
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from engine import device, i18n
from engine.errors import EngineError
from engine.i18n import N_, translate
from engine.paths import home
from engine.training.config import TrainConfig
from engine.training.folder import RunFolder
from engine.training.preflight import ANSWER, CONFIG, Answer, Preflight

_BATCHES = 4
_MOST_PICTURES = 4
"""In a batch on a processor, where a full one would take minutes."""
_VALIDATING = 0.4
"""Time for a picture in validation as a share of that in training (measured, YOLO11n, 320 px)."""
_STATE_BYTES = 16
"""Per parameter: the weights, their moving average, and what the optimizer keeps."""
_WEIGHTS_BYTES = 4
"""Per parameter: best.pt and last.pt in half precision."""
_PREVIEWS_MB = 30.0


class _Enough(Exception):
    """The batches are done."""


def main(path: Path) -> int:
    """Answer in the folder; return 0 where there is an answer to the question, 2 else."""
    i18n.activate(i18n.preferred())
    config = TrainConfig.from_json(json.loads((path / CONFIG).read_text(encoding="utf-8")))
    try:
        answer = Answer(found=dataclasses.asdict(_look(config, path)))
    except EngineError as error:
        answer = Answer(message=error.message, hint=error.hint)
    except Exception as error:  # noqa: BLE001 - told in the window
        traceback.print_exc()
        message = translate(N_("The check failed: {reason}."))
        reason = str(error).strip().split("\n")[0].rstrip(".") or type(error).__name__
        answer = Answer(message=message.format(reason=reason))
    text = json.dumps(dataclasses.asdict(answer), ensure_ascii=False)
    (path / ANSWER).write_text(text, encoding="utf-8")
    return 0 if answer.found is not None else 2


def _look(config: TrainConfig, path: Path) -> Preflight:
    device.prepare()
    import torch

    from engine.models.measure import gigaflops, parameters
    from engine.training.setup import ready

    torch.set_num_threads(device.cores())
    chosen = device.choose(config.device)
    described = device.describe(chosen)
    small = chosen.type == "cpu"
    batch = min(config.batch, _MOST_PICTURES) if small else config.batch
    trial = dataclasses.replace(config, batch=batch)
    prepared = ready(trial, RunFolder(path), chosen)
    watch = _Watch(prepared.trainer, chosen)
    with suppress(_Enough):
        prepared.trainer.train()
    trainer = prepared.trainer
    count = parameters(trainer.model)
    pictures, validation = len(trainer.train_loader.dataset), len(trainer.test_loader.dataset)
    free_mb = _free_memory_mb(chosen)
    return Preflight(
        recipe=str(prepared.recipe),
        task=prepared.task,
        input_size=prepared.size,
        device=described,
        parameters=count,
        gflops=round(gigaflops(prepared.recipe, prepared.graph, prepared.size), 2),
        carried=None if trainer.carried is None else round(trainer.carried.share, 4),
        pictures=pictures,
        validation=validation,
        seconds_per_epoch=round(watch.each_s * (pictures + _VALIDATING * validation), 2),
        memory_mb=round(watch.memory_mb(config.batch / batch), 1),
        memory_free_mb=round(free_mb, 1),
        disk_mb=round(count * (_STATE_BYTES + _WEIGHTS_BYTES) / 2**20 + _PREVIEWS_MB, 1),
        disk_free_mb=round(_free_disk_mb(), 1),
    )


class _Watch:
    """Measures a few batches and ends the training.

    Attributes:
        each_s: Seconds a picture.
    """

    def __init__(self, trainer: Any, chosen: Any) -> None:  # noqa: ANN401
        self._chosen = chosen
        self._done = 0
        self._began = 0.0
        self._before_mb = self._peak_mb = 0.0
        self.each_s = math.inf
        trainer.add_callback("on_train_start", self._on_start)
        trainer.add_callback("on_train_batch_end", self._on_batch)
        trainer.add_callback("on_train_epoch_end", self._on_epoch)

    def memory_mb(self, times: float) -> float:
        """Return the memory for a batch so many times as large."""
        return self._before_mb + (self._peak_mb - self._before_mb) * times

    def _on_start(self, trainer: Any) -> None:  # noqa: ANN401
        import torch

        # Ultralytics leaves torch one core fewer than there are.
        torch.set_num_threads(device.cores())
        # What grows with the network but not with the batch: gradients and the optimizer's own.
        fixed = 12 * sum(each.numel() for each in trainer.model.parameters()) / 2**20
        self._before_mb = _used_mb(self._chosen) + fixed
        self._began = time.monotonic()

    def _on_batch(self, trainer: Any) -> None:  # noqa: ANN401
        self._peak_mb = max(self._peak_mb, _peak_mb(self._chosen), self._before_mb)
        self._done += 1
        now = time.monotonic()
        # The fastest tells what the machine can; libraries make themselves ready in the first.
        self.each_s = min(self.each_s, (now - self._began) / trainer.batch_size)
        self._began = now
        if self._done >= _BATCHES:
            raise _Enough

    def _on_epoch(self, _: object) -> None:
        raise _Enough


def _used_mb(chosen: Any) -> float:  # noqa: ANN401
    if chosen.type == "cuda":
        import torch

        return float(torch.cuda.memory_reserved(chosen)) / 2**20
    return float(psutil.Process(os.getpid()).memory_info().rss) / 2**20


def _peak_mb(chosen: Any) -> float:  # noqa: ANN401
    if chosen.type == "cuda":
        import torch

        return float(torch.cuda.max_memory_reserved(chosen)) / 2**20
    memory: Any = psutil.Process(os.getpid()).memory_info()
    if hasattr(memory, "peak_wset"):
        return float(memory.peak_wset) / 2**20
    if sys.platform == "linux":
        # What getrusage tells begins with the peak of the process that started this one.
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        (peak,) = re.findall(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
        return float(peak) / 2**10
    else:
        import resource

        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 2**20


def _free_memory_mb(chosen: Any) -> float:  # noqa: ANN401
    if chosen.type == "cuda":
        import torch

        return float(torch.cuda.mem_get_info(chosen)[1]) / 2**20
    return float(psutil.virtual_memory().total) / 2**20


def _free_disk_mb() -> float:
    place = home()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free / 2**20
