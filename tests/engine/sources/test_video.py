"""Videos keep their times and their orientation, and damage costs only what it hit."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from engine.errors import VideoError
from engine.sources import probe_video, read_video
from engine.types import Frame, UInt8

HEIGHT, WIDTH = 48, 64
UPRIGHT = bytes.fromhex("00010000 00000000 00000000 00000000 00010000")
TURNS = {
    90: bytes.fromhex("00000000 00010000 00000000 ffff0000 00000000"),
    180: bytes.fromhex("ffff0000 00000000 00000000 00000000 ffff0000"),
    270: bytes.fromhex("00000000 ffff0000 00000000 00010000 00000000"),
}
"""First five numbers of the matrix in an MP4's track header, by clockwise angle."""


def box(name: bytes, *content: bytes) -> bytes:
    """Return a box of an MP4."""
    data = b"".join(content)
    return (8 + len(data)).to_bytes(4, "big") + name + data


START = box(b"ftyp", b"isom", bytes(4))
LONG_DATA = (1).to_bytes(4, "big") + b"mdat" + (40).to_bytes(8, "big") + bytes(24)
"""Data in a box whose size takes 64 bits."""
BROKEN_INDEX = box(b"moov", box(b"cmov", box(b"dcom", b"zlib"), box(b"cmvd", bytes(8))))


def scene(seed: int, height: int = HEIGHT, width: int = WIDTH) -> UInt8:
    """Return a picture without any symmetry."""
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 16, width // 16, 3), np.uint8)
    return np.repeat(np.repeat(coarse, 16, axis=0), 16, axis=1)


