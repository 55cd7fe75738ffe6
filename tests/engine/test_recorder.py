"""Every result is drawn and stored as it comes, and media end whole."""

import errno
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from engine.config import RunConfig
from engine.errors import PictureError, SettingError, StoreError
from engine.inference.fake import FakeDetector
from engine.recorder import Recorder
from engine.sources import Failure
from engine.store import SESSION_FILE, RunRecord, SessionReader, SessionWriter
from engine.types import Frame, Result
from engine.video_writer import VideoWriter

DETECTOR = FakeDetector(4, names=("cells", "凝胶", "=serum"))
RUN = RunRecord(
    started="2026-01-01T00:00:00+00:00",
    model=DETECTOR.info,
    settings={},
    device="fake",
    versions={},
    sources=("a",),
)


def result(
    index: int = 0, time_s: float | None = None, origin: str = "a.jpg", width: int = 64
) -> Result:
    image = np.full((48, width, 3), 90, np.uint8)
    return DETECTOR.detect(Frame(image, index, time_s, origin), RunConfig())


@pytest.fixture
def session(tmp_path: Path) -> Iterator[SessionWriter]:
    writer = SessionWriter.create(tmp_path / "s", RUN)
    yield writer
    writer.close()


def annotated(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "annotated").iterdir())


def media(folder: Path) -> list[str | None]:
    with SessionReader.open(folder) as reader:
        return [frame.media for frame in reader.frames()]


def frames(path: Path) -> list[float]:
    """Return the times of the frames of a video."""
    with av.open(str(path)) as container:
        return [float(frame.time or 0) for frame in container.decode(video=0)]


def test_pictures_are_drawn_beside_the_session(session: SessionWriter) -> None:
    recorder = Recorder(session, DETECTOR.info)
    origins = ["x/a.jpg", "y/a.jpg", "x/血清 🧪.png", "x/stack.tif"]
    for origin in origins:
        recorder.write(result(origin=origin))
    recorder.write(result(1, origin="x/stack.tif"))
    recorder.close()
    names = ["a.jpg", "a-2.jpg", "血清 🧪.jpg", "stack.jpg", "stack-p002.jpg"]
    assert annotated(session.folder) == sorted(names)
    assert media(session.folder) == [f"annotated/{name}" for name in names]
    for name in names:
        with Image.open(session.folder / "annotated" / name) as picture:
            assert picture.size == (64, 48)
            # The background is grey; what is drawn on it is not.
            assert len(picture.convert("RGB").getcolors(10_000) or ()) > 20


def test_the_objects_of_a_result_are_stored_with_it(session: SessionWriter) -> None:
    recorder = Recorder(session, DETECTOR.info)
    given = [result(index, origin=f"{index}.jpg") for index in range(3)]
    for one in given:
        recorder.write(one)
    recorder.close("interrupted")
    with SessionReader.open(session.folder) as reader:
        assert reader.run.state == "interrupted"
        assert reader.object_count() == 12
        for frame, one in zip(reader.frames(), given, strict=True):
            assert frame.source == one.frame.origin
            assert np.array_equal(reader.detections(frame.id).boxes, one.detections.boxes)


def test_a_video_is_one_file_with_the_times_of_its_source(session: SessionWriter) -> None:
    recorder = Recorder(session, DETECTOR.info)
    times = [0.0, 0.04, 0.1, 0.3, 1.5]
    for index, time_s in enumerate(times):
        recorder.write(result(index, time_s, "clip.mov"))
    recorder.close()
    assert annotated(session.folder) == ["clip.mp4"]
    assert media(session.folder) == ["annotated/clip.mp4"] * 5
    assert frames(session.folder / "annotated/clip.mp4") == pytest.approx(times, abs=1e-4)


def test_pictures_and_videos_take_turns(session: SessionWriter) -> None:
    recorder = Recorder(session, DETECTOR.info)
    for index in range(3):
        recorder.write(result(index, index / 10, "one.mp4"))
    for index in range(4):
        recorder.write(result(index, index / 10, "two.mp4", width=80))
    # The video before is finished, and so plays, as soon as another source begins.
    assert len(frames(session.folder / "annotated/one.mp4")) == 3
    recorder.write(result(origin="one.jpg"))
    assert len(frames(session.folder / "annotated/two.mp4")) == 4
    recorder.write(result(0, 0.0, "other/one.mp4"))
    recorder.write(result(0, 0.0, "last.mp4"))
    recorder.close()
    assert annotated(session.folder) == sorted(
        ["last.mp4", "one-2.mp4", "one.jpg", "one.mp4", "two.mp4"]
    )
    assert len(frames(session.folder / "annotated/last.mp4")) == 1


