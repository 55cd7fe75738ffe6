"""A camera is recorded from one moment to another, and pictures of a moment are kept."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.config import RunConfig
from engine.draw import annotate
from engine.errors import StoreError
from engine.inference.fake import FakeDetector
from engine.recorder import Recorder, RecordingSwitch, save_snapshot
from engine.store import SessionReader, SessionWriter
from engine.types import Counted, CounterTotals, Frame, Result
from tests.helpers.full_disk import FullDisk, disk_filler
from tests.helpers.movies import boxes, shown
from tests.helpers.sessions import RUN

DETECTOR = FakeDetector(3)
CAMERA = "rtsp://user:secret@10.0.0.7:554/door?cam=1"


class Clock:
    """Tells the time that it was set to."""

    def __init__(self) -> None:
        """Begin somewhere."""
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def switch(clock: Clock) -> RecordingSwitch:
    return RecordingSwitch(clock)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[SessionWriter]:
    writer = SessionWriter.create(tmp_path / "s", RUN)
    yield writer
    writer.close()


@pytest.fixture
def show(clock: Clock) -> Callable[..., Result]:
    """Return a function that gives what a camera shows next, a tenth of a second later."""
    count = 0

    def next_result(width: int = 64, origin: str = CAMERA) -> Result:
        nonlocal count
        image = np.full((48, width, 3), 90, np.uint8)
        frame = Frame(image, count, 50 + count / 10, origin, None, clock.now)
        count += 1
        clock.now += 0.1
        return DETECTOR.detect(frame, RunConfig())

    return next_result


def media(session: SessionWriter) -> list[str | None]:
    with SessionReader.open(session.folder) as reader:
        return [frame.media for frame in reader.frames()]


def test_each_stretch_is_a_file_of_its_own(
    session: SessionWriter, switch: RecordingSwitch, show: Callable[..., Result]
) -> None:
    recorder = Recorder(session, DETECTOR.info, record=switch)
    for number in range(30):
        if number in (5, 20):
            switch.start()
        if number == 12:
            assert switch.elapsed_s == pytest.approx(0.7)
            switch.stop()
            assert switch.elapsed_s == 0
        assert switch.active == (5 <= number < 12 or number >= 20)
        recorder.write(show())
        assert (switch.path is not None) == (5 <= number < 12 or number >= 20)
    recorder.close()
    assert switch.path is None
    assert not switch.active
    found = media(session)
    one, two = found[5], found[20]
    assert one is not None
    assert two is not None
    assert one != two
    assert found == [None] * 5 + [one] * 7 + [None] * 8 + [two] * 10
    assert sorted(path.name for path in (session.folder / "annotated").iterdir()) == sorted(
        Path(name).name for name in (one, two)
    )
    for name, count in ((one, 7), (two, 10)):
        assert name.startswith("annotated/door-")
        assert name.endswith(".mp4")
        assert "secret" not in name
        assert shown(session.folder / name) == pytest.approx(
            [number / 10 for number in range(count)], abs=1e-4
        )


def test_a_timed_recording_ends_by_itself(
    session: SessionWriter, switch: RecordingSwitch, show: Callable[..., Result]
) -> None:
    recorder = Recorder(session, DETECTOR.info, record=switch)
    switch.start(1.05)
    assert switch.left_s == pytest.approx(1.05)
    for _ in range(20):
        recorder.write(show())
    assert not switch.active
    recorder.close()
    (name,) = {each for each in media(session) if each}
    assert media(session) == [name] * 11 + [None] * 9
    assert len(shown(session.folder / name)) == 11


def test_a_recording_ends_although_no_frame_comes(
    session: SessionWriter, switch: RecordingSwitch, show: Callable[..., Result], clock: Clock
) -> None:
    recorder = Recorder(session, DETECTOR.info, record=switch)
    switch.start(0.95)
    for _ in range(5):
        recorder.write(show())
    late = show()
    due = recorder.tick()
    assert due is not None
    assert due <= 0.35 + 1e-6
    path = switch.path
    assert path is not None
    clock.now += 1
    recorder.tick()
    assert switch.path is None
    # A video that is closed has one index for all of it.
    assert b"moof" not in boxes(path.read_bytes())
    # A frame that came in time but is found late makes no file of its own.
    recorder.write(late)
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    switch.start()
    recorder.write(show())
    recorder.close()
    assert len(list(path.parent.iterdir())) == 2


def test_another_size_begins_another_file(
    session: SessionWriter, switch: RecordingSwitch, show: Callable[..., Result]
) -> None:
    recorder = Recorder(session, DETECTOR.info, record=switch)
    switch.start()
    for width in (64, 64, 96, 96, 96):
        recorder.write(show(width))
    recorder.close()
    one, two = (each for each in dict.fromkeys(media(session)) if each)
    assert len(shown(session.folder / one)) == 2
    assert shown(session.folder / two) == pytest.approx([0, 0.1, 0.2], abs=1e-4)


def test_without_a_switch_all_of_a_camera_is_recorded(
    session: SessionWriter, show: Callable[..., Result]
) -> None:
    recorder = Recorder(session, DETECTOR.info)
    for _ in range(3):
        recorder.write(show())
    recorder.close()
    (name,) = set(media(session))
    assert name is not None
    assert shown(session.folder / name) == pytest.approx([0, 0.1, 0.2], abs=1e-4)


def test_no_file_is_ever_overwritten(
    session: SessionWriter, switch: RecordingSwitch, show: Callable[..., Result]
) -> None:
    recorder = Recorder(session, DETECTOR.info, record=switch)
    folder = session.folder / "annotated"
    for _ in range(40):
        switch.start()
        recorder.write(show())
        switch.stop()
        recorder.write(show())
    recorder.close()
    assert len({each for each in media(session) if each}) == 40
    assert all(len(shown(path)) == 1 for path in folder.iterdir())
    again = Recorder(session, DETECTOR.info)
    assert again.path == session.path


@pytest.mark.parametrize("origin", ["camera:0", "sim:", "a:b|c?*\0", "http://10.0.0.1:8080"])
def test_names_of_recordings_are_possible_everywhere(
    session: SessionWriter, show: Callable[..., Result], origin: str
) -> None:
    recorder = Recorder(session, DETECTOR.info)
    recorder.write(show(origin=origin))
    recorder.close()
    (path,) = (session.folder / "annotated").iterdir()
    assert not set(path.name) & set('<>:"/\\|?*\0')
    assert len(shown(path)) == 1


def test_a_full_disk_ends_a_recording_that_plays(
    session: SessionWriter,
    switch: RecordingSwitch,
    show: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorder = Recorder(session, DETECTOR.info, record=switch)
    switch.start()
    disk_filler(monkeypatch)(40_000)
    with pytest.raises(StoreError, match="disk is full"):
        write_many(recorder, show)
    path = switch.path
    assert path is not None
    recorder.close("failed")
    assert FullDisk.room == 0
    assert not switch.active
    assert len(shown(path)) > 10
    with SessionReader.open(session.folder) as reader:
        assert reader.run.state == "failed"
        assert reader.frame_count() >= len(shown(path))


def write_many(recorder: Recorder, show: Callable[..., Result]) -> None:
    for _ in range(3000):
        recorder.write(show())


def test_pictures_of_files_know_nothing_of_the_switch(
    session: SessionWriter, switch: RecordingSwitch
) -> None:
    recorder = Recorder(session, DETECTOR.info, record=switch)
    image = np.full((48, 64, 3), 90, np.uint8)
    recorder.write(DETECTOR.detect(Frame(image, 0, None, "a.png"), RunConfig()))
    recorder.write(DETECTOR.detect(Frame(image, 0, 0.0, "a.mp4"), RunConfig()))
    recorder.close()
    assert media(session) == ["annotated/a.jpg", "annotated/a.mp4"]


def test_a_snapshot_is_the_picture_and_what_was_found(
    tmp_path: Path, show: Callable[..., Result]
) -> None:
    result = show()
    first = save_snapshot(result, DETECTOR.info, tmp_path)
    second = save_snapshot(result, DETECTOR.info, tmp_path)
    assert first != second
    assert first.parent == second.parent == tmp_path / "snapshots"
    assert len(list(first.parent.iterdir())) == 4
    for path in (first, second):
        assert path.name.startswith("door-")
        with Image.open(path.with_suffix(".png")) as plain:
            assert np.array_equal(np.asarray(plain), result.frame.image)
        with Image.open(path) as drawn:
            wanted = annotate(result, DETECTOR.info.names).astype(int)
            assert np.abs(np.asarray(drawn) - wanted).mean() < 4
            assert np.abs(np.asarray(drawn) - result.frame.image.astype(int)).max() > 60


def test_a_snapshot_that_cannot_be_kept_is_a_sentence(
    tmp_path: Path, show: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, **options: bool) -> None:
        raise OSError(errno.EROFS, "read-only")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StoreError, match="read-only"):
        save_snapshot(show(), DETECTOR.info, tmp_path)


def test_lines_and_zones_are_drawn(tmp_path: Path, session: SessionWriter) -> None:
    image = np.full((240, 320, 3), 90, np.uint8)
    config = RunConfig(track="bytetrack", counters=("line:gate=10,120,310,120",))
    counted = Counted(totals=(CounterTotals(4, 1),))
    plain = FakeDetector(0).detect(Frame(image, 0, None, "a.png"), RunConfig())
    result = Result(plain.frame, plain.detections, counted=counted)
    recorder = Recorder(session, DETECTOR.info, config=config)
    recorder.write(result)
    recorder.close()
    snapshot = save_snapshot(result, DETECTOR.info, tmp_path, config)
    for path in (session.folder / "annotated/a.jpg", snapshot):
        with Image.open(path) as drawn:
            line = np.asarray(drawn)[118:123, 40:280].astype(int)
            assert np.abs(line - 90).max(axis=(0, 2)).min() > 40
