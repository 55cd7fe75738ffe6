"""A session that a crash left behind becomes an interrupted one, a single file again."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from engine.errors import StoreError
from engine.paths import ROOT
from engine.store import RunRecord, SessionReader, SessionWriter, schema
from engine.store.records import Process
from engine.store.recover import finish
from engine.types import ModelInfo

DIED = 1_750_000_000
"""Seconds since 1970."""

GONE = Process(socket.gethostname(), os.getpid(), 1.0)
"""A process of this machine whose number was given to another one since."""

RUN = RunRecord(
    started="2025-06-15T10:00:00+00:00",
    model=ModelInfo("made", "detect", ("a",), 640, 32, "0" * 64),
    settings={},
    device="none",
    versions={},
    sources=("in",),
    writer=GONE,
)

CRASH = """
import dataclasses, json, os, sys
from pathlib import Path
import numpy as np
from engine.store import SessionWriter
from engine.store.records import Process, RunRecord
from engine.types import Detections, Frame, ModelInfo, Result
run = RunRecord(
    "2025-06-15T10:00:00+00:00", ModelInfo("made", "detect", ("a",), 640, 32, "0" * 64),
    {}, "none", {}, ("in",), writer=Process.own(),
)
session = SessionWriter.create(Path(sys.argv[1]), run)
image = np.zeros((30, 40, 3), np.uint8)
for index in range(5):
    session.add(Result(Frame(image, index, None, "a.tif"), Detections.empty()))
session._open_since = -1e9
session.commit_due()
os.kill(os.getpid(), 9)
"""


def crash(folder: Path, when: int = DIED) -> Path:
    """Leave a session as a killed process does and return its file."""
    command = [sys.executable, "-c", CRASH, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode != 0
    assert done.stderr == b""
    assert (folder / f"{schema.SESSION_FILE}-wal").stat().st_size > 0
    for name in os.listdir(folder):
        os.utime(folder / name, (when, when))
    return folder / schema.SESSION_FILE


def change(path: Path, key: str, value: object) -> None:
    """Change one value of a run's record."""
    connection = sqlite3.connect(path)
    connection.execute("UPDATE run SET value = ? WHERE key = ?", (json.dumps(value), key))
    connection.commit()
    connection.close()


def local(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")


def test_a_crashed_run_is_interrupted_and_one_movable_file(tmp_path: Path) -> None:
    path = crash(tmp_path / "s")
    with SessionReader.open(path) as reader:
        before = reader.run
        assert before.unfinished
    finish(path)
    assert os.listdir(tmp_path / "s") == [schema.SESSION_FILE]
    moved = path.rename(tmp_path / "moved.labsight")
    moved.chmod(0o444)
    with SessionReader.open(moved) as reader:
        run = reader.run
        assert (run.state, run.finished, run.unfinished) == ("interrupted", local(DIED), False)
        assert (run.started, run.model, run.writer) == (before.started, before.model, before.writer)
        assert reader.frame_count() == 5
        assert reader.connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert reader.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_end_is_when_the_log_was_last_written(tmp_path: Path) -> None:
    path = crash(tmp_path / "s")
    os.utime(path, (DIED - 500, DIED - 500))
    finish(path)
    with SessionReader.open(path) as reader:
        assert reader.run.finished == local(DIED)


def test_a_log_that_a_reader_made_does_not_count(tmp_path: Path) -> None:
    SessionWriter.create(tmp_path / "s", RUN).close(None)
    path = tmp_path / "s" / schema.SESSION_FILE
    log = path.with_name(f"{path.name}-wal")
    log.touch()
    os.utime(path, (DIED, DIED))
    finish(path)
    with SessionReader.open(path) as reader:
        assert (reader.run.state, reader.run.finished) == ("interrupted", local(DIED))


def test_a_folder_can_be_given_and_a_second_time_changes_nothing(tmp_path: Path) -> None:
    path = crash(tmp_path / "s")
    finish(tmp_path / "s")
    data = path.read_bytes()
    os.utime(path, (DIED + 99, DIED + 99))
    finish(tmp_path / "s")
    assert path.read_bytes() == data
    assert path.stat().st_mtime == DIED + 99


@pytest.mark.parametrize("state", ["done", "interrupted", "failed"])
def test_a_run_that_ended_stays_as_it_is(tmp_path: Path, state: str) -> None:
    with SessionWriter.create(tmp_path / "s", RUN) as session:
        session.close(state)  # type: ignore[arg-type]
    path = tmp_path / "s" / schema.SESSION_FILE
    data = path.read_bytes()
    finish(path)
    assert path.read_bytes() == data


def test_the_log_of_a_run_that_ended_is_taken_in(tmp_path: Path) -> None:
    # A process that died between its last two steps.
    path = crash(tmp_path / "s")
    change(path, "state", "done")
    change(path, "finished", "2025-06-15T11:00:00+00:00")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    finish(path)
    with SessionReader.open(path) as reader:
        assert (reader.run.state, reader.run.finished) == ("done", "2025-06-15T11:00:00+00:00")
        assert reader.connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_session_without_a_writer_of_an_earlier_version_is_finished(tmp_path: Path) -> None:
    path = crash(tmp_path / "s")
    change(path, "writer", None)
    finish(path)
    with SessionReader.open(path) as reader:
        assert reader.run.state == "interrupted"


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_session_that_may_be_written_is_refused(tmp_path: Path, elsewhere: bool) -> None:
    path = crash(tmp_path / "s")
    own = Process.own()
    host = "another-machine" if elsewhere else own.host
    change(path, "writer", {"host": host, "pid": own.pid, "started": own.started})
    with pytest.raises(StoreError, match="has not ended") as caught:
        finish(path)
    assert caught.value.hint
    with SessionReader.open(path) as reader:
        assert reader.run.state == "running"


def test_a_reader_keeps_the_log_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = crash(tmp_path / "s")
    plain = schema.open_writable

    def impatient(path: Path) -> sqlite3.Connection:
        connection = plain(path)
        connection.execute("PRAGMA busy_timeout=0")
        return connection

    monkeypatch.setattr(schema, "open_writable", impatient)
    with SessionReader.open(path) as reader:
        frames = reader.frames()
        assert next(frames).id == 1
        finish(path)
        assert [frame.id for frame in frames] == [2, 3, 4, 5]
        assert reader.run.state == "interrupted"
    finish(path)
    with SessionReader.open(path) as reader:
        assert reader.frame_count() == 5
        assert reader.connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert os.listdir(tmp_path / "s") == [schema.SESSION_FILE]


def test_a_session_that_cannot_be_written_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = crash(tmp_path / "s")
    # What SQLite opens where the file is write-protected.
    monkeypatch.setattr(schema, "open_writable", schema.open_readonly)
    with pytest.raises(StoreError, match="readonly") as caught:
        finish(path)
    assert caught.value.hint
    with SessionReader.open(path) as reader:
        assert reader.run.unfinished


def test_what_is_no_session_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no session"):
        finish(tmp_path)
    (tmp_path / schema.SESSION_FILE).write_bytes(b"x" * 5000)
    with pytest.raises(StoreError, match="damaged"):
        finish(tmp_path)
