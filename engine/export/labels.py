"""What the label formats have in common."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from engine.errors import ExportError
from engine.export.progress import Ticker, finished
from engine.i18n import N_
from engine.store.records import FrameRecord
from engine.types import Detections, ModelInfo

if TYPE_CHECKING:
    from engine.store.reader import SessionReader

FRAMES_A_REPORT = 20
"""Masks take longer than rows: an export of labels reports after so many frames."""


def refuse_classification(model: ModelInfo, form: str) -> None:
    """Refuse a run that found no objects because its model classifies whole pictures.

    Raises:
        ExportError: The model classifies.
    """
    if model.task == "classify":
        raise ExportError(
            N_("{form} holds objects, but the model {model} classifies whole pictures."),
            N_("Use the Excel or CSV export."),
            form=form,
            model=model.name,
        )


def labelled(
    reader: SessionReader, ticker: Ticker, most: int
) -> Iterator[tuple[FrameRecord, Detections]]:
    """Yield the frames with their detections, at most so many: a session may grow meanwhile."""
    with finished(reader.frames()) as frames:
        for frame in islice(frames, most):
            yield frame, reader.detections(frame.id)
            ticker.step()
