"""How annotated videos are encoded."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

_TICKS = 90_000
_LOOKAHEAD_S = Fraction(1, 3)
_MAX_GOP = 10_000
_SLOWEST, _FASTEST = Fraction(1, 1000), Fraction(1000)


def nominal(rate: Fraction) -> Fraction:
    """Return a frame rate as a video may claim it."""
    return min(max(rate, _SLOWEST), _FASTEST).limit_denominator(1001)


def ticks(rate: Fraction | None) -> int:
    """Return how many units of time a second has, so that a frame lasts a whole number of them."""
    if rate is None:
        return _TICKS
    return rate.numerator * math.ceil(_TICKS / rate.numerator)


def add_stream(
    container: OutputContainer,
    rate: Fraction,
    size: tuple[int, int],
    unit: int,
    *,
    repeat_headers: bool,
) -> VideoStream:
    """Add a picture track that loses little when its process is killed. Colours are BT.709.

    Args:
        container: The movie.
        rate: Frames per second.
        size: Width and height in pixels; odd sides gain a pixel.
        unit: Units of time a second.
        repeat_headers: Say how it is encoded with each key frame, not at the beginning alone.
    """
    from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

    # Frames that the encoder looks ahead are lost with the process: fewer at low rates.
    ahead = max(0, min(10, math.ceil(_LOOKAHEAD_S * rate) - 1))
    x264 = f"bframes=0:rc-lookahead={ahead}:sync-lookahead=0:force-cfr={int(not ahead)}"
    x264 += f":repeat-headers={int(repeat_headers)}"
    options = {"preset": "veryfast", "crf": "23", "forced-idr": "1", "x264-params": x264}
    stream = container.add_stream("libx264", nominal(rate), options)
    stream.width, stream.height = (side + side % 2 for side in size)
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.time_base = stream.time_base = Fraction(1, unit)
    context.gop_size = _MAX_GOP
    context.thread_count = 2
    context.color_range = ColorRange.MPEG
    context.colorspace = Colorspace.ITU709
    context.color_primaries = ColorPrimaries.BT709
    context.color_trc = ColorTrc.BT709
    return stream
