"""A session gives back what was put in, and survives what happens to files."""

import dataclasses
import gc
import os
import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from engine import masks
from engine.errors import PictureError, StoreError
from engine.inference.candidates import choose
from engine.store import RunRecord, SessionReader, SessionWriter, new_session_folder, schema
from engine.types import Candidates, Detections, Frame, ModelInfo, Result, Timing

INFO = ModelInfo("fake", "pose", ("a", "=b", "文"), 640, 32, "0" * 64, (3, 3), False, {"by": "us"})
RUN = RunRecord(
    started="2026-01-01T00:00:00+00:00",
    model=INFO,
    settings={"confidence": 0.25, "track": "bytetrack"},
    device="cpu",
    versions={"labsight": "0"},
    sources=("a.jpg",),
)


def result(seed: int, objects: int = 4, origin: str = "a.jpg", index: int = 0) -> Result:
    """Return a result that fills every field."""
    rng = np.random.default_rng(seed)
    image = np.zeros((60, 80, 3), np.uint8)
    boxes = np.sort(rng.uniform(0, 60, (objects, 2, 2)), axis=1).reshape(-1, 4)
    shapes = tuple(masks.encode(rng.random((9, 7)) > 0.4, 5, 6, 60, 80) for _ in range(objects))
    scores = np.sort(rng.random(objects).astype(np.float32))[::-1].copy()
    classes = rng.integers(0, 3, objects).astype(np.int32)
    points = rng.random((objects, 3, 3)).astype(np.float32)
    angles = rng.random(objects).astype(np.float32)
    found = Detections(
        boxes.astype(np.float32), scores, classes, shapes, points, angles,
        rng.integers(0, 9, objects).astype(np.int32),
    )
    some = tuple(mask if position % 2 else None for position, mask in enumerate(shapes))
    proposed = Candidates(found.boxes, scores, classes, angles, points, some)
    frame = Frame(image, index, 0.5 * index, origin, "cut short" if seed == 3 else None)
    return Result(frame, found, proposed, Timing(1.0, 2.0, 3.0))


