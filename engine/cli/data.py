"""`main.py data`: what a data set holds and what is wrong with it; copies with fixes or a split."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from engine import datasets
from engine.cli import output
from engine.cli.imports import prepared
from engine.datasets import DataSet, Finding, Report
from engine.i18n import translate as _
from engine.sources.sniffing import printable
from engine.training.config import TrainConfig

_ERRORS_FOUND = 3


def data(options: argparse.Namespace) -> int:
    """Check a data set and return the exit code: 0 sound, 3 with errors.

    Raises:
        EngineError: It is no data set, or a copy of it cannot be made.
    """
    # It refuses a size that no training takes.
    TrainConfig(data=options.data, input_size=options.imgsz)
    path = prepared(options.data)
    task = options.task or datasets.tasks_of(path)[0]
    found = datasets.find(path, task, val_needed=options.split is None)
    report = datasets.check(found, task, options.imgsz, progress=_meter(_("check")))
    copies: dict[str, Path] = {}
    if options.fix:
        copies["fixed"] = datasets.fixed_copy(found, report, progress=_meter(_("copy")))
        found = datasets.find(copies["fixed"], task)
    if options.split is not None:
        progress = _meter(_("copy"))
        copies["split"] = datasets.resplit(found, share=options.split, progress=progress)
    output.Meter.clear()
    if options.json:
        for finding in report.findings:
            output.say_json(_as_json(finding))
        output.say_json({"summary": _summary(path, found, report, copies)})
    else:
        _say(report, copies)
    return _ERRORS_FOUND if report.has_errors else 0


def _meter(label: str) -> Any:  # noqa: ANN401
    return lambda progress: output.Meter.show(label, progress)


def _say(report: Report, copies: dict[str, Path]) -> None:
    for line in report.as_text():
        output.say(output.one_line(line))
    words = {"fixed": _("With fixes: {path}"), "split": _("Split anew: {path}")}
    for kind, path in copies.items():
        output.say(words[kind].format(path=path))


def _as_json(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "severity": finding.severity,
        "title": finding.title,
        "fix": finding.fix,
        "places": [
            {"file": printable(place.file), "line": place.line, "detail": place.detail}
            for place in finding.places
        ],
    }


def _summary(path: Path, found: DataSet, report: Report, copies: dict[str, Path]) -> dict[str, Any]:
    severities = Counter(finding.severity for finding in report.findings)
    splits = {
        split: {
            "pictures": counts.pictures,
            "labelled": counts.labelled,
            "backgrounds": counts.backgrounds,
            "objects": counts.objects,
            "classes": dict(zip(report.names, counts.classes, strict=True)),
        }
        for split, counts in report.splits.items()
    }
    return {
        "data": printable(path),
        "task": report.task,
        "classes": list(found.names),
        "splits": splits,
        "errors": severities["error"],
        "warnings": severities["warning"],
        "notes": severities["note"],
        "fixed": str(copies["fixed"]) if "fixed" in copies else None,
        "split": str(copies["split"]) if "split" in copies else None,
    }
