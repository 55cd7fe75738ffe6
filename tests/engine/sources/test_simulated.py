"""The simulated camera keeps its pace, goes round without a gap and counts what nobody took."""

from __future__ import annotations

import itertools
import threading
import time
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from engine.errors import LiveError
from engine.sources.live import LiveSettings, LiveSource, LiveState, open_live
from engine.sources.simulated import SimulatedCapture, Simulation
from engine.sources.simulated_scenes import PictureCircle, VideoLoop, fit
from engine.types import UInt8
from tests.helpers.watching import Watch, until

FRAMES = 12
OWN = LiveSettings()


class Time(threading.Event):
    """A clock and the event that waits on it: seconds pass only by waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 50.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waits.append(timeout)
        self.now += timeout
        return self.is_set()


def film(path: Path, codec: str = "libx264", pixels: str = "yuv420p") -> Path:
    """Write a video of `FRAMES` greys, 20 levels apart."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 96, 64, pixels
        for number in range(FRAMES):
            image = np.full((64, 96, 3), 20 * number + 10, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            container.mux(stream.encode(frame.reformat(format=pixels)))
        container.mux(stream.encode())
    return path


def picture(path: Path, level: int, width: int = 64, height: int = 48) -> Path:
    Image.new("RGB", (width, height), (level, level, level)).save(path)
    return path


def number_of(image: UInt8) -> int:
    """Return which frame of `film` a picture is."""
    return round((float(image.mean()) - 10) / 20)


def level_of(image: UInt8) -> int:
    return int(image[image.shape[0] // 2, image.shape[1] // 2, 0])


def opened(text: str, clock: Time, settings: LiveSettings = OWN) -> SimulatedCapture:
    return Simulation(text, settings)(clock, clock)


def read(capture: SimulatedCapture, count: int) -> list[UInt8]:
    images = []
    for _ in range(count):
        image = capture.read()
        assert image is not None
        images.append(image)
    return images


def refused(spec: str) -> LiveError:
    source = open_live(spec)
    with pytest.raises(LiveError) as caught:
        list(source)
    assert source.status.state is LiveState.FAILED
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("text", "rate_hz"),
    [
        ("film.mp4", 30.0),
        ("film.mp4@25", 25.0),
        ("film.mp4@29.97", 29.97),
        ("film.mp4@30000/1001", 30000 / 1001),
        ("me@home/film.mp4", 30.0),
        ("me@home/film.mp4@0.5", 0.5),
        ("", 30.0),
        ("@12", 12.0),
    ],
)
def test_the_rate_follows_the_last_at_sign(text: str, rate_hz: float) -> None:
    assert Simulation(text, OWN).rate_hz == pytest.approx(rate_hz)


def test_the_rate_asked_for_counts_where_the_name_has_none() -> None:
    assert Simulation("film.mp4", LiveSettings(rate_hz=7)).rate_hz == 7
    assert Simulation("film.mp4@9", LiveSettings(rate_hz=7)).rate_hz == 9


def test_a_file_with_an_at_sign_in_its_name(tmp_path: Path) -> None:
    path = picture(tmp_path / "scale.png", 77).rename(tmp_path / "scale@2")
    assert Simulation(str(path), OWN).rate_hz == 30
    assert level_of(read(opened(str(path), Time()), 1)[0]) == 77


@pytest.mark.parametrize("text", ["a.mp4@0", "a.mp4@-5", "a.mp4@1e9", "a.mp4@nan", "a.mp4@", "@"])
def test_a_rate_that_makes_no_sense(text: str) -> None:
    with pytest.raises(LiveError, match="cannot give .* pictures a second"):
        open_live(f"sim:{text}")


def test_each_picture_comes_when_it_is_due(tmp_path: Path) -> None:
    clock = Time()
    capture = opened(f"{picture(tmp_path / 'a.png', 9)}@7.5", clock)
    moments = []
    for _ in range(2000):
        capture.read()
        moments.append(clock.now - 50)
    assert moments == pytest.approx([number / 7.5 for number in range(2000)], abs=1e-6)
    assert capture.missed == 0


def test_reading_that_takes_time_causes_no_drift(tmp_path: Path) -> None:
    clock = Time()
    capture = opened(f"{picture(tmp_path / 'a.png', 9)}@10", clock)
    for number in range(100):
        capture.read()
        assert clock.now - 50 == pytest.approx(number / 10)
        clock.now += 0.07
    assert capture.missed == 0


def test_who_comes_late_gets_the_picture_that_is_due(tmp_path: Path) -> None:
    clock = Time()
    capture = opened(f"{film(tmp_path / 'a.mp4')}@1", clock)
    assert [number_of(image) for image in read(capture, 2)] == [0, 1]
    clock.now += 3.5
    assert number_of(read(capture, 1)[0]) == 4
    assert capture.missed == 2
    assert clock.now == 54.5
    assert number_of(read(capture, 1)[0]) == 5
    assert clock.now == pytest.approx(55)
    assert capture.missed == 2


def test_the_index_of_frames_counts_those_that_nobody_took(tmp_path: Path) -> None:
    clock = Time()
    simulation = Simulation(f"{picture(tmp_path / 'a.png', 9)}@2", OWN)
    source = LiveSource("sim:", lambda stopped: simulation(clock, clock), clock=clock)
    indexes = []
    for frame in source:
        indexes.append(frame.index)
        clock.now += 1.6 if frame.index == 1 else 0.0
        if len(indexes) == 4:
            assert source.status.captured == 6
            source.stop()
    assert indexes == [0, 1, 4, 5]


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.avi", "mjpeg", "yuvj420p"),
        ("a.h264", "libx264", "yuv420p"),
        ("a.ts", "libx264", "yuv420p"),
        ("a.mpg", "mpeg2video", "yuv420p"),
    ],
)
def test_a_video_goes_round_without_losing_a_frame(
    name: str, codec: str, pixels: str, tmp_path: Path
) -> None:
    path = film(tmp_path / name, codec, pixels)
    images = read(opened(f"{path}@10", Time()), 3 * FRAMES)
    assert [number_of(image) for image in images] == [*range(FRAMES)] * 3


