"""A run seen at other thresholds, and a selection of its objects, are sessions again."""

import dataclasses
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine import masks
from engine.config import RunConfig
from engine.errors import Cancelled, PictureError, SettingError, StoreError
from engine.inference.candidates import reconsider
from engine.store import RunRecord, SessionReader, SessionWriter, schema
from engine.store.derive import FRAMES_A_REPORT, at_thresholds, with_objects
from engine.types import (
    Candidates,
    Counted,
    CounterTotals,
    Crossing,
    Detections,
    Frame,
    ModelInfo,
    Progress,
    Result,
    Task,
    Timing,
)

HEIGHT, WIDTH = 60, 200
NAMES = ("cells", "gel", "serum")
OWN = RunConfig(confidence=0.3, iou=0.6)
MASKED = 0.15
"""Candidates below this confidence have no mask."""


def model(task: Task) -> ModelInfo:
    points = (3, 3) if task == "pose" else None
    return ModelInfo("made", task, NAMES, 640, 32, "0" * 64, points)


def proposed(seed: int, task: Task, count: int = 40) -> Candidates:
    """Return candidates in heaps, so that every threshold gives something else."""
    rng = np.random.default_rng(seed)
    heap = rng.integers(0, 8, count)
    corners = np.stack((heap * 22 + rng.uniform(0, 6, count), rng.uniform(5, 12, count)), axis=1)
    sides = rng.uniform(14, 20, (count, 2))
    scores = np.sort(rng.uniform(0.01, 1, count).astype(np.float32))[::-1].copy()
    shapes = None
    if task == "segment":
        shapes = tuple(
            masks.encode(rng.random((9, 7)) > 0.3, int(x), int(y), HEIGHT, WIDTH)
            if score > MASKED
            else None
            for (x, y), score in zip(corners.tolist(), scores.tolist(), strict=True)
        )
    return Candidates(
        boxes=np.concatenate((corners, corners + sides), axis=1).astype(np.float32),
        scores=scores,
        classes=(heap % 3).astype(np.int32),
        angles=rng.uniform(0, 1.5, count).astype(np.float32) if task == "obb" else None,
        keypoints=rng.random((count, 3, 3)).astype(np.float32) if task == "pose" else None,
        masks=shapes,
    )


def detected(candidates: Candidates, config: RunConfig = OWN) -> Detections:
    classes = [NAMES.index(name) for name in config.classes] or None
    return reconsider(
        candidates,
        (HEIGHT, WIDTH),
        confidence=config.confidence,
        iou=config.iou,
        classes=classes,
        most=config.max_detections,
    )


def write(folder: Path, task: Task = "segment", frames: int = 5, keep: bool = True) -> Path:
    """Write a session and return its folder."""
    run = RunRecord(
        started="2026-01-01T08:00:00+00:00",
        model=model(task),
        settings=OWN.to_json(),
        device="none",
        versions={"labsight": "0"},
        sources=("in",),
        title="Blood tubes",
    )
    (folder / schema.MEDIA_FOLDER).mkdir(parents=True)
    with SessionWriter.create(folder, run) as session:
        for seed in range(frames):
            name = f"{seed // 2}.tif"
            image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
            frame = Frame(image, seed % 2, None, name, "cut short" if seed == 1 else None)
            candidates = proposed(seed, task)
            found = detected(candidates)
            media = f"{schema.MEDIA_FOLDER}/{seed}.jpg"
            (folder / media).write_bytes(b"jpg")
            timing = Timing(1.0, 2.0 + seed, 3.0)
            result = Result(frame, found, candidates if keep else None, timing)
            session.add(result, media if seed else None)
        session.fail("bad.jpg", PictureError("{path} is empty.", "Copy {it}.", path="{0}", it="it"))
    return folder


def same(one: Detections, other: Detections) -> None:
    """Compare two Detections to the bit."""
    for name in ("boxes", "scores", "classes", "keypoints", "angles", "ids"):
        mine, yours = getattr(one, name), getattr(other, name)
        assert (mine is None) == (yours is None) or not len(one), name
        if mine is not None and yours is not None:
            assert np.array_equal(mine, yours), name
    assert len(one) == len(other)
    assert (one.masks is None) == (other.masks is None) or not len(one)
    for mask, again in zip(one.masks or (), other.masks or (), strict=True):
        assert np.array_equal(mask.counts, again.counts)


