"""Small videos with sound, and what a player makes of one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import OutputContainer
from numpy.typing import NDArray

from engine.types import UInt8

SIZE = 64, 48
SOUND_RATE = 48_000


@dataclass(frozen=True, slots=True)
class Sound:
    """Sound to put into a video: silence with a beep of a tenth of a second every half second.

    Attributes:
        codec: Name of the encoder.
        seconds: How long it is.
        start_s: When it begins.
        rate: Samples a second.
    """

    codec: str = "aac"
    seconds: float = 2.0
    start_s: float = 0.0
    rate: int = SOUND_RATE

    def samples(self) -> NDArray[np.float32]:
        """Return [1, N] samples."""
        times = np.arange(round(self.seconds * self.rate)) / self.rate
        beeps = np.sin(2 * np.pi * 1000 * times) * ((times % 0.5) < 0.1) * 0.5
        return beeps[None].astype(np.float32)


def scene(number: int) -> UInt8:
    """Return a picture that differs from all others."""
    width, height = SIZE
    cells = np.random.default_rng(number).integers(0, 256, (height // 16, width // 16, 3), np.uint8)
    return np.repeat(np.repeat(cells, 16, axis=0), 16, axis=1)


def movie(
    path: Path,
    times: Sequence[Fraction | int | float],
    *,
    sound: Sound | None = None,
    codec: str = "libx264",
    rate: Fraction = Fraction(25),
    base: Fraction = Fraction(1, 90_000),
) -> Path:
    """Write a video of one scene a time, the times in seconds."""
    with av.open(str(path), "w") as container:
        options = {"bf": "2", "g": "20"} if codec == "libx264" else {}
        stream = container.add_stream(codec, rate=rate, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.time_base = base if codec == "libx264" else 1 / rate
        if sound is not None:
            track = container.add_stream(sound.codec, rate=sound.rate)
            assert isinstance(track, av.AudioStream)
            track.codec_context.layout = "mono"
            _add_sound(container, track, sound)
        for number, time_s in enumerate(times):
            picture = av.VideoFrame.from_ndarray(scene(number), format="rgb24")
            unit = stream.codec_context.time_base
            assert unit is not None
            picture.pts, picture.time_base = round(Fraction(time_s) / unit), unit
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def _add_sound(container: OutputContainer, track: av.AudioStream, sound: Sound) -> None:
    plain = av.AudioFrame.from_ndarray(sound.samples(), "fltp", "mono")
    plain.sample_rate, plain.pts = sound.rate, round(sound.start_s * sound.rate)
    plain.time_base = Fraction(1, sound.rate)
    # The encoder is opened with the first packet, so the size of its frames is not known here.
    size = {"libmp3lame": 1152, "ac3": 1536, "libopus": 960, "flac": 4096, "alac": 4096}
    form = {"libmp3lame": "fltp", "aac": "fltp", "ac3": "fltp", "libopus": "flt", "alac": "s16p"}
    resampler = av.AudioResampler(
        form.get(sound.codec, "s16"), "mono", sound.rate, size.get(sound.codec, 1024)
    )
    for part in (*resampler.resample(plain), *resampler.resample(None)):
        container.mux(track.encode(part))
    container.mux(track.encode(None))


def heard(path: Path) -> tuple[str, float, NDArray[np.float32]]:
    """Return codec, time of the first sample and all samples, [N], of the sound of a video."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        frames = list(container.decode(stream))
        resampler = av.AudioResampler("fltp", "mono", SOUND_RATE)
        first = float(frames[0].time or 0)
        parts = []
        for frame in frames:
            frame.pts = None
            parts += [part.to_ndarray()[0] for part in resampler.resample(frame)]
        parts += [part.to_ndarray()[0] for part in resampler.resample(None)]
        return stream.codec_context.name, first, np.concatenate(parts)


def beeps(path: Path) -> list[float]:
    """Return when each beep begins, in seconds from the start of the video."""
    _, first, samples = heard(path)
    loud = np.flatnonzero(np.abs(samples) > 0.1)
    begins = loud[np.flatnonzero(np.diff(loud, prepend=-SOUND_RATE) > SOUND_RATE // 10)]
    return [first + begin / SOUND_RATE for begin in begins.tolist()]


def shown(path: Path) -> list[float]:
    """Return the times of all frames, each decoded."""
    with av.open(str(path)) as container:
        return [float(frame.time or 0) for frame in container.decode(video=0)]


def probed(path: Path) -> dict[str, Any]:
    """Return what ffprobe says: `video`, `audio` (or None) and `format`."""
    command = ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    kinds = {each["codec_type"]: each for each in said["streams"]}
    return {"video": kinds["video"], "audio": kinds.get("audio"), "format": said["format"]}


def boxes(data: bytes) -> list[bytes]:
    """Return the types of the outermost boxes of an MP4 file."""
    found, position = [], 0
    while position + 8 <= len(data):
        found.append(data[position + 4 : position + 8])
        position += int.from_bytes(data[position : position + 4], "big") or len(data)
    return found
