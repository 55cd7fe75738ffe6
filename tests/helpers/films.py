"""Videos whose frames carry their number in the picture, so that each can be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from engine.types import UInt8

BITS = 12
WIDTH, HEIGHT = 8 * BITS, 48


def picture_of(number: int) -> UInt8:
    """Return a picture of bars, one a bit of a number, with the opposite bars below."""
    bits = np.array([number >> bit & 1 for bit in range(BITS)], np.uint8)
    rows = np.stack((bits, 1 - bits)) * 200 + 20
    grey = rows.repeat(HEIGHT // 2, axis=0).repeat(8, axis=1)
    return np.repeat(grey[:, :, None], 3, axis=2)


def number_of(image: UInt8) -> int:
    """Return the number in a picture that may have been coded with loss."""
    grey = image[:, :, 1].astype(int)
    upper, lower = (grey[row, 4::8] > 120 for row in (HEIGHT // 4, 3 * HEIGHT // 4))
    assert (upper != lower).all()
    return sum(1 << bit for bit in range(BITS) if upper[bit])


def film(
    path: Path,
    count: int = 60,
    *,
    rate: Fraction | int = 25,
    times: Sequence[int] | None = None,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
) -> Path:
    """Write a video of numbered frames, with the times given in milliseconds if there are any."""
    base = Fraction(1, 1000) if times else 1 / Fraction(rate)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options or {"g": "20", "bf": "2"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        if times:
            stream.codec_context.time_base = base
        for number, time in enumerate(times or range(count)):
            picture = av.VideoFrame.from_ndarray(picture_of(number), format="rgb24")
            picture.pts, picture.time_base = time, base
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def damage(path: Path, *numbers: int) -> Path:
    """Overwrite the data of some packets, counted in the order of decoding."""
    with av.open(str(path)) as container:
        places = [(p.pos or 0, p.size) for p in container.demux(video=0) if p.size]
    data = bytearray(path.read_bytes())
    for number in numbers:
        start, size = places[number]
        data[start : start + size] = bytes(size)
    path.write_bytes(data)
    return path
