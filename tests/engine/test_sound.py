"""An annotated video sounds like its source, and its sound never costs it anything."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.packet import Packet

from engine.sound import AudioTrack
from engine.sources import read_video
from engine.sources.video import nominal_rate
from engine.video_writer import VideoWriter
from tests.helpers.movies import SIZE, Sound, beeps, heard, movie, shown

TIMES = [number / 25 for number in range(50)]
COPIED = {"aac": ".mp4", "libmp3lame": ".mkv", "ac3": ".mkv", "libopus": ".mkv", "flac": ".mkv",
          "alac": ".mov"}  # fmt: skip


def annotated(source: Path, target: Path, *, cut_after: int | None = None) -> Path:
    """Write a video again as a run does, all of it or so many frames."""
    writer = VideoWriter(target, nominal_rate(source), SIZE, AudioTrack.open(source))
    for frame in read_video(source):
        if frame.index == cut_after:
            break
        writer.write(frame.image, frame.time_s, frame.duration_s)
    writer.close(cut=cut_after is not None)
    return target


def packets(path: Path) -> list[bytes]:
    """Return the data of the packets of the sound."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


@pytest.mark.parametrize("codec", COPIED)
def test_sound_that_mp4_takes_is_copied(tmp_path: Path, codec: str) -> None:
    source = movie(tmp_path / f"a{COPIED[codec]}", TIMES, sound=Sound(codec))
    target = annotated(source, tmp_path / "b.mp4")
    assert packets(target) == packets(source)
    assert beeps(target) == pytest.approx([0, 0.5, 1, 1.5], abs=0.002)
    name, _, samples = heard(target)
    assert name == heard(source)[0]
    assert abs(len(samples) - len(heard(source)[2])) <= 960
    assert shown(target) == pytest.approx(TIMES, abs=1e-4)


@pytest.mark.parametrize(("name", "codec"), [("a.mov", "libx264"), ("a.avi", "mpeg4")])
def test_sound_that_mp4_does_not_take_is_coded_anew(
    tmp_path: Path, name: str, codec: str
) -> None:
    source = movie(tmp_path / name, TIMES, sound=Sound("pcm_s16le"), codec=codec)
    target = annotated(source, tmp_path / "b.mp4")
    kind, first, samples = heard(target)
    assert (kind, first) == ("aac", 0)
    assert beeps(target) == pytest.approx([0, 0.5, 1, 1.5], abs=0.002)
    assert len(samples) == pytest.approx(2 * 48_000, abs=1024)


def test_sound_of_a_broadcast_loses_its_headers(tmp_path: Path) -> None:
    source = movie(tmp_path / "a.ts", TIMES, sound=Sound())
    target = annotated(source, tmp_path / "b.mp4")
    assert len(packets(target)) == pytest.approx(len(packets(source)), abs=1)
    # Times in a broadcast begin at 1.4 s, those of its pictures a little later.
    assert beeps(target)[-3:] == pytest.approx([0.5, 1, 1.5], abs=0.003)


@pytest.mark.parametrize("codec", ["aac", "pcm_s16le"])
@pytest.mark.parametrize("start_s", [0.2, 1.2])
def test_sound_that_starts_later_keeps_its_delay(
    tmp_path: Path, codec: str, start_s: float
) -> None:
    sound = Sound(codec, seconds=1.0, start_s=start_s)
    source = movie(tmp_path / "a.mov", TIMES, sound=sound)
    target = annotated(source, tmp_path / "b.mp4")
    assert beeps(target) == pytest.approx([start_s, start_s + 0.5], abs=0.003)


@pytest.mark.parametrize("codec", ["aac", "pcm_s16le"])
def test_sound_before_the_first_picture_is_dropped(tmp_path: Path, codec: str) -> None:
    times = [0.7 + number / 25 for number in range(40)]
    source = movie(tmp_path / "a.mkv", times, sound=Sound(codec))
    target = annotated(source, tmp_path / "b.mp4")
    assert shown(target)[0] == 0
    assert beeps(target) == pytest.approx([0.3, 0.8], abs=0.003)
    _, first, samples = heard(target)
    assert first == pytest.approx(0, abs=0.001)
    assert len(samples) / 48_000 == pytest.approx(1.3, abs=0.03)


def test_sound_goes_on_to_its_own_end(tmp_path: Path) -> None:
    source = movie(tmp_path / "a.mp4", TIMES[:25], sound=Sound(seconds=3.0))
    target = annotated(source, tmp_path / "b.mp4")
    assert len(heard(target)[2]) == pytest.approx(3 * 48_000, abs=1024)
    assert len(shown(target)) == 25


