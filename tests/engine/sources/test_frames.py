"""One frame is the one that reading the whole file gives, however it is reached."""

from __future__ import annotations

import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from engine.errors import EngineError, PictureError, SourceError, VideoError
from engine.sources import frames, open_sources, read_picture, read_video
from engine.sources.frames import NEAR_START, read_frame
from engine.sources.video import OpenVideo
from engine.types import Frame, UInt8

RATE = 25
GROUP = 20
COUNT = NEAR_START + 3 * GROUP
HEIGHT, WIDTH = 64, 96

GROUPS = ("libx264", {"x264-params": f"keyint={GROUP}:scenecut=0:bframes=0"})
OPEN_GROUPS = f"open-gop=1:keyint={GROUP}:min-keyint={GROUP}:scenecut=0:bframes=3"
KINDS: dict[str, tuple[str, dict[str, str]]] = {
    "plain.mp4": ("libx264", {"bf": "2"}),
    "open.mp4": ("libx264", {"x264-params": OPEN_GROUPS}),
    "open.mkv": ("libx265", {"x265-params": f"{OPEN_GROUPS}:log-level=none"}),
    "stream.ts": ("libx264", {"bf": "2"}),
    "old.avi": ("mpeg4", {"bf": "2"}),
    "web.webm": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}),
}
"""Files that can be moved in: container, encoder and its settings."""

COUNTED: dict[str, tuple[str, dict[str, str]]] = {
    "program.mpg": ("mpeg2video", {"bf": "2"}),
    "hidden.webm": ("libvpx", {"auto-alt-ref": "1", "lag-in-frames": "16"}),
    "raw.h264": ("libx264", {}),
}
"""Files whose frames are found by counting only."""