def same(one: Detections, other: Detections) -> None:
    """Compare two Detections to the bit."""
    for name in ("boxes", "scores", "classes", "keypoints", "angles", "ids"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert one.masks is not None
    assert other.masks is not None
    for mask, again in zip(one.masks, other.masks, strict=True):
        assert np.array_equal(mask.counts, again.counts)


def test_everything_comes_back(tmp_path: Path) -> None:
    results = [result(seed, seed, "b.mp4" if seed > 2 else "a.jpg", seed) for seed in range(5)]
    with SessionWriter.create(tmp_path / "s", RUN) as writer:
        for seed, one in enumerate(results):
            assert writer.add(one, f"annotated/{seed}.jpg") == seed + 1
        writer.fail("bad.jpg", PictureError("{path} is empty.", "Copy it again.", path="bad.jpg"))
    with SessionReader.open(tmp_path / "s") as reader:
        run = reader.run
        assert (run.model, run.state, run.sources) == (INFO, "done", ("a.jpg",))
        assert run.finished is not None
        assert reader.frame_count() == 5
        assert reader.object_count() == 0 + 1 + 2 + 3 + 4
        frames = list(reader.frames())
        assert [frame.source for frame in frames] == ["a.jpg"] * 3 + ["b.mp4"] * 2
        assert [frame.objects for frame in frames] == [0, 1, 2, 3, 4]
        assert frames[3].warning == "cut short"
        assert frames[4].media == "annotated/4.jpg"
        assert frames[4].time_s == 2.0
        assert frames[4].total_ms == 6.0
        for frame, one in zip(frames, results, strict=True):
            assert reader.frame(frame.id) == frame
            if len(one.detections):
                same(reader.detections(frame.id), one.detections)
            assert len(reader.detections(frame.id)) == len(one.detections)
            again = reader.candidates(frame.id)
            assert again is not None
            assert one.candidates is not None
            assert np.array_equal(again.boxes, one.candidates.boxes)
            assert again.masks is not None
            assert one.candidates.masks is not None
            assert [m is None for m in again.masks] == [m is None for m in one.candidates.masks]
            first, second = (
                choose(proposed, confidence=0.2, iou=0.5) for proposed in (again, one.candidates)
            )
            assert np.array_equal(first, second)
        rows = list(reader.objects())
        assert [row.number for row in rows] == [1, 1, 2, 1, 2, 3, 1, 2, 3, 4]
        assert sum(reader.class_counts().values()) == len(rows)
        shapes = results[1].detections.masks
        assert shapes is not None
        assert rows[0].area == shapes[0].area
        assert [failure.message for failure in reader.failures()] == ["bad.jpg is empty."]
        with pytest.raises(KeyError):
            reader.detections(99)


def test_a_clean_end_leaves_one_file_that_opens_read_only(tmp_path: Path) -> None:
    with SessionWriter.create(tmp_path / "s", RUN) as writer:
        writer.add(result(1))
    assert os.listdir(tmp_path / "s") == [schema.SESSION_FILE]
    moved = tmp_path / "移动 ?#%.labsight"
    shutil.move(tmp_path / "s" / schema.SESSION_FILE, moved)
    moved.chmod(0o444)
    with SessionReader.open(moved) as reader:
        assert reader.frame_count() == 1
        with pytest.raises(sqlite3.OperationalError):
            reader.connection.execute("DELETE FROM frame")


def test_an_unfinished_session_can_be_read_where_it_stopped(tmp_path: Path) -> None:
    writer = SessionWriter.create(tmp_path / "s", RUN)
    writer.add(result(1))
    writer._open_since = -1e9
    assert writer.commit_due() is None
    writer.add(result(2))
    crashed = tmp_path / "crashed"
    shutil.copytree(tmp_path / "s", crashed)
    with SessionReader.open(crashed) as reader:
        assert reader.frame_count() == 1
        assert reader.run.state == "running"
        assert reader.run.finished is None
    writer.close()
    writer.close()


def test_commits_fall_due_half_a_second_after_the_first_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("engine.store.writer.time.monotonic", lambda: clock[0])
    with SessionWriter.create(tmp_path / "s", RUN) as writer:
        assert writer.commit_due() is None
        writer.add(result(1))
        assert writer.commit_due() == pytest.approx(0.5)
        clock[0] += 0.3
        writer.add(result(2))
        assert writer.commit_due() == pytest.approx(0.2)
        with SessionReader.open(tmp_path / "s") as reader:
            assert reader.frame_count() == 0
            clock[0] += 0.25
            assert writer.commit_due() is None
            assert reader.frame_count() == 2


def test_a_full_disk_ends_the_run_and_keeps_what_was_written(tmp_path: Path) -> None:
    writer = SessionWriter.create(tmp_path / "s", RUN)
    writer.add(result(1))
    writer._open_since = -1e9
    writer.commit_due()
    pages = writer._connection.execute("PRAGMA page_count").fetchone()[0]
    writer._connection.execute(f"PRAGMA max_page_count={pages + 1}")

    def fill() -> None:
        for seed in range(500):
            writer.add(result(seed, 40))

    with pytest.raises(StoreError, match="disk is full"):
        fill()
    with pytest.raises(StoreError, match="disk is full"):
        fill()
    writer._connection.execute("PRAGMA max_page_count=100000")
    writer.close("failed")
    with SessionReader.open(tmp_path / "s") as reader:
        assert reader.frame_count() >= 1
        assert reader.run.state == "failed"


def test_a_network_share_gets_the_classic_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = SessionWriter.create(tmp_path / "local", RUN)
    assert local._connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    local.close()
    monkeypatch.setattr(schema, "on_network", lambda path: True)
    remote = SessionWriter.create(tmp_path / "remote", RUN)
    assert remote._connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
    remote.add(result(1))
    remote.close()
    with SessionReader.open(tmp_path / "remote") as reader:
        assert reader.frame_count() == 1


def test_what_is_no_session_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no session"):
        SessionReader.open(tmp_path)
    text = tmp_path / "text.labsight"
    text.write_text("this is not a database, it is only text of some length" * 40)
    with pytest.raises(StoreError, match="not a LabSight session"):
        SessionReader.open(text)
    other = tmp_path / "other.labsight"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE run (key, value)")
    connection.close()
    with pytest.raises(StoreError, match="not a LabSight session"):
        SessionReader.open(other)


def test_a_session_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with SessionWriter.create(tmp_path / "s", RUN) as writer:
        writer.add(result(1))
    with sqlite3.connect(tmp_path / "s" / schema.SESSION_FILE) as connection:
        connection.execute(f"PRAGMA user_version={schema.VERSION + 1}")
    connection.close()
    with pytest.raises(StoreError, match="newer version"):
        SessionReader.open(tmp_path / "s")


def test_a_session_is_never_written_over(tmp_path: Path) -> None:
    SessionWriter.create(tmp_path / "s", RUN).close()
    with pytest.raises(StoreError, match="holds a session already"):
        SessionWriter.create(tmp_path / "s", RUN)


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="not a folder"):
        SessionWriter.create(tmp_path / "file" / "s", RUN)


