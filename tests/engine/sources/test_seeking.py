"""Reading a video from a frame on gives what reading all of it gives from there."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from engine.errors import VideoError
from engine.sources import Failure, SourceList, read_video, video
from engine.types import Frame, UInt8

RATE, GROUP, COUNT = 25, 20, 70
HEIGHT, WIDTH = 64, 96
OPEN_GROUPS = f"open-gop=1:keyint={GROUP}:min-keyint={GROUP}:scenecut=0:bframes=3"
KINDS: dict[str, tuple[str, dict[str, str]]] = {
    "plain.mp4": ("libx264", {"bf": "2"}),
    "open.mp4": ("libx264", {"x264-params": OPEN_GROUPS}),
    "stream.ts": ("libx264", {"bf": "2"}),
    "web.webm": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}),
    "program.mpg": ("mpeg2video", {"bf": "2"}),
}


def film(path: Path, codec: str, options: dict[str, str]) -> Path:
    """Write a video of one scene a frame, with a gap of a second in its middle."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.gop_size = GROUP
        for number in range(COUNT):
            picture = av.VideoFrame.from_ndarray(scene(number), format="rgb24")
            gap = 0 if number < 30 or path.suffix == ".mpg" else RATE
            picture.pts, picture.time_base = number + gap, Fraction(1, RATE)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def scene(number: int) -> UInt8:
    """Return a picture that differs from all others."""
    cells = np.random.default_rng(number).integers(0, 256, (HEIGHT // 16, WIDTH // 16, 3), np.uint8)
    return np.repeat(np.repeat(cells, 16, axis=0), 16, axis=1)


def damage(path: Path, *numbers: int) -> None:
    """Overwrite the data of some packets."""
    with av.open(str(path)) as container:
        places = [(p.pos or 0, p.size) for p in container.demux(video=0) if p.size]
    data = bytearray(path.read_bytes())
    for number in numbers:
        start, size = places[number]
        data[start : start + size] = bytes(size)
    path.write_bytes(data)


def assert_same(ours: list[Frame], theirs: list[Frame]) -> None:
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert (one.index, one.time_s, one.warning, one.duration_s) == (
            other.index,
            other.time_s,
            other.warning,
            other.duration_s,
        )
        assert np.array_equal(one.image, other.image)


@pytest.fixture
def decodings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets one entry for each frame that is decoded."""
    found: list[int] = []
    decode = video._decode

    def note(opened: video.OpenVideo) -> object:
        for picture in decode(opened):
            found.append(1)
            yield picture

    monkeypatch.setattr(video, "_decode", note)
    return found


@pytest.mark.parametrize("name", KINDS)
def test_what_follows_a_frame_is_what_follows_it_from_the_beginning(
    tmp_path: Path, name: str
) -> None:
    path = film(tmp_path / name, *KINDS[name])
    whole = list(read_video(path))
    for start in (0, 1, 19, 20, 21, 39, 41, len(whole) - 1, len(whole)):
        former = whole[start - 1].time_s if start else None
        assert_same(list(read_video(path, start, former_s=former)), whole[start:])
        assert_same(list(read_video(path, start)), whole[start:])


def test_a_known_time_spares_the_way_from_the_beginning(
    tmp_path: Path, decodings: list[int]
) -> None:
    path = film(tmp_path / "a.mp4", *KINDS["plain.mp4"])
    former = list(read_video(path))[61].time_s
    decodings.clear()
    assert len(list(read_video(path, 62, former_s=former))) == COUNT - 62
    assert len(decodings) <= COUNT - 60 + 8
    decodings.clear()
    assert len(list(read_video(path, 62))) == COUNT - 62
    assert len(decodings) == COUNT


@pytest.mark.parametrize("wiped", [(45,), (55, 58), (66,), (69,), (5, 25)])
def test_damage_is_told_as_from_the_beginning(tmp_path: Path, wiped: tuple[int, ...]) -> None:
    options = {"g": "8", "bf": "0", "sc_threshold": "0"}
    path = film(tmp_path / "a.avi", "libx264", options)
    damage(path, *wiped)
    whole, error = everything(path, 0, None)
    for start in (1, 44, 50, 56, 60, len(whole)):
        found, failed = everything(path, start, whole[start - 1].time_s)
        assert_same(found, whole[start:])
        assert (failed and failed.message) == (error and error.message)


def everything(
    path: Path, start: int, former_s: float | None
) -> tuple[list[Frame], VideoError | None]:
    frames = []
    try:
        for frame in read_video(path, start, former_s=former_s):
            frames.append(frame)
    except VideoError as error:
        return frames, error
    return frames, None


def test_a_time_of_no_frame_misleads_nobody(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", *KINDS["plain.mp4"])
    whole = list(read_video(path))
    for wrong in (0.013, 1.5, 99.0, -4.0):
        assert_same(list(read_video(path, 50, former_s=wrong)), whole[50:])


def test_an_unreadable_video_is_refused_wherever_one_begins(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"")
    with pytest.raises(VideoError, match="is empty"):
        list(read_video(path, 7, former_s=0.2))
    with pytest.raises(ValueError, match="from 0"):
        list(read_video(path, -1))


def test_a_list_begins_at_a_frame_of_its_first_file(tmp_path: Path) -> None:
    one = film(tmp_path / "a.mp4", *KINDS["plain.mp4"])
    two = film(tmp_path / "b.mp4", *KINDS["plain.mp4"])
    whole = list(SourceList((one, two)))
    time_s = whole[64].time_s if isinstance(whole[64], Frame) else None
    for former in (time_s, None):
        found = list(SourceList((one, two), 65, former))
        assert not any(isinstance(each, Failure) for each in found)
        assert [(each.origin, each.index) for each in found if isinstance(each, Frame)] == [
            (each.origin, each.index) for each in whole[65:] if isinstance(each, Frame)
        ]