@pytest.mark.parametrize("codec", ["aac", "pcm_s16le"])
def test_a_run_that_is_stopped_ends_the_sound_with_the_last_frame(
    tmp_path: Path, codec: str
) -> None:
    source = movie(tmp_path / "a.mov", TIMES, sound=Sound(codec))
    target = annotated(source, tmp_path / "b.mp4", cut_after=30)
    assert len(shown(target)) == 30
    assert len(heard(target)[2]) / 48_000 == pytest.approx(1.2, abs=0.05)


def test_sound_shorter_than_the_picture_holds_no_frame_back(tmp_path: Path) -> None:
    source = movie(tmp_path / "a.mp4", [n / 25 for n in range(150)], sound=Sound(seconds=0.5))
    target = tmp_path / "b.mp4"
    writer = VideoWriter(target, Fraction(25), SIZE, AudioTrack.open(source))
    for frame in read_video(source):
        writer.write(frame.image, frame.time_s)
        if frame.index == 125:
            # All but about the last second plays, as after a crash.
            assert len(shown(target)) >= 100
            assert beeps(target) == pytest.approx([0], abs=0.003)
    writer.close()
    assert len(shown(target)) == 150


def test_sound_that_starts_late_holds_no_frame_back(tmp_path: Path) -> None:
    sound = Sound(seconds=1.0, start_s=3.0)
    source = movie(tmp_path / "a.mp4", [n / 25 for n in range(100)], sound=sound)
    target = tmp_path / "b.mp4"
    writer = VideoWriter(target, Fraction(25), SIZE, AudioTrack.open(source))
    for frame in read_video(source):
        writer.write(frame.image, frame.time_s)
        if frame.index == 60:
            assert len(shown(target)) >= 35
    writer.close()
    assert beeps(target) == pytest.approx([3, 3.5], abs=0.003)


def test_sound_is_written_as_the_picture_goes_on(tmp_path: Path) -> None:
    source = movie(tmp_path / "a.mp4", [n / 25 for n in range(100)], sound=Sound(seconds=20.0))
    target = tmp_path / "b.mp4"
    writer = VideoWriter(target, Fraction(25), SIZE, AudioTrack.open(source))
    for frame in read_video(source):
        writer.write(frame.image, frame.time_s)
        if frame.index == 75:
            length = len(heard(target)[2]) / 48_000
            assert 1.5 < length <= 3.1
    writer.close()
    assert len(heard(target)[2]) / 48_000 == pytest.approx(20, abs=0.03)


def test_pictures_without_sound_have_none(tmp_path: Path) -> None:
    source = movie(tmp_path / "a.mp4", TIMES)
    assert AudioTrack.open(source) is None


def test_sound_that_breaks_off_costs_no_picture(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = movie(tmp_path / "a.mp4", TIMES, sound=Sound())
    track = AudioTrack.open(source)
    assert track is not None
    plain = track._demuxed

    def broken() -> Iterator[Packet[av.AudioStream]]:
        for number, packet in enumerate(plain):
            if number == 40:
                raise av.error.InvalidDataError(1, "damaged")
            yield packet

    track._demuxed = broken()
    target = tmp_path / "b.mp4"
    with VideoWriter(target, Fraction(25), SIZE, track) as writer:
        for frame in read_video(source):
            writer.write(frame.image, frame.time_s)
    assert shown(target) == pytest.approx(TIMES, abs=1e-4)
    assert 0.5 < len(heard(target)[2]) / 48_000 < 0.9
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "ends early" in caplog.text


def test_sound_that_cannot_be_begun_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = movie(tmp_path / "a.mp4", TIMES, sound=Sound())

    def refuse(*arguments: object) -> None:
        raise av.error.InvalidDataError(1, "no such luck")

    monkeypatch.setattr(AudioTrack, "attach", refuse)
    assert AudioTrack.open(source) is None
    assert "is left out" in caplog.text


def test_damage_in_the_sound_becomes_silence(tmp_path: Path) -> None:
    source = movie(tmp_path / "a.mov", TIMES, sound=Sound("alac", seconds=2.0, start_s=0.6))
    with av.open(str(source)) as container:
        places = [(p.pos or 0, p.size) for p in container.demux(audio=0) if p.size]
    data = bytearray(source.read_bytes())
    for start, size in places[4:8]:
        data[start : start + size] = bytes(size)
    source.write_bytes(data)
    target = annotated(source, tmp_path / "b.mp4")
    name, _, samples = heard(target)
    assert name == "aac"
    assert len(samples) / 48_000 == pytest.approx(2.6, abs=0.1)
    assert np.abs(samples).max() > 0.3
    assert beeps(target)[0] == pytest.approx(0.6, abs=0.003)
    assert beeps(target)[-1] == pytest.approx(2.1, abs=0.003)