def scene(number: int) -> UInt8:
    """Return a picture that differs from all others."""
    cells = np.random.default_rng(number).integers(0, 256, (HEIGHT // 16, WIDTH // 16, 3), np.uint8)
    return np.repeat(np.repeat(cells, 16, axis=0), 16, axis=1)


def film(path: Path, codec: str, options: dict[str, str], count: int = COUNT) -> Path:
    """Write a video of one scene a frame."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.gop_size = GROUP
        for number in range(count):
            picture = av.VideoFrame.from_ndarray(scene(number), format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def damage(path: Path, *numbers: int) -> None:
    """Overwrite the data of some packets."""
    with av.open(str(path)) as container:
        places = [(p.pos or 0, p.size) for p in container.demux(video=0) if p.size]
    data = bytearray(path.read_bytes())
    for number in numbers:
        start, size = places[number]
        data[start : start + size] = bytes(size)
    path.write_bytes(data)


def same(one: Frame, other: Frame) -> bool:
    """Tell whether two frames agree in everything, but for what stands in for damaged data."""
    sound = one.warning is None
    return (np.array_equal(one.image, other.image) or not sound) and (
        one.index,
        one.time_s,
        one.origin,
        one.warning,
    ) == (other.index, other.time_s, other.origin, other.warning)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the frames that were reached by decoding from the start."""
    seen: list[int] = []
    count = frames._count

    def note(video: OpenVideo, index: int) -> Frame:
        seen.append(index)
        return count(video, index)

    monkeypatch.setattr(frames, "_count", note)
    return seen


@pytest.mark.parametrize("name", KINDS)
def test_frames_of_a_video_are_reached_by_jumping(
    name: str, tmp_path: Path, counted: list[int]
) -> None:
    path = film(tmp_path / name, *KINDS[name])
    whole = list(read_video(path))
    assert len(whole) == COUNT
    # Backwards, so that no state of a former call could help.
    for frame in reversed(whole[NEAR_START + 1 :]):
        assert same(read_frame(path, frame.index), frame)
        assert same(read_frame(path, frame.index, time_s=frame.time_s), frame)
    assert counted == []
    for index in (0, 1, NEAR_START):
        assert same(read_frame(path, index), whole[index])


@pytest.mark.parametrize("name", COUNTED)
def test_where_jumping_is_not_safe_frames_are_counted(
    name: str, tmp_path: Path, counted: list[int]
) -> None:
    path = film(tmp_path / name, *COUNTED[name])
    whole = list(read_video(path))
    for index in (NEAR_START + 1, NEAR_START + GROUP - 1, len(whole) - 1):
        assert same(read_frame(path, index, time_s=whole[index].time_s), whole[index])
        assert same(read_frame(path, index), whole[index])
    assert len(counted) == 6


def test_a_recording_that_begins_in_the_middle(tmp_path: Path, counted: list[int]) -> None:
    """Nothing can be made of its first packets, so that packets are no count of frames."""
    path = film(tmp_path / "whole.ts", "libx264", {"bf": "2"})
    with av.open(str(path)) as container:
        places = [p.pos for p in container.demux(video=0) if p.size and p.pos is not None]
    cut = tmp_path / "cut.ts"
    cut.write_bytes(path.read_bytes()[:564] + path.read_bytes()[places[GROUP // 2] :])
    whole = list(read_video(cut))
    assert NEAR_START + GROUP < len(whole) < COUNT
    assert same(read_frame(cut, len(whole) - 2), whole[-2])
    assert counted


def test_a_time_finds_the_frame_behind_damage(tmp_path: Path, counted: list[int]) -> None:
    path = film(tmp_path / "a.mp4", *GROUPS)
    damage(path, 5)
    whole = list(read_video(path))
    last = whole[-1]
    assert last.index == COUNT - 2
    assert last.warning is None
    assert same(read_frame(path, last.index, time_s=last.time_s), last)
    assert counted == []


def test_what_builds_on_damage_says_so_and_is_read_from_the_start(
    tmp_path: Path, counted: list[int]
) -> None:
    """What a decoder puts in place of damaged data depends on all that came before."""
    path = film(tmp_path / "a.mp4", *GROUPS)
    damage(path, COUNT - GROUP // 2)
    whole = list(read_video(path))
    last = whole[-1]
    assert last.warning
    assert read_frame(path, last.index, time_s=last.time_s).warning == last.warning
    assert counted == [last.index]


def test_variable_rates(shared: Path, counted: list[int]) -> None:
    path = shared / "awkward" / "v10_vfr.mp4"
    for frame in list(read_video(path))[NEAR_START + 1 :: 7]:
        assert same(read_frame(path, frame.index), frame)
        assert same(read_frame(path, frame.index, time_s=frame.time_s), frame)
    assert counted == []


def test_a_time_that_no_frame_has_falls_back_to_the_count(
    tmp_path: Path, counted: list[int]
) -> None:
    path = film(tmp_path / "a.mp4", "libx264", {})
    index = NEAR_START + 9
    wrong = (index + 0.5) / RATE
    frame = read_frame(path, index, time_s=wrong)
    assert frame.time_s == pytest.approx(index / RATE)
    assert counted == [index]


def test_a_video_that_was_replaced_is_looked_through_again(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", "libx264", {})
    index = COUNT - 1
    read_frame(path, index)
    film(path, "libx264", {}, COUNT - 10)
    os.utime(path, ns=(1, 1))
    with pytest.raises(VideoError, match=f"no frame {index}: it ends with frame {COUNT - 11}"):
        read_frame(path, index)


@pytest.mark.parametrize("index", [0, NEAR_START + 1])
def test_a_video_of_nothing_but_damage(tmp_path: Path, index: int) -> None:
    path = film(tmp_path / "a.mp4", *GROUPS)
    damage(path, *range(COUNT))
    with pytest.raises(VideoError, match="No frame of"):
        read_frame(path, index)


def tiff(path: Path, pages: int) -> Path:
    """Write a TIFF whose page N is grey level 10 * N."""
    images = [Image.new("RGB", (8, 6), (10 * page,) * 3) for page in range(pages)]
    images[0].save(path, save_all=True, append_images=images[1:])
    return path


def test_pages_of_a_tiff(tmp_path: Path) -> None:
    path = tiff(tmp_path / "a.tif", 5)
    for frame in read_picture(path):
        again = read_frame(path, frame.index)
        assert same(again, frame)
        assert (again.image == 10 * frame.index).all()
    with pytest.raises(PictureError, match="has no page 6") as caught:
        read_frame(path, 5)
    assert caught.value.hint


def test_only_the_page_itself_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tiff(tmp_path / "a.tif", 50)
    decoded: list[int] = []
    load = TiffImagePlugin.TiffImageFile.load

    def note(picture: TiffImagePlugin.TiffImageFile) -> object:
        decoded.append(picture.tell())
        return load(picture)

    monkeypatch.setattr(TiffImagePlugin.TiffImageFile, "load", note)
    read_frame(path, 40)
    assert set(decoded) == {40}


def test_a_page_that_is_left_out_is_no_other_page(tmp_path: Path) -> None:
    images = [Image.new("L", (8, 6), level) for level in (10, 20, 30)]
    reduced = TiffImagePlugin.ImageFileDirectory_v2()
    reduced[0x00FE] = 1
    images[1].encoderinfo = {"tiffinfo": reduced}
    images[0].save(tmp_path / "a.tif", save_all=True, append_images=images[1:])
    assert [frame.index for frame in read_picture(tmp_path / "a.tif")] == [0, 2]
    with pytest.raises(PictureError, match="Page 2 of"):
        read_frame(tmp_path / "a.tif", 1)
    assert (read_frame(tmp_path / "a.tif", 2).image == 30).all()


def test_other_pictures_have_one_page(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (8, 6), (1, 2, 3)).save(path)
    assert read_frame(path).index == 0
    with pytest.raises(PictureError, match="has no page 2"):
        read_frame(path, 1)


def make_text(path: Path) -> Path:
    path.write_text("not a picture")
    return path


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda folder: make_text(folder / "a.txt"), PictureError, "holds text"),
        (lambda folder: make_text(folder / "a.mp4"), VideoError, "holds text"),
        (lambda folder: folder / "absent.jpg", PictureError, "cannot be opened"),
        (lambda folder: folder / "absent.mp4", VideoError, "cannot be opened"),
        (lambda folder: folder, PictureError, "cannot be opened"),
    ],
)
def test_what_is_no_picture_gives_a_sentence(
    tmp_path: Path, make: Callable[[Path], Path], kind: type[EngineError], words: str
) -> None:
    with pytest.raises(kind, match=words) as caught:
        read_frame(make(tmp_path))
    assert caught.value.hint


def test_a_negative_index_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="from 0"):
        read_frame(tmp_path / "a.png", -1)


def test_every_awkward_file_gives_its_frames(shared: Path) -> None:
    tried = 0
    for path in sorted((shared / "awkward").iterdir()):
        if path.suffix in (".pt", ".md") or path.is_dir():
            continue
        try:
            found = [f for f in open_sources([str(path)]) if isinstance(f, Frame)]
        except SourceError:
            continue
        for frame in found[:1] + found[-1:]:
            assert same(read_frame(path, frame.index, time_s=frame.time_s), frame), path
            tried += 1
        if not found:
            with pytest.raises(EngineError):
                read_frame(path)
    assert tried > 80
