"""An annotated video is as long as its source, and has its rate, as a player sees both."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from engine.recorder import open_writer
from engine.sources import read_video
from tests.helpers.movies import Sound, movie, probed, shown

AWKWARD = Path("awkward")
NTSC, DOUBLE = Fraction(30000, 1001), Fraction(60000, 1001)

pytestmark = pytest.mark.tool("ffprobe")


def annotated(source: Path, target: Path) -> list[float]:
    """Write a video again as a run does and return the times of its frames."""
    frames = read_video(source)
    first = next(frames)
    times = [first.time_s or 0.0]
    with open_writer(target, str(source), (first.width, first.height)) as writer:
        writer.write(first.image, first.time_s, first.duration_s)
        for frame in frames:
            writer.write(frame.image, frame.time_s, frame.duration_s)
            times.append(frame.time_s or 0.0)
    return times


def length_s(path: Path) -> float:
    return float(probed(path)["video"]["duration"])


@pytest.mark.parametrize("count", [1, 2, 7, 120, 121])
@pytest.mark.parametrize("rate", [DOUBLE, NTSC, Fraction(25), Fraction(240), Fraction(1000)])
def test_rate_and_length_are_those_of_the_source(
    tmp_path: Path, rate: Fraction, count: int
) -> None:
    times = [number / rate for number in range(count)]
    base = 1 / Fraction(rate.numerator)
    source = movie(tmp_path / "a.mp4", times, rate=rate, base=base)
    target = tmp_path / "b.mp4"
    annotated(source, target)
    was, is_now = probed(source)["video"], probed(target)["video"]
    assert float(is_now["duration"]) == pytest.approx(count / rate, abs=1e-5)
    assert is_now["avg_frame_rate"] == was["avg_frame_rate"]
    assert is_now["nb_frames"] == str(count)
    if count > 1:
        assert Fraction(is_now["r_frame_rate"]) == rate


@pytest.mark.parametrize("last_s", [0.01, 2.0])
def test_the_last_frame_lasts_as_long_as_in_the_source(tmp_path: Path, last_s: float) -> None:
    # The sum is kept by the last packet that the file describes.
    source = movie(tmp_path / "a.mkv", [0.0, 0.04, 0.5, 0.9])
    frames = list(read_video(source))
    target = tmp_path / "b.mp4"
    with open_writer(target, str(source), (64, 48)) as writer:
        for frame in frames:
            last = last_s if frame is frames[-1] else frame.duration_s
            writer.write(frame.image, frame.time_s, last)
    assert length_s(target) == pytest.approx(0.9 + last_s, abs=1e-3)


@pytest.mark.parametrize(
    "name",
    ["v05_h264_10bit.mp4", "v10_vfr.mp4", "v11_rotated90.mp4", "v13_one_frame.mp4",
     "v15_1000fps.mp4"],
)  # fmt: skip
def test_awkward_videos_keep_their_length(shared: Path, tmp_path: Path, name: str) -> None:
    source, target = shared / AWKWARD / name, tmp_path / "b.mp4"
    times = annotated(source, target)
    was, is_now = probed(source), probed(target)
    step = min((b - a for a, b in pairwise(times)), default=0.033)
    # The header of the video with a variable rate says less than its frames take.
    assert float(is_now["format"]["duration"]) == pytest.approx(
        float(was["format"]["duration"]), abs=step
    )
    assert float(is_now["video"]["duration"]) >= times[-1] + step - 1e-4
    assert shown(target) == pytest.approx(times, abs=2e-5)
    assert Fraction(is_now["video"]["avg_frame_rate"]) == pytest.approx(
        Fraction(was["video"]["avg_frame_rate"]), rel=0.03
    )


def test_a_video_with_sound_keeps_the_length_of_both(tmp_path: Path) -> None:
    source, target = tmp_path / "a.mp4", tmp_path / "b.mp4"
    movie(source, [n / NTSC for n in range(90)], rate=NTSC, sound=Sound())
    annotated(source, target)
    was, is_now = probed(source), probed(target)
    for kind in ("video", "audio", "format"):
        assert float(is_now[kind]["duration"]) == pytest.approx(
            float(was[kind]["duration"]), abs=0.022
        )


def test_a_video_of_a_source_that_is_gone_has_a_length(tmp_path: Path) -> None:
    source = movie(tmp_path / "a.mkv", [0.0])
    target = tmp_path / "b.mp4"
    with open_writer(target, str(tmp_path / "gone.mkv"), (64, 48)) as writer:
        for frame in read_video(source):
            writer.write(frame.image, frame.time_s, frame.duration_s)
    assert shown(target) == [0]
    assert 0 < length_s(target) < 0.1