def test_a_video_that_cannot_be_moved_in_goes_round_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = VideoLoop(film(tmp_path / "a.mp4"))
    monkeypatch.setattr(VideoLoop, "_rewind", lambda self: None)
    numbers = [number_of(loop.next_picture(0, 1.0)) for _ in range(2 * FRAMES + 1)]
    loop.close()
    assert numbers == [*range(FRAMES), *range(FRAMES), 0]


def test_a_jump_that_does_not_end_at_the_start_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = VideoLoop(film(tmp_path / "a.mp4"))
    plain = loop._decoded
    left_out = itertools.cycle((1, 0))
    monkeypatch.setattr(loop, "_decoded", lambda: itertools.islice(plain(), next(left_out), None))
    numbers = [number_of(loop.next_picture(0, 1.0)) for _ in range(2 * FRAMES + 1)]
    loop.close()
    assert numbers == [*range(FRAMES), *range(FRAMES), 0]


def test_pictures_go_round_in_natural_order(tmp_path: Path) -> None:
    for number in (1, 2, 10):
        picture(tmp_path / f"img{number}.png", 20 * number)
    film(tmp_path / "not-a-picture.mp4")
    images = read(opened(str(tmp_path), Time()), 7)
    assert [level_of(image) for image in images] == [20, 40, 200, 20, 40, 200, 20]


def test_pictures_are_the_receivers_own_and_of_one_size(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 50)
    picture(tmp_path / "b.png", 90, 100, 100)
    images = read(opened(str(tmp_path), Time()), 2)
    for image in images:
        assert image.shape == (48, 64, 3)
        image[:] = 0
    scene = PictureCircle([tmp_path / "a.png"])
    for _ in range(3):
        scene.next_picture(0, 1.0)[:] = 0
    assert level_of(scene.next_picture(0, 1.0)) == 50


