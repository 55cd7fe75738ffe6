"""Videos on disk: playable at every moment, on time, and a sentence when the disk is full."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from engine.errors import StoreError, VideoError
from engine.types import UInt8
from engine.video_writer import VideoWriter
from tests.helpers.full_disk import FullDisk, disk_filler, picture, played
from tests.helpers.movies import boxes

KILLED = """
import sys
from fractions import Fraction
from pathlib import Path
import numpy as np
from engine.video_writer import VideoWriter

noise = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
rate = int(sys.argv[2])
writer = VideoWriter(Path(sys.argv[1]), Fraction(rate), (160, 120))
for number in range(10**9):
    writer.write(np.roll(noise, number, 1), number / rate)
    print(number / rate, flush=True)
"""


@pytest.fixture
def fill_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that leaves so many bytes of room on every disk."""
    return disk_filler(monkeypatch)


def test_a_missing_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"a\.mp4"):
        VideoWriter(tmp_path / "none" / "a.mp4", None, (64, 48))


def record(path: Path, times: list[float | None], rate: Fraction | None = None) -> None:
    with VideoWriter(path, rate, (64, 48)) as writer:
        for number, time_s in enumerate(times):
            writer.write(np.roll(picture(), number, 1), time_s)


RATES = [Fraction(30000, 1001), Fraction(24000, 1001), Fraction(25), Fraction(7), Fraction(240)]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("known", [True, False])
def test_steady_rates_keep_their_times(tmp_path: Path, rate: Fraction, known: bool) -> None:
    times: list[float | None] = [float(number / rate) for number in range(round(3 * rate))]
    record(tmp_path / "a.mp4", times, rate if known else None)
    frames = played(tmp_path / "a.mp4")
    assert [time for time, _, _ in frames] == pytest.approx(times, abs=2e-5)
    keys = [time for time, key, _ in frames if key]
    assert keys[0] == 0
    assert max(later - sooner for sooner, later in pairwise(keys)) <= 1.0001
    assert times[-1] is not None
    assert times[-1] - keys[-1] <= 1.0001


def test_variable_rates_keep_their_times(tmp_path: Path) -> None:
    steps = np.random.default_rng(0).uniform(0.002, 0.3, 120)
    times: list[float | None] = np.cumsum(steps).tolist()
    record(tmp_path / "a.mp4", times)
    frames = played(tmp_path / "a.mp4")
    assert [time for time, _, _ in frames] == pytest.approx(times, abs=2e-5)
    keys = [time for time, key, _ in frames if key]
    assert max(later - sooner for sooner, later in pairwise(keys)) <= 1.3


@pytest.mark.parametrize("times", [[0.0, 7200.0, 7201.0], [0.0, 1e-5, 2e-5], [3600.5], [5.0, 5.04]])
def test_unusual_times_are_kept(tmp_path: Path, times: list[float | None]) -> None:
    record(tmp_path / "a.mp4", times)
    frames = played(tmp_path / "a.mp4")
    assert [time for time, _, _ in frames] == pytest.approx(times, abs=2e-5)


def test_a_closed_video_is_an_ordinary_movie_of_the_right_length(tmp_path: Path) -> None:
    path = tmp_path / "视频 🎬.mp4"
    record(path, [number / 20 for number in range(50)], Fraction(20))
    data = path.read_bytes()
    assert b"moof" not in boxes(data)
    assert boxes(data).count(b"moov") == 1
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.frames == 50
        assert stream.average_rate == 20
        assert container.duration == pytest.approx(2.5e6, abs=1e3)


def test_times_that_do_not_grow_are_moved(tmp_path: Path) -> None:
    record(tmp_path / "a.mp4", [0.0, 0.1, 0.1, 0.05, 0.2, float("nan"), None, -3.0])
    times = [time for time, _, _ in played(tmp_path / "a.mp4")]
    assert times == pytest.approx([0, 0.1, 0.101, 0.102, 0.2, 0.298, 0.396, 0.397], abs=1e-4)


def test_frames_without_times_follow_the_rate(tmp_path: Path) -> None:
    record(tmp_path / "a.mp4", [None] * 5, Fraction(10))
    record(tmp_path / "b.mp4", [None] * 5)
    assert [t for t, _, _ in played(tmp_path / "a.mp4")] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert [t for t, _, _ in played(tmp_path / "b.mp4")] == pytest.approx(
        [0, 0.04, 0.08, 0.12, 0.16]
    )