@pytest.mark.parametrize("task", ["detect", "segment", "pose", "obb"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"confidence": 0.16},
        {"confidence": 0.7, "iou": 0.2},
        {"iou": 0.95},
        {"classes": ("serum", "cells")},
        {"max_detections": 3},
        {"confidence": 1.0},
    ],
)
def test_a_run_at_other_thresholds(
    tmp_path: Path, task: Task, changes: dict[str, object]
) -> None:
    config = dataclasses.replace(OWN, **changes)  # type: ignore[arg-type]
    write(tmp_path / "origin", task)
    with SessionReader.open(tmp_path / "origin") as origin:
        derived = at_thresholds(origin, tmp_path / "derived", config)
        assert derived.path == tmp_path / "derived" / schema.SESSION_FILE
        assert derived.without_mask == 0
        with SessionReader.open(derived.path) as reader:
            objects = 0
            for frame, again in zip(origin.frames(), reader.frames(), strict=True):
                kept = origin.candidates(frame.id)
                assert kept is not None
                expected = detected(kept, config)
                objects += len(expected)
                same(reader.detections(frame.id), expected)
                if not changes:
                    same(reader.detections(frame.id), origin.detections(frame.id))
                assert again.objects == len(expected)
                assert again == dataclasses.replace(
                    frame, objects=len(expected), media=again.media
                )
                assert reader.candidates(frame.id) is None
            assert reader.object_count() == objects
            assert reader.failures() == origin.failures()
            settings = config.to_json() | {"weights": origin.run.settings["weights"]}
            assert reader.run == dataclasses.replace(origin.run, settings=settings)


def test_only_thresholds_are_taken_from_the_settings(tmp_path: Path) -> None:
    write(tmp_path / "origin")
    config = RunConfig(weights=Path("other.pt"), device="cpu", input_size=320, confidence=0.5)
    with SessionReader.open(tmp_path / "origin") as origin:
        derived = at_thresholds(origin, tmp_path / "derived", config)
        with SessionReader.open(derived.path) as reader:
            changed = {"confidence": 0.5, "iou": config.iou}
            assert reader.run.settings == origin.run.settings | changed


def test_objects_without_a_mask_are_counted(tmp_path: Path) -> None:
    write(tmp_path / "origin")
    config = dataclasses.replace(OWN, confidence=MASKED / 2)
    with SessionReader.open(tmp_path / "origin") as origin:
        derived = at_thresholds(origin, tmp_path / "derived", config)
        missing = 0
        for frame in origin.frames():
            kept = origin.candidates(frame.id)
            assert kept is not None
            bare = dataclasses.replace(kept, masks=None)
            missing += len(detected(bare, config)) - len(detected(kept, config))
        assert derived.without_mask == missing > 0


def test_media_are_found_from_the_derived_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "origin")
    monkeypatch.chdir(tmp_path)
    with SessionReader.open(Path("origin")) as origin:
        first = at_thresholds(origin, Path("a/derived"), OWN)
    with SessionReader.open(first.path) as reader:
        ids = [row.id for row in reader.objects()]
        second = with_objects(reader, tmp_path / "b" / "c", ids)
    monkeypatch.chdir("/")
    for path in (tmp_path / first.path, second):
        with SessionReader.open(path) as reader:
            frames = list(reader.frames())
            assert frames[0].media is None
            for frame in frames[1:]:
                assert frame.media is not None
                assert (reader.folder / frame.media).read_bytes() == b"jpg"


@pytest.mark.parametrize("task", ["segment", "pose"])
def test_frames_without_candidates_are_filtered(tmp_path: Path, task: Task) -> None:
    write(tmp_path / "origin", task, keep=False)
    config = RunConfig(confidence=0.6, iou=0.1, classes=("gel", "cells"), max_detections=9)
    with SessionReader.open(tmp_path / "origin") as origin:
        derived = at_thresholds(origin, tmp_path / "derived", config)
        with SessionReader.open(derived.path) as reader:
            counts = []
            for frame in origin.frames():
                own = origin.detections(frame.id)
                wanted = np.flatnonzero((own.scores > 0.6) & (own.classes < 2))[:9]
                found = reader.detections(frame.id)
                counts.append(len(found))
                assert np.array_equal(found.boxes, own.boxes[wanted])
                if task == "pose":
                    assert own.keypoints is not None
                    assert found.keypoints is not None
                    assert np.array_equal(found.keypoints, own.keypoints[wanted])
                else:
                    assert own.masks is not None
                    assert found.masks is not None
                    assert [mask.counts.tolist() for mask in found.masks] == [
                        own.masks[place].counts.tolist() for place in wanted.tolist()
                    ]
            assert max(counts) == 9
            assert 0 < min(counts) < 9
    assert derived.without_mask == 0


