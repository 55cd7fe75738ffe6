"""The process that trains: reads its folder, tells what happens, leaves weights.

main.py --train-worker FOLDER
"""

from __future__ import annotations

import dataclasses
import errno
import gc
import threading
import time
import traceback
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from engine import device, i18n
from engine.awake import awake
from engine.errors import Cancelled, EngineError, TrainingError
from engine.i18n import N_, translate
from engine.training.config import TrainConfig
from engine.training.events import EventLog
from engine.training.folder import HEARTBEAT_S, RunFolder
from engine.training.launch import DISK_FULL
from engine.training.record import Stage

_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_INTERNAL_ERROR",
    "unable to find an engine",
)
"""What torch says of too little memory."""

def main(path: Path) -> int:
    """Carry out the training of a folder; return 0 done, 2 failed, 130 cancelled."""
    i18n.activate(i18n.preferred())
    folder = RunFolder(path)
    try:
        log = EventLog(folder.events, folder.name)
        _Heart(folder).start()
        _step_back()
        try:
            with awake():
                return _tell_end(folder, log)
        finally:
            log.close()
    except OSError as error:
        traceback.print_exc()
        return DISK_FULL if error.errno == errno.ENOSPC else 2


def _tell_end(folder: RunFolder, log: EventLog) -> int:
    """Train, and tell how it ended, whatever happens."""
    try:
        train(folder.config(), folder, log)
    except Cancelled:
        log.write("cancelled")
        _end(folder, Stage.CANCELLED)
        return 130
    except EngineError as error:
        log.write("failed", message=error.message, hint=error.hint)
        _end(folder, Stage.FAILED, error.message)
        return 2
    except BaseException as error:  # noqa: BLE001 - the last words of this process
        traceback.print_exc()
        message, hint = _last_words(error, folder)
        log.write("failed", message=message, hint=hint)
        _end(folder, Stage.FAILED, message)
        return 2
    return 0


def train(config: TrainConfig, folder: RunFolder, log: EventLog) -> None:
    """Train as a config says and tell it.

    A run that has been worked on goes on where it stopped.

    Raises:
        EngineError: The recipe, the data or the weights cannot be used, or the training failed.
        Cancelled: It was told to.
    """
    # Importing torch takes seconds: the window is told at once that somebody is at work.
    log.write("preparing", recipe=config.model, data=str(config.data), folder=str(folder.path))
    device.prepare()
    import torch

    torch.set_num_threads(device.cores())
    chosen = device.choose(config.device)
    with ExitStack() as held:
        lock = FileLock(folder.path.parent.parent / f".{chosen.type}{chosen.index or 0}.lock")
        try:
            held.enter_context(lock.acquire(timeout=0))
        except Timeout:
            raise TrainingError(
                N_("Another training is under way on this device."),
                N_("Wait for its end, stop it, or choose another device."),
            ) from None
        batch: int | None = None
        while True:
            try:
                _train(config, folder, log, chosen, batch)
                return
            except Exception as error:
                used = batch or config.batch
                if not _is_memory(error):
                    raise
                if used == 1:
                    raise TrainingError(
                        N_("The memory is too small even for one picture at a time."),
                        N_("Choose a smaller input size or a smaller recipe."),
                    ) from error
                batch = used // 2
                traceback.print_exc()
            # What failed is freed before the next try, not while its error is being handled.
            _free()
            _tell_lowered(folder, log, batch)


def _train(
    config: TrainConfig,
    folder: RunFolder,
    log: EventLog,
    chosen: Any,  # noqa: ANN401 - torch.device
    batch: int | None,
) -> None:
    from engine.models.measure import gigaflops
    from engine.training.setup import ready
    from engine.training.teller import Teller, metrics_of

    described = device.describe(chosen)
    prepared = ready(config, folder, chosen, batch)
    summary = dataclasses.replace(
        folder.summary(),
        stage=Stage.PREPARING.value,
        recipe=str(prepared.recipe),
        task=prepared.task,
        device=described,
        epochs=config.epochs,
        message="",
    )
    folder.write_summary(summary)
    log.write(
        "preparing",
        recipe=summary.recipe,
        task=summary.task,
        device=summary.device,
        data=str(prepared.data.source),
        classes=list(prepared.data.names),
        folder=str(folder.path),
        input_size=prepared.size,
        batch_size=prepared.batch,
        versions=device.versions(),
    )
    trainer = prepared.trainer
    gflops = round(gigaflops(prepared.recipe, prepared.graph, prepared.size), 2)
    teller = Teller(trainer, folder, log, summary, gflops)
    try:
        trainer.train()
    except Exception:
        # Whatever a library makes of pictures that are not there any more.
        prepared.data.refuse_if_gone()
        raise
    stopped = folder.is_told("stop")
    log.write(
        "finished",
        best=str(folder.best),
        last=str(folder.last),
        metrics=metrics_of(trainer.metrics),
        epochs=trainer.epoch + 1,
        stopped=stopped,
        curves=str(folder.curves),
    )
    teller.told(Stage.STOPPED if stopped else Stage.FINISHED)


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


def _step_back() -> None:
    """Let the window, and whatever else a person does, go before; it costs nothing else."""
    polite = getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", 10)
    with suppress(psutil.Error, OSError):
        psutil.Process().nice(polite)


def _end(folder: RunFolder, stage: Stage, message: str = "") -> None:
    summary = dataclasses.replace(folder.summary(), stage=stage.value, message=message)
    folder.write_summary(summary)


def _is_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(text in str(error) for text in _MEMORY)
    )


def _free() -> None:
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _tell_lowered(folder: RunFolder, log: EventLog, batch: int) -> None:
    from engine.training.teller import tell_lowered

    tell_lowered(log, folder.summary().epoch + 1, batch)


def _last_words(error: BaseException, folder: RunFolder) -> tuple[str, str]:
    """Return a sentence and a hint for an end that nobody foresaw."""
    if isinstance(error, FileNotFoundError):
        return (
            translate(N_("A picture of the data set is gone: {reason}.")).format(
                reason=error.filename or str(error).strip().rstrip(".")
            ),
            translate(N_("Bring the data back and go on with the training.")),
        )
    return (
        translate(N_("The training failed: {reason}.")).format(
            reason=str(error).strip().split("\n")[0].rstrip(".") or type(error).__name__
        ),
        translate(N_("{log} tells more.")).format(log=folder.log),
    )