def test_pictures_of_a_folder_that_are_broken_are_left_out(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 50)
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    picture(tmp_path / "c.png", 90)
    images = read(opened(str(tmp_path), Time()), 4)
    assert [level_of(image) for image in images] == [50, 90, 50, 90]


@pytest.mark.parametrize("size", [(64, 48), (48, 64), (30, 30), (200, 100)])
def test_a_picture_is_scaled_to_the_size_asked_for_and_keeps_its_shape(
    size: tuple[int, int],
) -> None:
    image = np.full((60, 80, 3), 200, np.uint8)
    scaled = fit(image, size)
    assert scaled.shape == (size[1], size[0], 3)
    rows, columns = np.nonzero(scaled[..., 0])
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert width / height == pytest.approx(80 / 60, rel=0.05)
    assert width == size[0] or height == size[1]


def test_one_side_follows_from_the_other() -> None:
    image = np.zeros((60, 80, 3), np.uint8)
    assert fit(image, (40, None)).shape == (30, 40, 3)
    assert fit(image, (None, 120)).shape == (120, 160, 3)
    assert fit(image, (None, None)) is image


def test_settings_resize_every_kind(tmp_path: Path) -> None:
    settings = LiveSettings(width=120, height=80)
    texts = (str(film(tmp_path / "a.mp4")), str(picture(tmp_path / "b.png", 10)), "")
    for text in texts:
        image = read(opened(text, Time(), settings), 1)[0]
        assert image.shape == (80, 120, 3)


def test_the_demonstration_moves_and_is_made_anew_the_same() -> None:
    first = read(opened("@1", Time()), 40)
    again = read(opened("@1", Time()), 1)
    assert first[0].shape == (480, 640, 3)
    assert np.array_equal(first[0], again[0])
    assert first[0].std() > 10
    moved = np.abs(first[0].astype(int) - first[39])
    assert moved.max() > 50
    assert not np.shares_memory(first[0], first[1])


def test_a_file_that_is_missing_or_broken(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"nothing")
    empty = tmp_path / "empty"
    empty.mkdir()
    videos = tmp_path / "videos"
    videos.mkdir()
    film(videos / "a.mp4")
    text = tmp_path / "text.png"
    text.write_text("no picture")
    assert "has no file" in refused(f"sim:{tmp_path / 'not.mp4'}@5").message
    assert str(broken) in refused(f"sim:{broken}").message
    assert str(empty) in refused(f"sim:{empty}").message
    assert "holds no pictures" in refused(f"sim:{videos}").message
    assert "holds text" in refused(f"sim:{text}").message


def test_a_video_of_which_nothing_can_be_decoded(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4")
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    end = start - 8 + int.from_bytes(data[start - 8 : start - 4], "big")
    data[start:end] = bytes(end - start)
    path.write_bytes(data)
    assert "No frame of" in refused(f"sim:{path}@100").message


def test_stop_ends_it_within_a_frame_also_where_frames_are_rare(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png", 9)
    threads = set(threading.enumerate())
    with Watch(open_live(f"sim:{path}@0.01")) as watch:
        watch.until_frames(1)
        began = time.monotonic()
        watch.source.stop()
        until(lambda: watch.over, "the end")
        assert time.monotonic() - began < 50
    assert watch.source.status.state is LiveState.ENDED
    assert watch.source.status.captured == 1
    assert set(threading.enumerate()) == threads


def test_a_real_clock_gives_the_rate() -> None:
    with Watch(open_live("sim:@50")) as watch:
        watch.until_frames(30)
        status = watch.source.status
    assert status.state is LiveState.LIVE
    assert (status.width, status.height) == (640, 480)
    last = watch.frames[-1]
    assert last.time_s is not None
    # A busy machine delays single frames, and never brings them early.
    assert last.time_s >= last.index / 50 - 0.05
    assert status.rate_hz == pytest.approx(50, rel=0.2)