def test_colours_survive(tmp_path: Path) -> None:
    colours = [(230, 159, 0), (86, 180, 233), (0, 158, 115), (255, 255, 255), (0, 0, 0)]
    with VideoWriter(tmp_path / "a.mp4", Fraction(5), (64, 48)) as writer:
        for colour in colours:
            writer.write(np.full((48, 64, 3), colour, np.uint8))
    for colour, (_, _, image) in zip(colours, played(tmp_path / "a.mp4"), strict=True):
        assert np.abs(image[24, 32].astype(int) - colour).max() <= 3
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.streams.video[0].codec_context.colorspace == 1


@pytest.mark.parametrize("size", [(1, 1), (63, 47), (65, 48), (64, 49)])
def test_odd_sizes_repeat_their_edge(tmp_path: Path, size: tuple[int, int]) -> None:
    width, height = size
    with VideoWriter(tmp_path / "a.mp4", None, size) as writer:
        writer.write(np.full((height, width, 3), 200, np.uint8), 0.0)
    ((_, _, image),) = played(tmp_path / "a.mp4")
    assert image.shape == (height + height % 2, width + width % 2, 3)
    assert np.abs(image.astype(int) - 200).max() <= 3


def test_frames_of_another_size_are_fitted_in(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", Fraction(10), (64, 48)) as writer:
        for height, width in ((48, 64), (96, 64), (10, 40)):
            writer.write(np.full((height, width, 3), 255, np.uint8))
    _, tall, flat = (image for _, _, image in played(tmp_path / "a.mp4"))
    assert tall.shape == (48, 64, 3)
    assert tall[24, 18:46].min() > 240
    assert tall[24, :12].max() < 15
    assert flat[20:28, 32].min() > 240
    assert flat[:12, 32].max() < 15


def test_a_video_without_frames_leaves_no_file(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", Fraction(10), (64, 48)) as writer:
        pass
    writer.close()
    assert list(tmp_path.iterdir()) == []


def test_an_error_on_the_way_still_closes_the_video(tmp_path: Path) -> None:
    def fail() -> None:
        with VideoWriter(tmp_path / "a.mp4", Fraction(10), (64, 48)) as writer:
            writer.write(picture())
            raise KeyError("the detector")

    with pytest.raises(KeyError, match="detector"):
        fail()
    assert len(played(tmp_path / "a.mp4")) == 1


def test_a_size_that_cannot_be_encoded_is_a_sentence(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "a.mp4", Fraction(10), (20_000, 2))
    with pytest.raises(VideoError, match="cannot be encoded"):
        writer.write(np.zeros((2, 20_000, 3), np.uint8))
    writer.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("room", [50, 20_000, 100_000])
def test_a_full_disk_is_a_sentence_and_what_was_written_plays(
    tmp_path: Path, fill_disk: Callable[[int], None], room: int
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    path = tmp_path / "a.mp4"
    fill_disk(room)
    writer = VideoWriter(path, Fraction(20), (64, 48))
    with pytest.raises(StoreError, match="disk is full"):
        write_forever(writer, noise)
    with pytest.raises(StoreError, match="disk is full"):
        writer.write(noise)
    writer.close()
    if room == 50:
        assert not path.exists()
    else:
        assert 0 < len(played(path)) <= writer.frames


def write_forever(writer: VideoWriter, image: UInt8) -> None:
    while writer.frames < 10_000:
        writer.write(np.roll(image, writer.frames, 1))


def test_a_disk_that_fills_at_the_very_end_leaves_what_was_written(
    tmp_path: Path, fill_disk: Callable[[int], None]
) -> None:
    path = tmp_path / "a.mp4"
    fill_disk(10**9)
    writer = VideoWriter(path, Fraction(20), (64, 48))
    for number in range(60):
        writer.write(np.roll(picture(), number, 1))
    FullDisk.room = 0
    with pytest.raises(StoreError, match="disk is full"):
        writer.close()
    assert len(played(path)) >= 35


@pytest.mark.parametrize("rate", [5, 30])
def test_a_killed_process_leaves_all_but_the_last_second(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "a.mp4"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path), str(rate)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process, process.stdout:
        written = 0.0
        while written < 3:
            written = float(process.stdout.readline())
        process.kill()
    frames = played(path)
    assert frames[-1][0] >= written - 1
    assert [time for time, _, _ in frames] == pytest.approx(
        [number / rate for number in range(len(frames))], abs=1e-3
    )