def test_classified_pictures_stay_as_they_are(tmp_path: Path) -> None:
    run = RunRecord(
        "2026-01-01T08:00:00+00:00", model("classify"), OWN.to_json(), "none", {}, ("in",)
    )
    chances = np.array([0.2, 0.7, 0.1], np.float32)
    frame = Frame(np.zeros((HEIGHT, WIDTH, 3), np.uint8), 0, None, "a.jpg")
    with SessionWriter.create(tmp_path / "origin", run) as session:
        session.add(Result(frame, Detections.empty(), probabilities=chances))
    with SessionReader.open(tmp_path / "origin") as origin:
        derived = at_thresholds(origin, tmp_path / "derived", RunConfig(confidence=0.9))
    with SessionReader.open(derived.path) as reader:
        (again,) = reader.frames()
        assert again.probabilities is not None
        assert np.array_equal(again.probabilities, chances)


def test_a_selection_of_objects(tmp_path: Path) -> None:
    write(tmp_path / "origin")
    with SessionReader.open(tmp_path / "origin") as origin:
        rows = [row for row in origin.objects() if row.frame_id in (2, 4)]
        wanted = {rows[-1].id, rows[1].id, rows[0].id, 10_000}
        path = with_objects(origin, tmp_path / "selection", wanted)
        with SessionReader.open(path) as reader:
            assert [frame.id for frame in reader.frames()] == [2, 4]
            for frame in reader.frames():
                places = [r.number - 1 for r in rows if r.frame_id == frame.id and r.id in wanted]
                found, own = reader.detections(frame.id), origin.detections(frame.id)
                assert frame.objects == len(found) == len(places)
                assert np.array_equal(found.boxes, own.boxes[places])
                assert np.array_equal(found.scores, own.scores[places])
                assert found.masks is not None
                assert own.masks is not None
                for mask, place in zip(found.masks, places, strict=True):
                    assert np.array_equal(mask.counts, own.masks[place].counts)
            again = list(reader.objects())
            assert [row.id for row in again] == [1, 2, 3]
            assert [row.number for row in again] == [1, 2, 1]
            assert [row.area for row in again] == [rows[0].area, rows[1].area, rows[-1].area]
            assert reader.run == origin.run
            assert reader.failures() == origin.failures()


TRACKED = dataclasses.replace(OWN, track="bytetrack", counters=("line:Gate=0,0,9,9",))


def write_tracked(folder: Path) -> Detections:
    """Write a frame whose objects have the tracks 50, 51, …, the third none; two cross a line."""
    proposals = proposed(0, "obb")
    found = detected(proposals)
    tracks = np.arange(50, 50 + len(found), dtype=np.int32)
    tracks[2] = 0
    frame = Frame(np.zeros((HEIGHT, WIDTH, 3), np.uint8), 7, 0.5, "a.mp4")
    settings = TRACKED.to_json()
    run = RunRecord("2026-01-01T08:00:00+00:00", model("obb"), settings, "none", {}, ())
    counted = Counted((Crossing(0, 51, 1, True), Crossing(0, 50 + len(found) - 1, 0, False)))
    found = dataclasses.replace(found, ids=tracks)
    with SessionWriter.create(folder, run) as session:
        session.add(Result(frame, found, proposals, counted=counted))
    return found


def test_tracks_stay_with_their_selected_objects(tmp_path: Path) -> None:
    found = write_tracked(tmp_path / "origin")
    with SessionReader.open(tmp_path / "origin") as origin:
        path = with_objects(origin, tmp_path / "selection", (2, 3))
    with SessionReader.open(path) as reader:
        (one,) = reader.frames()
        assert (one.index, one.time_s) == (7, 0.5)
        again = reader.detections(1)
        assert again.ids is not None
        assert again.ids.tolist() == [51, 0]
        assert again.angles is not None
        assert found.angles is not None
        assert np.array_equal(again.angles, found.angles[1:3])
        assert reader.frame_crossings(1) == (Crossing(0, 51, 1, True),)
        assert reader.counter_totals() == (CounterTotals(1, 0),)


