"""What is known of the best weights at the end: confusion matrix and curves, `curves.json`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from engine.training.validator import CONFIDENCE

POINTS = 201
_KINDS = ("pr", "f1", "precision", "recall")


def gather(validator: Any) -> dict[str, Any]:  # noqa: ANN401 - ultralytics is not typed
    """Return what a validation has found, as JSON values.

    `confusion` has rows by what was found and columns by what is labelled, the background last;
    `curves` are by what is measured (box, mask, pose) and kind: precision over recall, and F1,
    precision and recall over confidence, [`POINTS`] each, of every class that is in the labels.
    """
    names = [str(name) for name in validator.names.values()]
    metrics = validator.metrics
    parts = {
        title: getattr(metrics, part)
        for title, part in (("box", "box"), ("mask", "seg"), ("pose", "pose"))
        if hasattr(getattr(metrics, part, None), "curves_results")
    }
    return {
        "names": names,
        "confusion": np.asarray(validator.confusion_matrix.matrix).astype(int).tolist(),
        "confidence": CONFIDENCE,
        "curves": {title: _curves(part, names) for title, part in parts.items()},
    }


def write(path: Path, content: dict[str, Any]) -> None:
    """Write curves; at every moment the file is absent, old or whole."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    os.replace(part, path)


def _curves(part: Any, names: list[str]) -> dict[str, Any]:  # noqa: ANN401
    classes = [names[int(index)] for index in part.ap_class_index]
    grid = np.linspace(0, 1, POINTS)
    curves = {}
    for kind, (x, y, *_) in zip(_KINDS, part.curves_results, strict=False):
        rows = np.asarray(y).reshape(-1, len(x)) if len(classes) else np.zeros((0, len(x)))
        curves[kind] = {
            "x": np.round(grid, 4).tolist(),
            "classes": {
                name: np.round(np.interp(grid, x, row), 4).tolist()
                for name, row in zip(classes, rows, strict=True)
            },
        }
    return curves