def test_without_media_only_the_session_is_written(session: SessionWriter) -> None:
    recorder = Recorder(session, DETECTOR.info, media=False)
    recorder.write(result())
    recorder.write(result(0, 0.0, "clip.mp4"))
    recorder.close()
    assert [path.name for path in session.folder.iterdir()] == [SESSION_FILE]
    assert media(session.folder) == [None, None]


def test_what_is_told_is_stored_before(session: SessionWriter) -> None:
    stored: list[tuple[int, int]] = []

    def look(one: Result | Failure) -> None:
        connection = session._connection
        (frames,) = connection.execute("SELECT count(*) FROM frame").fetchone()
        (failures,) = connection.execute("SELECT count(*) FROM failure").fetchone()
        stored.append((frames, failures))

    recorder = Recorder(session, DETECTOR.info, on_written=look, on_failed=look)
    recorder.write(result())
    recorder.fail(Failure("b.jpg", PictureError("{path} is empty.", path="b.jpg")))
    recorder.write(result(origin="c.jpg"))
    assert stored == [(1, 0), (1, 1), (2, 1)]
    recorder.close()
    with SessionReader.open(session.folder) as reader:
        assert [failure.source for failure in reader.failures()] == ["b.jpg"]


def test_rows_are_committed_when_they_are_due(
    session: SessionWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = itertools.count(100.0, 0.3)
    monkeypatch.setattr("engine.store.writer.time.monotonic", lambda: next(clock))
    recorder = Recorder(session, DETECTOR.info, media=False)
    assert recorder.tick() is None
    recorder.write(result())
    with SessionReader.open(session.folder) as reader:
        assert reader.frame_count() == 0
        assert recorder.tick() is None
        assert reader.frame_count() == 1


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that leaves room for so many pictures and no more."""
    plain: Callable[..., object] = Path.open
    room = [0]

    def open_with_room(path: Path, *arguments: str) -> object:
        if path.suffix == ".part":
            if not room[0]:
                raise OSError(errno.ENOSPC, "No space left on device")
            room[0] -= 1
        return plain(path, *arguments)

    def fill(pictures: int) -> None:
        room[0] = pictures
        monkeypatch.setattr(Path, "open", open_with_room)

    return fill


def test_a_full_disk_leaves_the_first_results(
    session: SessionWriter, full_disk: Callable[[int], None]
) -> None:
    recorder = Recorder(session, DETECTOR.info)
    full_disk(3)
    for index in range(3):
        recorder.write(result(origin=f"{index}.jpg"))
    with pytest.raises(StoreError, match="disk is full"):
        recorder.write(result(origin="3.jpg"))
    recorder.close("failed")
    assert annotated(session.folder) == ["0.jpg", "1.jpg", "2.jpg"]
    with SessionReader.open(session.folder) as reader:
        assert reader.frame_count() == 3
        assert reader.run.state == "failed"


def test_the_session_is_closed_although_the_video_cannot_be(
    session: SessionWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(session, DETECTOR.info)
    recorder.write(result(0, 0.0, "clip.mp4"))
    close = VideoWriter.close

    def fail(self: VideoWriter, *, cut: bool) -> None:
        close(self, cut=cut)
        raise StoreError("The disk is full.")

    monkeypatch.setattr(VideoWriter, "close", fail)
    with pytest.raises(StoreError, match="disk is full"):
        recorder.close("failed")
    assert [path.name for path in session.folder.iterdir()] != []
    with SessionReader.open(session.folder) as reader:
        assert reader.run.state == "failed"


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.EROFS, "read-only"), (errno.EACCES, "No permission"), (errno.ENOSPC, "disk is full")],
)
def test_a_folder_that_cannot_be_made_ends_the_session(
    session: SessionWriter, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def refuse(self: Path, **options: bool) -> None:
        raise OSError(number, "refused")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StoreError, match=words) as caught:
        Recorder(session, DETECTOR.info)
    assert "annotated" in caught.value.message
    with SessionReader.open(session.folder) as reader:
        assert reader.run.state == "failed"


def test_a_file_in_the_way_of_the_folder_is_named(session: SessionWriter) -> None:
    (session.folder / "annotated").write_text("mine")
    with pytest.raises(StoreError, match="a file, not a folder"):
        Recorder(session, DETECTOR.info)
    assert (session.folder / "annotated").read_text() == "mine"


def test_a_line_that_cannot_be_read_ends_the_session(session: SessionWriter) -> None:
    with pytest.raises(SettingError):
        Recorder(session, DETECTOR.info, config=RunConfig(counters=("line:gate=1,2",)))
    with SessionReader.open(session.folder) as reader:
        assert reader.run.state == "failed"
