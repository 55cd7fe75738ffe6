"""What the best weights of a training are worth: confusion matrix, and curves by class."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from desktop.widgets.plot import Values
from engine.errors import TrainingError
from engine.i18n import N_


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A curve a class.

    Attributes:
        across: [N] from 0 to 1.
        classes: [N] by name.
    """

    across: Values
    classes: Mapping[str, Values]

    @property
    def mean(self) -> Values:
        """[N] mean of the classes."""
        if not self.classes:
            return np.full(len(self.across), np.nan)
        return np.asarray(np.mean(list(self.classes.values()), axis=0), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What is known of the best weights at the end.

    Attributes:
        names: Of the classes.
        confusion: [M, M] by what was found and what is labelled; the background last, where M is
            one more than there are classes.
        confidence: Above which objects are counted there.
        curves: By what is measured (box, mask, pose) and kind (pr, f1).
    """

    names: tuple[str, ...]
    confusion: NDArray[np.int64]
    confidence: float
    curves: Mapping[str, Mapping[str, Bundle]]


def read(path: Path) -> Outcome:
    """Return what a training wrote at its end; for any thread.

    Raises:
        TrainingError: It cannot be read.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        confusion = np.asarray(content["confusion"], np.int64)
        return Outcome(
            names=tuple(content["names"]),
            confusion=confusion.reshape(len(confusion), len(confusion)),
            confidence=float(content["confidence"]),
            curves={
                part: {
                    kind: Bundle(
                        np.asarray(bundle["x"], np.float64),
                        {
                            name: np.asarray(values, np.float64)
                            for name, values in bundle["classes"].items()
                        },
                    )
                    for kind, bundle in kinds.items()
                    if kind in ("pr", "f1")
                }
                for part, kinds in content["curves"].items()
            },
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TrainingError(
            N_("The curves in {path} cannot be read."),
            N_("The weights are not touched by that. Train again to have new curves."),
            path=path,
        ) from error
