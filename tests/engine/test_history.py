"""Sessions on disk are found, summed up and renamed."""

import dataclasses
import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from engine.errors import EngineError, StoreError
from engine.history import find_sessions, read_card, rename, unfinished
from engine.paths import home
from engine.store import RunRecord, SessionWriter, new_session_folder, schema
from engine.store.records import Process
from engine.types import Detections, Frame, ModelInfo, Result, Task, Timing

NAMES = ("cells", "gel", "serum")
IMAGE = np.zeros((30, 40, 3), np.uint8)


def record(task: Task = "detect", writer: Process | None = None) -> RunRecord:
    return RunRecord(
        started="2026-01-02T10:11:12+01:00",
        model=ModelInfo("tubes-n", task, NAMES, 640, 32, "0" * 64),
        settings={},
        device="none",
        versions={},
        sources=("in",),
        title="Blood tubes",
        writer=writer,
    )


def result(classes: Iterable[int], index: int = 0) -> Result:
    indices = np.array(list(classes), np.int32)
    boxes = np.tile(np.array([[1, 2, 9, 9]], np.float32), (len(indices), 1))
    scores = np.full(len(indices), 0.5, np.float32)
    frame = Frame(IMAGE, index, None, "a.jpg")
    return Result(frame, Detections(boxes, scores, indices), timing=Timing())


def write(folder: Path, run: RunRecord | None = None) -> Path:
    """Write a session of three pictures and return its file."""
    with SessionWriter.create(folder, run or record()) as session:
        session.add(result([2, 1, 2]), "annotated/a.jpg")
        session.add(result([]), "annotated/b.jpg")
        session.add(result([2, 0, 1]), "annotated/c.jpg")
    return session.path


def cut_short(folder: Path, writer: Process | None = None) -> Path:
    """Write a session that says it runs."""
    with SessionWriter.create(folder, record(writer=writer)) as session:
        session.add(result([1]))
        session.close(None)
    return session.path


def test_sessions_are_found_the_newest_first(tmp_path: Path) -> None:
    names = [
        "2025-12-31/235959-b",
        "2026-01-02/090000-a",
        "2026-01-02/090001-a",
        "2026-01-02/by hand",
    ]
    for name in names:
        write(tmp_path / name)
    (tmp_path / "2026-01-02" / "100000-empty").mkdir()
    (tmp_path / "2026-01-02" / "100000-file").write_text("x")
    (tmp_path / "2026-01-02" / "110000-folder" / schema.SESSION_FILE).mkdir(parents=True)
    write(tmp_path / "models" / "100000-c")
    (tmp_path / "2027-01-01").write_text("x")
    found = [path.relative_to(tmp_path).as_posix() for path in find_sessions(tmp_path)]
    assert found == [
        "2026-01-02/by hand/session.labsight",
        "2026-01-02/090001-a/session.labsight",
        "2026-01-02/090000-a/session.labsight",
        "2025-12-31/235959-b/session.labsight",
    ]


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    assert list(find_sessions(tmp_path / "missing")) == []
    assert unfinished(tmp_path / "missing") == []


def test_new_sessions_are_found_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABSIGHT_HOME", str(tmp_path / "mine"))
    path = write(new_session_folder("tubes"))
    assert home() in path.parents
    assert list(find_sessions()) == [path]
    assert read_card(path).name == "tubes"


def test_a_card_sums_a_session_up(tmp_path: Path) -> None:
    path = write(tmp_path / "101112-tubes 管-2")
    media = tmp_path / "101112-tubes 管-2" / schema.MEDIA_FOLDER
    media.mkdir()
    (media / "b.jpg").write_bytes(b"123")
    (media / "c.jpg").write_bytes(b"12345")
    card = read_card(path)
    assert card.path == path
    assert card.name == "tubes 管-2"
    assert (card.started, card.state) == ("2026-01-02T10:11:12+01:00", "done")
    assert card.finished is not None
    assert not card.unfinished
    assert (card.title, card.model_name, card.task) == ("Blood tubes", "tubes-n", "detect")
    assert (card.pictures, card.objects) == (3, 6)
    assert card.counts == (("serum", 3), ("gel", 2), ("cells", 1))
    # The first picture was deleted.
    assert card.thumbnail == media / "b.jpg"
    assert card.size_bytes == path.stat().st_size + 8


def test_only_a_time_in_front_is_no_part_of_the_name(tmp_path: Path) -> None:
    assert read_card(write(tmp_path / "101112-101113-a")).name == "101113-a"
    assert read_card(write(tmp_path / "1011-a")).name == "1011-a"


def test_a_video_is_no_thumbnail(tmp_path: Path) -> None:
    folder = tmp_path / "101112-clip"
    with SessionWriter.create(folder, record()) as session:
        for index in range(50):
            session.add(result([0], index), "annotated/clip.mp4")
        session.add(result([0]), "annotated/last.jpg")
    (folder / "annotated").mkdir()
    (folder / "annotated" / "clip.mp4").write_bytes(b"x")
    assert read_card(session.path).thumbnail is None
    (folder / "annotated" / "last.jpg").write_bytes(b"x")
    assert read_card(session.path).thumbnail == folder / "annotated" / "last.jpg"