def test_a_failure_of_a_name_that_is_no_text_is_kept(tmp_path: Path) -> None:
    name = os.fsdecode(b"bad\xff.jpg")
    with SessionWriter.create(tmp_path / "s", RUN) as writer:
        writer.fail(name, PictureError("{path} is empty.", path=name))
    with SessionReader.open(tmp_path / "s") as reader:
        (failure,) = reader.failures()
        assert failure.source == "bad\\udcff.jpg"


def test_a_scratch_session_is_one_file_too(tmp_path: Path) -> None:
    with SessionWriter.create(tmp_path / "s", RUN, scratch=True) as writer:
        writer.add(result(1))
        assert os.listdir(tmp_path / "s") == [schema.SESSION_FILE]
    with SessionReader.open(tmp_path / "s") as reader:
        same(reader.detections(1), result(1).detections)
        assert reader.run.state == "done"


def test_frames_keep_numbers_given_to_them(tmp_path: Path) -> None:
    with SessionWriter.create(tmp_path / "s", RUN) as writer:
        writer.add(result(2))
        writer.add(result(3))
        with SessionWriter.create(tmp_path / "t", RUN) as other:
            writer._open_since = -1e9
            writer.commit_due()
            with SessionReader.open(tmp_path / "s") as reader:
                frame = reader.frame(2)
                other.add_frame(frame, reader.detections(2), reader.candidates(2))
            assert other.add(result(4)) == 3
    with SessionReader.open(tmp_path / "t") as reader:
        assert [one.id for one in reader.frames()] == [2, 3]
        assert reader.frame(2) == frame
        same(reader.detections(2), result(3).detections)
        same(reader.detections(3), result(4).detections)
        assert [row.frame_id for row in reader.objects()] == [2] * 4 + [3] * 4


def test_a_discarded_session_is_gone(tmp_path: Path) -> None:
    writer = SessionWriter.create(tmp_path / "s", RUN)
    writer.add(result(1))
    writer.discard()
    assert os.listdir(tmp_path) == []


def test_folder_names_are_dated_unique_and_safe(tmp_path: Path) -> None:
    first = new_session_folder('a:b/c*? "文".jpg', tmp_path)
    assert first.parent == tmp_path
    assert not set('\\/:*?"<>|') & set(first.name)
    assert "文" in first.name
    first.mkdir()
    again = new_session_folder('a:b/c*? "文".jpg', tmp_path)
    assert not again.exists()


def test_a_reader_that_looks_in_for_a_moment_does_not_keep_the_file_in_two(tmp_path: Path) -> None:
    session = SessionWriter.create(tmp_path / "s", RUN)
    session.add(result(0))
    reader = SessionReader.open(session.path)
    assert reader.object_count() == 0
    threading.Timer(0.2, reader.close).start()
    session.close()
    assert [path.name for path in (tmp_path / "s").iterdir()] == [schema.SESSION_FILE]


def test_a_reader_that_stays_costs_nothing_but_the_log_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "PATIENCE_S", 0.1)
    session = SessionWriter.create(tmp_path / "s", RUN)
    session.add(result(0))
    with SessionReader.open(session.path) as reader:
        session.close()
        assert reader.run.state == "done"
    with SessionReader.open(tmp_path / "s") as reader:
        assert reader.object_count() == 4


def test_files_are_counted_by_class_with_their_warnings(tmp_path: Path) -> None:
    with SessionWriter.create(tmp_path / "s", RUN) as session:
        first, second = result(1, index=1, origin="b.tif"), result(2, origin="empty.jpg", objects=0)
        for each in (result(0, origin="b.tif"), first, second):
            session.add(each)
    with SessionReader.open(tmp_path / "s") as reader:
        found = reader.sources()
        classes = [each.class_id for each in reader.objects()]
    assert list(found) == ["b.tif", "empty.jpg"]
    counts, warning = found["b.tif"]
    assert counts == {index: classes.count(index) for index in set(classes)}
    assert warning == first.frame.warning or warning == result(0).frame.warning
    assert found["empty.jpg"][0] == {}


def test_classified_pictures_count_once_as_their_best_class(tmp_path: Path) -> None:
    plain = result(0, objects=0)
    sure = np.array([0.1, 0.7, 0.2], np.float32)
    with SessionWriter.create(tmp_path / "s", RUN) as session:
        for index in range(2):
            frame = dataclasses.replace(plain.frame, index=index)
            session.add(dataclasses.replace(plain, frame=frame, probabilities=sure))
    with SessionReader.open(tmp_path / "s") as reader:
        assert reader.sources()[plain.frame.origin][0] == {1: 2}


def test_a_session_is_there_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / schema.SESSION_FILE
    monkeypatch.setattr(schema, "TABLES", schema.TABLES + "CREATE TABLE run (twice TEXT);")
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        schema.create(path)
    gc.collect()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (0,)
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    with pytest.raises(StoreError):
        schema.open_readonly(path)
