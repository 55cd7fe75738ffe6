"""The session store: one SQLite file a run that holds every result as it comes."""

from __future__ import annotations

from engine.store.reader import SessionReader
from engine.store.records import (
    CrossingRecord,
    FailureRecord,
    FrameRecord,
    ObjectRecord,
    RunRecord,
    RunState,
    TrackRecord,
)
from engine.store.schema import MEDIA_FOLDER, SESSION_FILE
from engine.store.writer import SessionWriter, new_session_folder

__all__ = [
    "MEDIA_FOLDER",
    "SESSION_FILE",
    "CrossingRecord",
    "FailureRecord",
    "FrameRecord",
    "ObjectRecord",
    "RunRecord",
    "RunState",
    "SessionReader",
    "SessionWriter",
    "TrackRecord",
    "new_session_folder",
]
