"""A run that cannot go on says why, and its session stays as it was."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from engine.errors import StoreError
from engine.resume import prepare, reopen
from engine.sources import SourceList
from engine.store import SessionWriter
from engine.store.records import Process
from tests.helpers.long_run import begin, say
from tests.helpers.movies import movie, shown
from tests.helpers.sessions import RUN

TIMES = [number / 25 for number in range(20)]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.pt"
    path.write_bytes(b"some weights")
    return path


def refused(folder: Path) -> str:
    """Return why a run cannot go on; the session is left as it was."""
    before = (folder / "session.labsight").read_bytes()
    with pytest.raises(StoreError) as caught:
        prepare(folder)
    assert caught.value.hint
    assert (folder / "session.labsight").read_bytes() == before
    return caught.value.message


def test_a_run_that_cannot_go_on_says_why(tmp_path: Path, weights: Path) -> None:
    one, two = (movie(tmp_path / name, TIMES) for name in ("a.mp4", "b.mp4"))
    items = SourceList((one, two))
    begin(tmp_path / "done", weights, items)
    assert "all of its sources" in refused(tmp_path / "done")
    run = tmp_path / "run"
    begin(run, weights, items, most=7)
    state = two.stat()
    os.utime(two, ns=(state.st_atime_ns, state.st_mtime_ns + 1_000_000_000))
    assert "has changed" in refused(run)
    os.utime(two, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert prepare(run).frame == 7
    two.rename(tmp_path / "c.mp4")
    assert "not there any more" in refused(run)
    (tmp_path / "c.mp4").rename(two)
    weights.write_bytes(b"other weights")
    assert "not those of the run" in refused(run)
    weights.unlink()
    assert "not there" in refused(run)


def test_a_finished_source_may_change(tmp_path: Path, weights: Path) -> None:
    one, two = (movie(tmp_path / name, TIMES) for name in ("a.mp4", "b.mp4"))
    begin(tmp_path / "run", weights, SourceList((one, two)), most=25)
    one.unlink()
    assert prepare(tmp_path / "run").finished == 1


def test_the_last_picture_leaves_nothing(tmp_path: Path, weights: Path) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "a.png")
    begin(tmp_path / "run", weights, SourceList((tmp_path / "a.png",)))
    say(tmp_path / "run", "interrupted")
    assert "all of its sources" in refused(tmp_path / "run")


def test_a_camera_does_not_come_back(tmp_path: Path) -> None:
    session = SessionWriter.create(tmp_path / "run", RUN)
    session.close("interrupted")
    assert "camera or stream" in refused(tmp_path / "run")


def test_a_session_of_an_earlier_version_is_refused(tmp_path: Path, weights: Path) -> None:
    items = SourceList((movie(tmp_path / "a.mp4", TIMES),))
    begin(tmp_path / "run", weights, items, most=7)
    with closing(sqlite3.connect(tmp_path / "run/session.labsight")) as connection:
        connection.execute("PRAGMA user_version=2")
    assert "earlier version" in refused(tmp_path / "run")


def test_a_run_under_way_is_left_alone(tmp_path: Path, weights: Path) -> None:
    source = movie(tmp_path / "a.mp4", TIMES)
    record = replace(RUN, writer=Process.own())
    session = SessionWriter.create(tmp_path / "run", record, files=[source])
    with pytest.raises(StoreError, match="has not ended"):
        prepare(tmp_path / "run")
    session.close("interrupted")


def test_what_was_looked_at_before_another_went_on_is_refused(
    tmp_path: Path, weights: Path
) -> None:
    items = SourceList((movie(tmp_path / "a.mp4", TIMES),))
    run = tmp_path / "run"
    begin(run, weights, items, most=7)
    first, second = prepare(run), prepare(run)
    session, former = reopen(first)
    part = (run / "annotated").glob("*.part")
    assert len(list(part)) == 1
    with pytest.raises(StoreError, match="has not ended"):
        reopen(second)
    assert len(shown(run / "annotated/a.mp4")) == 7
    assert former.video is not None
    former.video.writer.close()
    session.close()


def test_a_file_that_is_no_session_is_refused(tmp_path: Path) -> None:
    (tmp_path / "session.labsight").write_bytes(b"nothing" * 100)
    with pytest.raises(StoreError, match="not a LabSight session"):
        prepare(tmp_path)