def test_classified_pictures_count_as_their_best_class(tmp_path: Path) -> None:
    with SessionWriter.create(tmp_path / "s", record("classify")) as session:
        for best in (1, 2, 1):
            chances = np.full(3, 0.1, np.float32)
            chances[best] = 0.8
            session.add(dataclasses.replace(result([]), probabilities=chances))
    card = read_card(session.path)
    assert (card.pictures, card.objects) == (3, 0)
    assert card.counts == (("gel", 2), ("serum", 1))


def test_classes_of_one_name_count_together(tmp_path: Path) -> None:
    run = record()
    run = dataclasses.replace(run, model=dataclasses.replace(run.model, names=("a", "b", "a")))
    assert read_card(write(tmp_path / "s", run)).counts == (("a", 4), ("b", 2))


def test_runs_that_were_cut_short_are_told_from_those_that_run(tmp_path: Path) -> None:
    day = tmp_path / "2026-01-02"
    own = Process.own()
    running = cut_short(day / "100000-running", own)
    dead = cut_short(day / "110000-dead", dataclasses.replace(own, started=own.started - 999))
    older = cut_short(day / "090000-older")
    write(day / "120000-done")
    (day / "130000-damaged").mkdir()
    (day / "130000-damaged" / schema.SESSION_FILE).write_bytes(b"x" * 5000)
    assert unfinished(tmp_path) == [dead, older]
    states = [(read_card(path).state, read_card(path).unfinished) for path in (running, dead)]
    assert states == [("running", False), ("running", True)]
    assert read_card(dead).finished is None


def test_a_damaged_session_has_no_card_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / schema.SESSION_FILE
    path.write_bytes(b"x" * 5000)
    with pytest.raises(StoreError, match="damaged"):
        read_card(path)
    with pytest.raises(StoreError, match="no session"):
        read_card(tmp_path / "missing")


@pytest.mark.parametrize(
    "damage",
    [
        "DROP TABLE object",
        "DELETE FROM run WHERE key = 'model'",
        "UPDATE run SET value = '{' WHERE key = 'sources'",
        "UPDATE run SET value = '{}' WHERE key = 'model'",
        "UPDATE object SET class_id = 99",
    ],
)
def test_a_session_with_a_part_missing_is_damaged(tmp_path: Path, damage: str) -> None:
    path = write(tmp_path / "s")
    connection = sqlite3.connect(path)
    connection.execute(damage)
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="damaged") as caught:
        read_card(path)
    assert caught.value.__cause__ is not None


def test_a_session_gets_another_name_behind_its_time(tmp_path: Path) -> None:
    path = write(tmp_path / "101112-tubes")
    renamed = rename(path.parent, ' a/b: "管" ... ')
    assert renamed == tmp_path / "101112-a_b_ _管_"
    assert os.listdir(tmp_path) == [renamed.name]
    assert read_card(renamed / schema.SESSION_FILE).name == "a_b_ _管_"


def test_a_name_is_made_as_that_of_a_new_session(tmp_path: Path) -> None:
    for name in ("a" * 59 + ". b", "x" * 99, "\t\\|?", " tubes. "):
        new = new_session_folder(name, tmp_path)
        path = write(tmp_path / "101112-before")
        assert rename(path.parent, name).name[7:] == new.name[7:]
        assert not new.name.endswith((".", " "))


def test_a_folder_without_a_time_gets_none(tmp_path: Path) -> None:
    assert rename(write(tmp_path / "tubes").parent, "other") == tmp_path / "other"


def test_its_own_name_changes_nothing(tmp_path: Path) -> None:
    folder = write(tmp_path / "101112-tubes").parent
    assert rename(folder, "tubes ") == folder
    assert folder.is_dir()


@pytest.mark.parametrize("name", ["", " . "])
def test_a_name_is_needed(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "101112-tubes").parent
    with pytest.raises(StoreError, match="needs a name") as caught:
        rename(folder, name)
    assert caught.value.hint
    assert folder.is_dir()


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "101112-tubes").parent
    (tmp_path / "101112-other").mkdir()
    with pytest.raises(StoreError, match="named other already"):
        rename(folder, "other")
    assert folder.is_dir()


def test_a_session_that_is_written_keeps_its_name(tmp_path: Path) -> None:
    folder = cut_short(tmp_path / "101112-tubes", Process.own()).parent
    with pytest.raises(StoreError, match="has not ended"):
        rename(folder, "other")
    assert folder.is_dir()


def test_a_damaged_session_can_be_renamed(tmp_path: Path) -> None:
    path = write(tmp_path / "101112-tubes")
    path.write_bytes(b"x" * 5000)
    assert rename(path.parent, "damaged") == tmp_path / "101112-damaged"


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="101112-tubes"):
        rename(tmp_path / "101112-tubes", "other")
