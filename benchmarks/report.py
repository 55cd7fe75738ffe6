"""Figures as a table on the terminal, a JSON file and a part of the README."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.harness import Measurement

FOLDER = Path(__file__).resolve().parent
FIGURES = FOLDER / "results" / "figures.json"
README = FOLDER / "README.md"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"

_VERDICTS = {True: "yes", False: "NO", None: ""}


@dataclass(frozen=True, slots=True)
class Run:
    """What one benchmark measured.

    Attributes:
        name: The benchmark.
        seconds: How long it took, the making of its files included.
        repeats: Timed runs that a median was taken of.
        scale: Its sizes were multiplied by this.
        surroundings: Date, machine and versions.
        measurements: The figures.
    """

    name: str
    seconds: float
    repeats: int
    scale: float
    surroundings: dict[str, Any]
    measurements: tuple[Measurement, ...]


def text(run: Run) -> str:
    """Return a run as a table for the terminal."""
    rows = [_cells(asdict(each)) for each in run.measurements]
    header = (f"{run.name} ({run.seconds:g} s)", "measured", "target", "passed")
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = tuple("-" * width for width in widths)
    lines = [_line(row, widths) for row in (header, rule, *rows)]
    return "\n".join(lines) + "\n"


def shown(value: float) -> str:
    """Return a figure with at least three digits that count and no decimals beyond them."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def keep(run: Run, path: Path) -> None:
    """Put a run into a file of figures, in place of an earlier one of the same benchmark.

    Where it is the README's own file, the README follows.
    """
    runs = read(path) if path.exists() else {}
    runs[run.name] = _plain(run)
    path.parent.mkdir(parents=True, exist_ok=True)
    body = json.dumps({"runs": runs}, ensure_ascii=False, indent=2) + "\n"
    path.write_text(body, encoding="utf-8")
    if path.resolve() == FIGURES:
        readme = README.read_text(encoding="utf-8")
        README.write_text(with_figures(readme, runs), encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    """Return the runs in a file of figures by the benchmark's name."""
    runs: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["runs"]
    return runs


def with_figures(readme: str, runs: dict[str, Any]) -> str:
    """Return a README with these figures between its two marks."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + markdown(runs) + END + after


def markdown(runs: dict[str, Any]) -> str:
    """Return runs as tables in Markdown."""
    parts = []
    for name, run in runs.items():
        machine, versions = run["surroundings"]["machine"], run["surroundings"]["versions"]
        lines = [
            f"### {name}\n",
            f"{run['surroundings']['date'][:10]}, {machine['processor']}, {machine['cores']} cores,"
            f" {machine['memory_gb']:g} GB; Python {versions['python']},"
            f" torch {versions['torch']}, ultralytics {versions['ultralytics']}\n",
            "| figure | measured | target | passed |",
            "|---|---:|---:|---|",
        ]
        for each in run["measurements"]:
            lines.append(f"| {' | '.join(_cells(each))} |")
        parts.append("\n" + "\n".join(lines) + "\n")
    return "".join(parts) + "\n"


def _plain(run: Run) -> dict[str, Any]:
    values = asdict(run)
    for each in values["measurements"]:
        each["value"] = float(f"{each['value']:.5g}")
    return values


def _cells(measurement: dict[str, Any]) -> tuple[str, str, str, str]:
    value = f"{shown(measurement['value'])} {measurement['unit']}".rstrip()
    verdict = _VERDICTS[measurement["passed"]]
    return measurement["name"], value, measurement["target"], verdict


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    """Return a row: the figure and its target to the right of their columns."""
    name, measured, target, passed = cells
    return f"{name:<{widths[0]}}  {measured:>{widths[1]}}  {target:>{widths[2]}}  {passed}".rstrip()
