"""The story that the events of a run add up to."""

from __future__ import annotations

from pathlib import Path

from engine.training import runs
from engine.training.config import TrainConfig
from engine.training.events import follow
from engine.training.folder import RunFolder
from engine.training.record import RunRecord, Stage
from tests.helpers import training_runs as told


def record_of(folder: RunFolder) -> RunRecord:
    record = RunRecord()
    for event in follow(folder.events, lambda: False):
        assert event is not None
        record.add(event)
    return record


def test_a_run_that_ended_is_told_whole(tmp_path: Path) -> None:
    folder = told.write_run(tmp_path, 20)
    record = record_of(folder)
    assert record.stage is Stage.FINISHED
    assert [each.epoch for each in record.epochs] == list(range(1, 21))
    assert record.best is record.epochs[-1]
    assert record.wanted == 20
    assert sorted(record.previews) == [5, 10, 15, 20]
    assert record.previews[20][0].path.is_file()
    assert record.epochs[0].classes[2].name == "serum"
    assert record.epochs[0].classes[2].mask_map50 is not None
    assert record.batch is not None
    assert (record.batch.batch, record.batch.batches) == (25, 25)
    assert record.curves == folder.curves
    assert record.metrics["map50"] == record.epochs[-1].metrics["map50"]


def test_what_a_run_repeats_is_told_once(tmp_path: Path) -> None:
    folder = told.write_run(tmp_path, 20, stage=Stage.INTERRUPTED)
    record = record_of(folder)
    record.add({"event": "notice", "epoch": 17, "text": "less"})
    record.add({"event": "notice", "epoch": 12, "text": "lesser"})
    record.add({"event": "interrupted"})
    stages = [record.stage]
    for name, values in (told.preparing(folder), told.started(30, first=16)):
        record.add({"event": name, **values})
        stages.append(record.stage)
    assert stages == [Stage.INTERRUPTED, Stage.PREPARING, Stage.TRAINING]
    assert [each.epoch for each in record.epochs] == list(range(1, 16))
    assert sorted(record.previews) == [5, 10, 15]
    assert [each.text for each in record.notices] == ["lesser"]
    assert record.wanted == 30
    assert record.batch is None


def test_the_stages_follow_the_events(tmp_path: Path) -> None:
    folder = RunFolder.create(TrainConfig(), tmp_path)
    record = RunRecord()
    seen = [record.stage]
    for name, values in [*told.story(folder, 1), told.finished(folder, 1, stopped=True)]:
        record.add({"event": name, **values})
        if seen[-1] is not record.stage:
            seen.append(record.stage)
    assert seen == [
        Stage.WAITING, Stage.PREPARING, Stage.TRAINING, Stage.VALIDATING, Stage.STOPPED
    ]  # fmt: skip
    record.add({"event": "failed", "message": "no", "hint": "do"})
    assert (record.stage, record.message, record.hint) == (Stage.FAILED, "no", "do")
    record.add({"event": "of a later version"})
    record.add({"event": "cancelled"})
    assert record.stage is Stage.CANCELLED


def test_the_list_shows_what_ended_and_what_was_cut_short(tmp_path: Path) -> None:
    ended = told.write_run(tmp_path, 3, name="one")
    cut = told.write_run(tmp_path, 4, stage=Stage.TRAINING, name="two")
    fresh = RunFolder.create(TrainConfig(name="three"), tmp_path)
    found = {folder.path: runs.read_run(folder) for folder in runs.find_runs(tmp_path)}
    assert list(found) == sorted(found, reverse=True)
    assert found[ended.path].stage is Stage.FINISHED
    assert found[ended.path].best == ended.best
    assert found[cut.path].stage is Stage.INTERRUPTED
    assert found[cut.path].resumable
    assert found[fresh.path].stage is Stage.INTERRUPTED
    assert found[fresh.path].resumable
    assert runs.running(tmp_path) == []
    cut.beat()
    assert [folder.path for folder in runs.running(tmp_path)] == [cut.path]
    assert runs.read_run(cut).stage is Stage.TRAINING
    assert not runs.read_run(cut).resumable


def test_a_run_has_a_name_and_notes_of_its_own(tmp_path: Path) -> None:
    folder = told.write_run(tmp_path, 2, name="first try")
    assert runs.read_run(folder).name == "first try"
    runs.rename(folder, "  gel only ")
    runs.set_notes(folder, "second camera")
    run = runs.read_run(folder)
    assert (run.name, run.notes, run.path) == ("gel only", "second camera", folder.path)