def film(
    path: Path,
    times: Sequence[int],
    codec: str = "mpeg4",
    pixels: str = "yuv420p",
    rate: int = 25,
    base: Fraction = Fraction(1, 1000),
    options: dict[str, str] | None = None,
) -> Path:
    """Write a video of one scene a time, the times in units of `base`."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixels
        stream.codec_context.time_base = base
        for number, time in enumerate(times):
            picture = av.VideoFrame.from_ndarray(scene(number), format="rgb24")
            picture.pts, picture.time_base = time, base
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def packets(path: Path) -> list[tuple[int, int]]:
    """Return where the data of each packet lie in a file: offset and size in bytes."""
    with av.open(str(path)) as container:
        return [
            (packet.pos or 0, packet.size) for packet in container.demux(video=0) if packet.size
        ]


def wipe(path: Path, *numbers: int) -> None:
    """Overwrite the data of some packets."""
    data = bytearray(path.read_bytes())
    places = packets(path)
    for number in numbers:
        start, size = places[number]
        data[start : start + size + 8] = bytes(size + 8)
    path.write_bytes(data)


def read(path: Path) -> tuple[list[Frame], VideoError | None]:
    """Return all frames of a video and the error at its end."""
    frames = []
    try:
        for frame in read_video(path):
            frames.append(frame)
    except VideoError as error:
        return frames, error
    return frames, None


def refused(path: Path) -> str:
    """Return the sentence of a video of which nothing is read."""
    frames, error = read(path)
    assert frames == []
    assert error is not None
    assert error.hint
    return error.message


def test_frames_are_rgb_in_order(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mkv", range(0, 400, 40), "ffv1", "bgr0")
    frames, error = read(path)
    assert error is None
    assert [frame.index for frame in frames] == list(range(10))
    for number, frame in enumerate(frames):
        assert np.array_equal(frame.image, scene(number))
        assert frame.image.flags.writeable
        assert frame.origin == str(path)
        assert frame.warning is None


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_variable_times_are_kept(tmp_path: Path, suffix: str) -> None:
    times = [0, 40, 80, 500, 501, 1300, 1333]
    frames, _ = read(film(tmp_path / f"a{suffix}", times))
    assert [frame.time_s for frame in frames] == pytest.approx([time / 1000 for time in times])


def test_times_start_with_the_pictures(tmp_path: Path) -> None:
    frames, _ = read(film(tmp_path / "a.mkv", [5000, 5040, 5080]))
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.04, 0.08])


def test_fractional_rates(tmp_path: Path) -> None:
    times = range(0, 10 * 1001, 1001)
    path = film(tmp_path / "a.mp4", times, base=Fraction(1, 30000))
    frames, _ = read(path)
    assert [frame.time_s for frame in frames] == pytest.approx([t / 30000 for t in times], abs=1e-9)
    assert probe_video(path).rate_hz == pytest.approx(30000 / 1001, rel=0.03)


def test_times_are_counted_where_the_source_has_none(tmp_path: Path) -> None:
    path = tmp_path / "a.m4v"
    with av.open(str(film(tmp_path / "b.mkv", range(0, 200, 40)))) as container:
        data = b"".join(bytes(packet) for packet in container.demux(video=0))
        context = container.streams.video[0].codec_context
        path.write_bytes((context.extradata or b"") + data)
    frames, _ = read(path)
    times = np.array([frame.time_s for frame in frames], np.float64)
    assert len(times) == 5
    assert times[0] == 0
    assert np.all(np.diff(times) > 0)


@pytest.mark.parametrize("angle", TURNS)
def test_rotation_of_the_file_is_applied(tmp_path: Path, angle: int) -> None:
    path = film(tmp_path / "a.mp4", [0, 40, 80])
    plain = [frame.image for frame in read_video(path)]
    data = path.read_bytes()
    header = data.index(b"tkhd")
    at = data.index(UPRIGHT, header)
    assert at < header + 60
    turned = tmp_path / "b.mp4"
    turned.write_bytes(data[:at] + TURNS[angle] + data[at + len(UPRIGHT) :])
    frames, _ = read(turned)
    for frame, image in zip(frames, plain, strict=True):
        assert np.array_equal(frame.image, np.rot90(image, -angle // 90))
        assert frame.image.flags.c_contiguous
    info = probe_video(turned)
    assert (info.width, info.height) == ((HEIGHT, WIDTH) if angle != 180 else (WIDTH, HEIGHT))


@pytest.mark.parametrize("pixels", ["gray", "gray16le", "yuv420p10le", "yuva420p"])
def test_pixel_formats(tmp_path: Path, pixels: str) -> None:
    frames, error = read(film(tmp_path / "a.mkv", [0, 40], "ffv1", pixels))
    assert error is None
    grey = scene(1) @ np.array([0.299, 0.587, 0.114])
    seen = frames[1].image @ np.array([0.299, 0.587, 0.114])
    assert np.abs(seen - grey)[8::16, 8::16].max() < 6


def test_a_change_of_size_within_the_stream(tmp_path: Path) -> None:
    path = tmp_path / "a.mjpeg"
    parts = [film(tmp_path / "small.mjpeg", [0, 40], "mjpeg", "yuvj420p").read_bytes()]
    with av.open(str(tmp_path / "large.mjpeg"), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 2 * WIDTH, 2 * HEIGHT, "yuvj420p"
        picture = av.VideoFrame.from_ndarray(scene(5, 2 * HEIGHT, 2 * WIDTH), format="rgb24")
        container.mux(stream.encode(picture))
        container.mux(stream.encode())
    parts.append((tmp_path / "large.mjpeg").read_bytes())
    path.write_bytes(b"".join(parts))
    frames, _ = read(path)
    assert [(frame.width, frame.height) for frame in frames] == [
        (WIDTH, HEIGHT),
        (WIDTH, HEIGHT),
        (2 * WIDTH, 2 * HEIGHT),
    ]


def test_damage_in_the_middle_is_skipped_and_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = film(tmp_path / "a.avi", range(0, 400, 40), "mjpeg", "yuvj420p")
    whole, _ = read(path)
    wipe(path, 4, 5)
    frames, error = read(path)
    assert error is None
    assert len(frames) == 8
    assert [frame.warning for frame in frames].count(None) == 7
    assert frames[4].warning == "Damaged parts before this frame were skipped: 2."
    assert frames[4].time_s == pytest.approx(0.24, abs=0.005)
    assert np.array_equal(frames[4].image, whole[6].image)
    assert capfd.readouterr() == ("", "")


def test_damage_at_the_end_comes_after_the_frames(tmp_path: Path) -> None:
    path = film(tmp_path / "a.avi", range(0, 400, 40), "mjpeg", "yuvj420p")
    wipe(path, 8, 9)
    frames, error = read(path)
    assert len(frames) == 8
    assert error is not None
    assert error.message == f"{path} is damaged after its frame 7: the rest cannot be read."


def test_frames_that_build_on_damage_say_so(tmp_path: Path) -> None:
    groups = {"g": "8", "bf": "0", "sc_threshold": "0"}
    path = film(tmp_path / "a.avi", range(0, 960, 40), "libx264", options=groups)
    wipe(path, 11)
    frames, error = read(path)
    assert error is None
    assert len(frames) == 23
    told = [frame.warning or "" for frame in frames]
    assert told[11] == (
        "Damaged parts before this frame were skipped: 1."
        " Parts of this frame may be wrong: its data are damaged."
    )
    assert told[12:15] == ["Parts of this frame may be wrong: its data are damaged."] * 3
    assert not any(told[:11])
    assert not any(told[15:])


def test_only_damage_is_no_video(tmp_path: Path) -> None:
    path = film(tmp_path / "a.avi", [0, 40], "mjpeg", "yuvj420p")
    wipe(path, 0, 1)
    assert "No frame of" in refused(path)


def test_a_cut_off_recording_has_no_index(tmp_path: Path) -> None:
    data = film(tmp_path / "a.mp4", range(0, 400, 40)).read_bytes()
    (tmp_path / "b.mp4").write_bytes(data[: data.index(b"moov") - 4])
    assert "incomplete: the index" in refused(tmp_path / "b.mp4")


def test_the_frames_before_a_cut_are_read(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mkv", range(0, 400, 40))
    start, _ = packets(path)[6]
    path.write_bytes(path.read_bytes()[:start])
    frames, _ = read(path)
    assert 5 <= len(frames) <= 7


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        assert isinstance(stream, av.AudioStream)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    assert "holds no moving picture" in refused(path)


def test_the_cover_of_a_sound_file_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    with av.open(str(path), "w") as container:
        music = container.add_stream("mp3", rate=44100)
        cover = container.add_stream("mjpeg", rate=1)
        assert isinstance(music, av.AudioStream)
        assert isinstance(cover, av.VideoStream)
        cover.width, cover.height, cover.pix_fmt = WIDTH, HEIGHT, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        picture = av.VideoFrame.from_ndarray(scene(1), format="rgb24")
        picture.pts = 0
        silence = np.zeros((1, 1152), np.float32)
        sound = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
        sound.sample_rate, sound.pts = 44100, 0
        container.mux([*cover.encode(picture), *cover.encode()])
        container.mux([*music.encode(sound), *music.encode()])
    assert "holds no moving picture" in refused(path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"<html><body>404</body></html>", "web page"),
        (b"not a video at all\n", "holds text"),
        (b"#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n", "holds text"),
        (b"\x1a\x45\xdf\xa3" + bytes(400), "begins as Matroska"),
        (START + box(b"mdat", bytes(16)), "incomplete: the index"),
        (START + LONG_DATA[:8] + b"\xff" * 8, "incomplete: the index"),
        (START + b"\0\0\0\0mdat" + BROKEN_INDEX, "incomplete: the index"),
        (START + LONG_DATA, "incomplete: the index"),
        (START + LONG_DATA + BROKEN_INDEX, "begins as MP4"),
        (bytes(range(1, 255)), "no known format"),
    ],
)
def test_what_is_no_video_is_told_apart(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(data)
    assert words in refused(path)


def test_a_playlist_cannot_lead_elsewhere(tmp_path: Path) -> None:
    film(tmp_path / "b.mkv", [0, 40])
    path = tmp_path / "a.mp4"
    path.write_text(f"ffconcat version 1.0\nfile '{tmp_path / 'b.mkv'}'\n")
    assert "holds text" in refused(path)


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    assert "cannot be opened" in refused(tmp_path / "gone.mp4")
    assert "cannot be opened" in refused(tmp_path)


def test_names_are_never_addresses_or_patterns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["a [1] %03d 写真 🧪.mkv"]
    if sys.platform != "win32":
        names += ["http:x.mkv", "a?b|c.mkv"]
    monkeypatch.chdir(tmp_path)
    film(Path("a.mkv"), [0, 40])
    for name in names:
        Path(name).write_bytes(Path("a.mkv").read_bytes())
        assert len(list(read_video(Path(name)))) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_closing_a_reader_closes_the_file(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mkv", range(0, 4000, 40))
    descriptors = Path("/proc/self/fd")
    frames = read_video(path)
    next(frames)
    links = {os.readlink(link) for link in descriptors.iterdir() if link.is_symlink()}
    assert str(path) in links
    frames.close()
    links = {os.readlink(link) for link in descriptors.iterdir() if link.is_symlink()}
    assert str(path) not in links


def test_probe(tmp_path: Path) -> None:
    info = probe_video(film(tmp_path / "a.mp4", range(0, 400, 40)))
    assert (info.width, info.height, info.frames) == (WIDTH, HEIGHT, 10)
    assert info.rate_hz == pytest.approx(25)
    assert info.duration_s == pytest.approx(0.4, abs=0.05)
    (tmp_path / "b.mp4").write_bytes(b"")
    with pytest.raises(VideoError):
        probe_video(tmp_path / "b.mp4")
