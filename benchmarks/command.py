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

from benchmarks import excel, memory, pictures, report, store, table
from benchmarks.harness import Measurement, Plan, environment

BENCHMARKS: dict[str, Callable[[Plan], list[Measurement]]] = {
    "pictures": pictures.measure,
    "excel": excel.measure,
    "table": table.measure,
    "store": store.measure,
    "memory": memory.measure,
}


def main(arguments: Sequence[str]) -> int:
    """Run benchmarks; return 0, or 1 when a target was missed."""
    options = _parser().parse_args(arguments)
    out = options.out or (report.FIGURES if options.scale == 1 else None)
    missed = False
    with ExitStack() as stack:
        folder = options.data or stack.enter_context(
            tempfile.TemporaryDirectory(prefix="labsight-benchmarks-")
        )
        plan = Plan(
            folder=Path(folder),
            repeats=options.repeats,
            scale=options.scale,
            pictures=options.pictures,
            weights=options.weights,
        )
        plan.folder.mkdir(parents=True, exist_ok=True)
        for name in options.names or BENCHMARKS:
            surroundings = environment()
            began = time.monotonic()
            measured = BENCHMARKS[name](plan)
            if plan.scale != 1:
                measured = [replace(each, passed=None) for each in measured]
            missed = missed or any(each.passed is False for each in measured)
            run = report.Run(
                name=name,
                seconds=round(time.monotonic() - began, 1),
                repeats=plan.repeats,
                scale=plan.scale,
                environment=surroundings,
                measurements=tuple(measured),
            )
            print(report.text(run), flush=True)
            if out is not None:
                report.keep(run, out)
    return int(missed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all by default"
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="keep made pictures, videos and sessions there, for the next time",
    )
    parser.add_argument("--repeats", type=_whole, default=5, metavar="N", help="5 by default")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="where the figures go; by default the file that the README shows",
    )
    parser.add_argument(
        "--pictures", type=Path, metavar="DIR", help="pictures of your own for `pictures`"
    )
    parser.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="a further checkpoint for `pictures`, beside the one that comes with LabSight",
    )
    parser.add_argument(
        "--scale",
        type=_share,
        default=1.0,
        metavar="X",
        help="multiply every size by this, for a trial; nothing is judged or kept then",
    )
    return _Checked(parser)


class _Checked(argparse.ArgumentParser):
    pass
