"""The live panel of a training: does the window ever stand still, and does its memory grow?

Events of many epochs are told far faster than a training tells them.
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.harness import MB, Measurement, Plan, at_most, in_fresh_process, memory_bytes
from engine.training.events import Event

EPOCHS = 500
LONG = 1000
EVERY_MS = 50
"""Between two epochs; a panel is told of news every 100 ms at most."""
BATCHES_SHOWN = 3
GAP_MS = 50.0
REFRESH_MS = 5.0
GAINED_MB = 20.0
SETTLED = 0.1
"""After this share of the epochs all that is loaded late is there."""
RUNS = 3

_SIZE = 1016, 700
_NAMES = ("cells", "gel", "serum")
_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Felt:
    """What a person would have felt.

    Attributes:
        gap_ms: The longest time between two ticks of the window.
        refresh_ms: The median time that the panel took for an epoch, painting left out.
        gained_bytes: By how much memory grew after the first tenth.
    """

    gap_ms: float
    refresh_ms: float
    gained_bytes: int


def measure(plan: Plan) -> list[Measurement]:
    """Measure the panel from the first epoch on, and on top of a thousand."""
    epochs = plan.size(EPOCHS)
    runs = [in_fresh_process(replay, epochs) for _run in range(min(plan.repeats, RUNS))]
    late = in_fresh_process(replay, plan.size(100), plan.size(LONG))
    told = f"{epochs} epochs"
    gap_ms = median(run.gap_ms for run in runs)
    gained = max(run.gained_bytes for run in runs)
    return [
        at_most(f"{told}: longest gap between ticks", gap_ms, "ms", GAP_MS),
        at_most(f"{told}: memory gained after the first tenth", gained / MB, "MB", GAINED_MB),
        at_most(
            f"after {plan.size(LONG)} epochs: an epoch more, UI thread, median",
            late.refresh_ms,
            "ms",
            REFRESH_MS,
        ),
        Measurement(
            f"after {plan.size(LONG)} epochs: longest gap between ticks", late.gap_ms, "ms"
        ),
    ]


def replay(epochs: int, before: int = 0) -> Felt:
    """Tell the panel of a run that goes on, in a process of its own and where nobody sees it.

    Args:
        epochs: That are told one by one.
        before: Epochs that are there when the panel is shown.
    """
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PyQt6.QtWidgets import QApplication

    from benchmarks.offscreen import Gaps
    from desktop import theme
    from desktop.app import SWITCH_EVERY_S
    from desktop.panels.training.live import LivePanel
    from engine.training.folder import RunFolder
    from engine.training.record import RunRecord

    sys.setswitchinterval(SWITCH_EVERY_S)
    app = QApplication(["benchmark"])
    theme.apply(app, "dark")
    record, last = RunRecord(), before + epochs
    with tempfile.TemporaryDirectory() as home:
        pictures = _draw(Path(home))
        for event in _begin(last):
            record.add(event)
        for number in range(1, before + 1):
            record.add(_epoch(number, last))
        panel = LivePanel()
        panel.resize(*_SIZE)
        panel.show()
        panel.show_record(record, RunFolder(Path(home)))
        _wait(EVERY_MS)
        record.add(_epoch(before + 1, last))
        panel.refresh()
        plots = panel.learning
        deadline = time.monotonic() + _WAIT_S
        while not (plots.losses.built and plots.metrics.built) and time.monotonic() < deadline:
            _wait(EVERY_MS)
        # What was loaded is painted once before anything is judged.
        _wait(10 * EVERY_MS)
        gaps, times, held = Gaps(lambda: "told"), [], 0
        for number in range(before + 2, last + 1):
            for event in _tell(number, last, pictures):
                record.add(event)
                began = time.perf_counter()
                panel.refresh()
                if event["event"] == "epoch":
                    times.append(time.perf_counter() - began)
            _wait(EVERY_MS)
            if number - before == max(2, round(SETTLED * epochs)):
                held = memory_bytes()
        gained = memory_bytes() - held
        gaps.stop()
        panel.close_threads()
        panel.close()
        panel.deleteLater()
        app.processEvents()
    app.quit()
    return Felt(gaps.longest_ms.get("told", 0.0), 1000 * median(times), gained)


def _wait(milliseconds: int) -> None:
    """Let the window live."""
    from PyQt6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def _draw(folder: Path) -> list[Path]:
    from engine.media import write_picture
    from engine.scenes.tubes import render_tubes

    paths = [folder / f"{number}.jpg" for number in range(6)]
    for number, path in enumerate(paths):
        write_picture(render_tubes(900_000 + number, (640, 480)).image, path)
    return paths


def _begin(epochs: int) -> Iterator[Event]:
    yield {"event": "preparing", "recipe": "yolo11n-seg", "device": "CPU", "data": "data.yaml"}
    yield {
        "event": "started", "epochs": epochs, "first_epoch": 1, "pictures": 386, "validation": 97,
    }  # fmt: skip


def _tell(number: int, epochs: int, pictures: list[Path]) -> Iterator[Event]:
    """Yield what a run tells of one epoch."""
    told = _epoch(number, epochs)
    for place in range(BATCHES_SHOWN):
        batch = {key: told[key] for key in ("epoch", "epochs", "losses", "lr", "images_per_s",
                                            "memory_mb", "elapsed_s", "eta_s")}  # fmt: skip
        yield batch | {"event": "batch", "batch": 8 * (place + 1), "batches": 25}
    yield {"event": "validation", "epoch": number}
    yield told
    if number % 10 == 0:
        shown = {"found": 8, "labelled": 9, "false": 1}
        yield {
            "event": "preview",
            "epoch": number,
            "pictures": [{"name": path.name, "path": str(path)} | shown for path in pictures],
        }


def _epoch(number: int, epochs: int) -> Event:
    wave = 0.02 * math.sin(7.0 * number)
    rise = 1 - math.exp(-number / 40) + wave
    metrics = {
        "precision": 0.9 * rise, "recall": 0.87 * rise, "map50": 0.9 * rise,
        "map50_95": 0.66 * rise, "mask_map50": 0.9 * rise, "mask_map50_95": 0.63 * rise,
    }  # fmt: skip
    losses = {name: top * (1.3 - rise) for name, top in
              (("box", 1.8), ("cls", 2.5), ("dfl", 1.6), ("seg", 3.0))}  # fmt: skip
    return {
        "event": "epoch",
        "epoch": number,
        "epochs": epochs,
        "losses": losses,
        "val_losses": {name: 1.1 * value for name, value in losses.items()},
        "metrics": metrics,
        "classes": [{"name": name, "pictures": 97, "objects": 290} | metrics for name in _NAMES],
        "lr": 0.001 * (1 - number / (epochs + 1)),
        "images_per_s": 14.6 + wave,
        "memory_mb": 1210.5,
        "elapsed_s": 26.4 * number,
        "eta_s": 26.4 * (epochs - number),
        "is_best": number % 7 == 0,
    }
