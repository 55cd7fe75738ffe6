"""From arguments to a table and a file of figures.

To add a benchmark: a module with `measure(plan) -> list[Measurement]` and one row in `BENCHMARKS`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from benchmarks import (
    depthwise,
    excel,
    gather,
    live,
    memory,
    overlay,
    pictures,
    report,
    scan,
    scrolling,
    store,
    table,
    training,
    training_ticks,
    training_window,
    video,
    window,
)
from benchmarks.harness import Measurement, Plan, surroundings

BENCHMARKS: dict[str, Callable[[Plan], list[Measurement]]] = {
    "pictures": pictures.measure,
    "video": video.measure,
    "excel": excel.measure,
    "table": table.measure,
    "store": store.measure,
    "memory": memory.measure,
    "overlay": overlay.measure,
    "scrolling": scrolling.measure,
    "ticks": window.measure_ticks,
    "video-ticks": window.measure_video_ticks,
    "live": live.measure,
    "live-memory": live.measure_memory,
    "training": training.measure,
    "learning": training.measure_learning,
    "training-ticks": training_ticks.measure,
    "training-window": training_window.measure,
    "start": window.measure_start,
    "scan": scan.measure,
    "mamba-yolo": scan.measure_network,
    "gather": gather.measure,
    "depthwise": depthwise.measure,
}


def main(arguments: Sequence[str]) -> int:
    """Run benchmarks, print and keep their figures; return 0, or 1 when a target was missed."""
    options = _parser().parse_args(arguments)
    own = (options.pictures, options.video, options.weights)
    standard = options.scale == 1 and own == (None, None, None)
    out = options.out or (report.FIGURES if standard else None)
    missed = False
    with ExitStack() as stack:
        folder = options.data or stack.enter_context(
            tempfile.TemporaryDirectory(prefix="labsight-benchmarks-")
        )
        plan = Plan(
            folder=Path(folder).resolve(),
            repeats=options.repeats,
            scale=options.scale,
            pictures=options.pictures,
            video=options.video,
            weights=options.weights,
        )
        plan.folder.mkdir(parents=True, exist_ok=True)
        for name in options.names or BENCHMARKS:
            run = carry_out(name, plan)
            missed = missed or any(each.passed is False for each in run.measurements)
            print(report.text(run), flush=True)
            if out is not None:
                report.keep(run, out)
    return int(missed)


def carry_out(name: str, plan: Plan) -> report.Run:
    """Run one benchmark; at another scale nothing is judged."""
    around = surroundings()
    began = time.monotonic()
    measurements = BENCHMARKS[name](plan)
    if plan.scale != 1:
        measurements = [replace(each, passed=None) for each in measurements]
    return report.Run(
        name=name,
        seconds=round(time.monotonic() - began, 1),
        repeats=plan.repeats,
        scale=plan.scale,
        surroundings=around,
        measurements=tuple(measurements),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure LabSight against its targets."
    )
    listed = ", ".join(BENCHMARKS)
    parser.add_argument(
        "names", nargs="*", type=_name, metavar="NAME", help=f"of {listed}; all by default"
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="keep the pictures, videos and sessions that are made there, for the next time",
    )
    parser.add_argument(
        "--repeats", type=_positive, default=5, metavar="N", help="a median of N, 5 by default"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="the file that the figures are kept in; by default the one that the README shows",
    )
    parser.add_argument(
        "--pictures", type=Path, metavar="DIR", help="pictures of your own instead of rendered ones"
    )
    parser.add_argument(
        "--video", type=Path, metavar="FILE", help="a video of your own instead of a rendered one"
    )
    parser.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="a checkpoint to run beside the one that comes with LabSight, where networks run",
    )
    parser.add_argument(
        "--scale",
        type=_share,
        default=1.0,
        metavar="X",
        help="multiply all sizes by this for a trial, which is neither judged nor kept",
    )
    return parser


def _name(text: str) -> str:
    if text not in BENCHMARKS:
        raise argparse.ArgumentTypeError(f"no benchmark {text}, only {', '.join(BENCHMARKS)}")
    return text


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"not a number from 1: {text}")
    return int(text)


def _share(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not 0 < scale <= 1:
        raise argparse.ArgumentTypeError(f"not a number above 0 and up to 1: {text}")
    return scale
