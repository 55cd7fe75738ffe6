"""The story of a run told once more, from what it left behind."""

from __future__ import annotations

import json

from engine.errors import TrainingError
from engine.i18n import N_
from engine.training.folder import RunFolder
from engine.training.record import RunRecord

_BATCH = b'{"event": "batch"'


def retell(folder: RunFolder) -> RunRecord:
    """Return the record of what a run has told up to now.

    Of batches in a row only the last is read: a long run has some hundred thousand of them.

    Raises:
        TrainingError: Its events are not there or cannot be read.
    """
    record, batch = RunRecord(), b""
    try:
        with folder.events.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    # A crash or a process that writes at this moment left half a line.
                    break
                if line.startswith(_BATCH):
                    batch = line
                    continue
                if batch:
                    record.add(json.loads(batch))
                    batch = b""
                record.add(json.loads(line))
        if batch:
            record.add(json.loads(batch))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TrainingError(
            N_("What the training {name} told cannot be read."),
            N_("Look into its folder: {path}."),
            name=folder.about().name,
            path=folder.path,
        ) from error
    return record
