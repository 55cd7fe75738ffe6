"""The whole window while a real training is under way beside it on the same cores."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from benchmarks.harness import Measurement, Plan, at_most, in_fresh_process
from benchmarks.offscreen import Gaps, rest, shown_window, until
from benchmarks.training import BATCH, SIZE, data_of
from engine.config import RunConfig

WATCHED_S = 30
GAP_MS = 50.0
RUNS = 3


def measure(plan: Plan) -> list[Measurement]:
    """Measure the longest time between two ticks while a training is watched."""
    data = data_of(plan)
    seconds = plan.size(WATCHED_S)
    gaps = [in_fresh_process(watch, data, seconds) for _ in range(min(plan.repeats, RUNS))]
    return [at_most("a training: longest gap between ticks", median(gaps), "ms", GAP_MS)]


def watch(data: Path, seconds: float) -> float:
    """Train in another process, with the window shown off screen; return the longest gap in ms."""
    with shown_window() as application:
        window, training = application.window, application.controller.training
        assert window is not None
        state = training.state
        window.show_tab("train")
        training.setup.choose_data(data)
        until(application, lambda: state.data is not None)
        training.setup.set_weights(RunConfig().weights)
        training.setup.change(epochs=500, input_size=SIZE, batch=BATCH)
        training.runs.begin()
        until(application, lambda: state.record is not None and len(state.record.epochs) > 0)
        # Pictures and plots are loaded with the first epoch.
        rest(application, 2.0, lambda: False)
        gaps = Gaps(lambda: "watched")
        rest(application, seconds, lambda: not state.engaged)
        gaps.stop()
        ended: list[bool] = []
        training.runs.end(lambda: ended.append(True))
        until(application, lambda: bool(ended))
    return gaps.longest_ms.get("watched", 0.0)
