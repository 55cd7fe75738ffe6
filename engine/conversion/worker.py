"""The process that exports weights: reads its folder, tells what happens, leaves a file.

main.py --export-worker FOLDER
"""

from __future__ import annotations

import os
import threading
import time
import traceback
from pathlib import Path

import psutil

from engine import device, i18n
from engine.config import check_input_size
from engine.conversion import place
from engine.conversion.formats import STAGES, Format
from engine.conversion.job import Job
from engine.errors import EngineError, ExportError, writing_failed
from engine.i18n import N_, translate
from engine.training.events import EventLog

TOLERANCE, HALF_TOLERANCE = 1e-3, 1.0
"""Most that outputs may differ from torch's, relative to values above 1.

Half precision is told and left to judge; beyond its limit nothing of the weights is left.
"""

_LOOK_EVERY_S = 0.1


def main(folder: Path) -> int:
    """Carry out the export of a folder; return 0 done, 2 failed."""
    i18n.activate(i18n.preferred())
    job = Job.open(folder)
    log = EventLog(job.events, job.name)
    _Guard(job).start()
    try:
        export(job, log)
    except EngineError as error:
        # A disk that is full has room for these words then.
        place.remove(job.made)
        log.write("failed", message=error.message, hint=error.hint)
        return 2
    except BaseException as error:  # noqa: BLE001 - the last words of this process
        traceback.print_exc()
        reason = str(error).strip().split("\n")[0].rstrip(".") or type(error).__name__
        log.write(
            "failed",
            message=translate(N_("The export failed: {reason}.")).format(reason=reason),
            hint=translate(N_("{log} tells more.")).format(log=job.log),
        )
        return 2
    finally:
        log.close()
    return 0


def export(job: Job, log: EventLog) -> None:
    """Export weights as a job says and tell it.

    Raises:
        EngineError: The weights, a setting or the target cannot be used, or the export differs from
            the weights.
    """
    began = time.monotonic()

    def tell(stage: str) -> None:
        log.write("stage", stage=stage, done=STAGES.index(stage), total=len(STAGES))

    tell("read")
    device.prepare()
    import torch

    from engine.conversion.metadata import describe
    from engine.conversion.network import portable
    from engine.conversion.writers import WRITERS, Order
    from engine.models import checkpoint

    config, chosen = job.config, job.chosen
    if chosen.needs_cuda and not torch.cuda.is_available():
        raise ExportError(
            N_("{format} is written on a CUDA card, and torch sees none here."),
            N_("Choose another format, or export on the machine that will run it."),
            format=chosen.title,
        )
    torch.set_num_threads(device.cores())
    found = checkpoint.read(config.weights)
    info = found.info
    check_input_size(config.input_size, info.stride)
    # Ultralytics writes sizes into checkpoints as they were asked for.
    size = config.input_size or -(-info.input_size // info.stride) * info.stride
    tell("fold")
    network = portable(
        found.network, size=size, batch=config.batch, dynamic=config.dynamic, kind=chosen.name
    )
    order = Order(
        network=network,
        trials=network.trials(info.stride),
        metadata=describe(info, network, config),
        half=config.half,
        folder=job.made,
        name=job.target.name.removesuffix(chosen.suffix) or info.name,
        tell=tell,
    )
    try:
        written = WRITERS[chosen.name](order)
    except OSError as error:
        raise writing_failed(error, job.folder.parent, ExportError) from error
    _judge(written.difference, chosen, config.half)
    tell("write")
    size_b = place.put(written.path, job.target, job.part, chosen)
    log.write(
        "finished",
        path=str(job.target),
        bytes=size_b,
        difference=written.difference,
        format=chosen.name,
        task=info.task,
        input_size=size,
        batch=config.batch,
        half=config.half,
        dynamic=config.dynamic,
        seconds=round(time.monotonic() - began, 2),
    )


def _judge(difference: float | None, chosen: Format, half: bool) -> None:
    most = HALF_TOLERANCE if half else TOLERANCE
    if difference is not None and difference > most:
        raise ExportError(
            N_("What {format} computes differs from the weights by {difference:.1e}."),
            N_("At most {most:.0e} is allowed, so nothing was written. Choose another format."),
            format=chosen.title,
            difference=difference,
            most=most,
        )


class _Guard(threading.Thread):
    """Ends this process at once where it is told to, or where nobody waits for it any more."""

    def __init__(self, job: Job) -> None:
        super().__init__(name="labsight-guard", daemon=True)
        self._job = job

    def run(self) -> None:
        while self._is_waited_for():
            if self._job.is_cancelled:
                os._exit(130)
            time.sleep(_LOOK_EVERY_S)
        self._job.clear()
        os._exit(130)

    def _is_waited_for(self) -> bool:
        try:
            return psutil.Process(self._job.parent).status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False