def test_tracks_and_crossings_stay_with_the_runs_own_objects(tmp_path: Path) -> None:
    own = write_tracked(tmp_path / "origin")
    assert own.ids is not None
    known = dict(zip(own.scores.tolist(), own.ids.tolist(), strict=True))
    middle = float(own.scores[len(own) // 2])
    for name, changes, crossings in (
        ("fewer", {"confidence": middle}, [51]),
        ("more", {"confidence": 0.05, "iou": 0.95}, [51, 50 + len(own) - 1]),
        ("same", {}, [51, 50 + len(own) - 1]),
    ):
        config = dataclasses.replace(TRACKED, **changes)  # type: ignore[arg-type]
        with SessionReader.open(tmp_path / "origin") as origin:
            derived = at_thresholds(origin, tmp_path / name, config)
        with SessionReader.open(derived.path) as reader:
            found = reader.detections(1)
            assert found.ids is not None
            expected = [known.get(score, 0) for score in found.scores.tolist()]
            assert found.ids.tolist() == expected
            assert [each.track for each in reader.frame_crossings(1)] == crossings
            assert reader.run.settings["counters"] == list(TRACKED.counters)
    assert len(found) == len(own)


def test_nothing_selected_is_an_empty_session(tmp_path: Path) -> None:
    write(tmp_path / "origin")
    with SessionReader.open(tmp_path / "origin") as origin:
        path = with_objects(origin, tmp_path / "selection", ())
    with SessionReader.open(path) as reader:
        assert (reader.frame_count(), reader.object_count()) == (0, 0)


Derive = Callable[..., object]


def thresholds(reader: SessionReader, folder: Path, **more: object) -> object:
    return at_thresholds(reader, folder, OWN, **more)  # type: ignore[arg-type]


def everything(reader: SessionReader, folder: Path, **more: object) -> object:
    ids = [row.id for row in reader.objects()]
    return with_objects(reader, folder, ids, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("derive", [thresholds, everything])
def test_progress_is_told_to_the_end(tmp_path: Path, derive: Derive) -> None:
    frames = FRAMES_A_REPORT + 3
    write(tmp_path / "origin", frames=frames)
    told: list[Progress] = []
    with SessionReader.open(tmp_path / "origin") as origin:
        derive(origin, tmp_path / "derived", progress=told.append, should_stop=lambda: False)
    assert [each.done for each in told] == [FRAMES_A_REPORT, frames]
    assert {each.total for each in told} == {frames}
    assert all(each.rate_hz > 0 for each in told)


@pytest.mark.parametrize("derive", [thresholds, everything])
def test_cancelling_leaves_nothing(tmp_path: Path, derive: Derive) -> None:
    write(tmp_path / "origin")
    answers = iter([False, False, True])
    with SessionReader.open(tmp_path / "origin") as origin:
        with pytest.raises(Cancelled):
            derive(origin, tmp_path / "derived", should_stop=lambda: next(answers))
        assert os.listdir(tmp_path) == ["origin"]
        # The origin is free again: a derived session can be made right away.
        derive(origin, tmp_path / "derived")
    assert os.listdir(tmp_path / "derived") == [schema.SESSION_FILE]


def test_other_files_of_the_folder_outlive_a_cancel(tmp_path: Path) -> None:
    write(tmp_path / "origin")
    (tmp_path / "derived").mkdir()
    (tmp_path / "derived" / "notes.txt").write_text("mine")
    with SessionReader.open(tmp_path / "origin") as origin, pytest.raises(Cancelled):
        at_thresholds(origin, tmp_path / "derived", OWN, should_stop=lambda: True)
    assert os.listdir(tmp_path / "derived") == ["notes.txt"]


def test_an_unknown_class_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    write(tmp_path / "origin")
    config = RunConfig(classes=("hat",))
    with (
        SessionReader.open(tmp_path / "origin") as origin,
        pytest.raises(SettingError, match="hat"),
    ):
        at_thresholds(origin, tmp_path / "derived", config)
    assert not (tmp_path / "derived").exists()


def test_a_damaged_origin_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    folder = write(tmp_path / "origin")
    connection = sqlite3.connect(folder / schema.SESSION_FILE)
    connection.execute("DROP TABLE shape")
    connection.close()
    with SessionReader.open(folder) as origin, pytest.raises(StoreError, match="origin.*damaged"):
        at_thresholds(origin, tmp_path / "derived", OWN)
    assert not (tmp_path / "derived").exists()


def test_a_cut_short_run_is_derived_as_it_stands(tmp_path: Path) -> None:
    folder = write(tmp_path / "origin")
    connection = sqlite3.connect(folder / schema.SESSION_FILE)
    connection.execute("""UPDATE run SET value = '"running"' WHERE key = 'state'""")
    connection.execute("UPDATE run SET value = 'null' WHERE key = 'finished'")
    connection.commit()
    connection.close()
    with SessionReader.open(folder) as origin:
        derived = at_thresholds(origin, tmp_path / "derived", OWN)
        with SessionReader.open(derived.path) as reader:
            assert reader.run == origin.run
            assert reader.run.unfinished
