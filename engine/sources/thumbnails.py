"""Small copies of pictures and videos for lists, made without decoding more than they show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from engine.sources import pillow
from engine.sources.frames import read_frame
from engine.sources.listing import is_video
from engine.sources.pictures import open_picture, upright
from engine.types import UInt8

# A JPEG decoded at this many times the size asked for and then reduced looks like the whole one.
_SPARE = 3


def thumbnail(path: Path, longest: int) -> UInt8:
    """Return a small copy of a picture or of a video's first frame, as a person sees it.

    It is what `read_frame` gives, reduced; a JPEG is decoded at a fraction of its size to that
    end. A picture that is small already keeps its size.

    Args:
        path: The file.
        longest: The longer side may have this many pixels, at least 1.

    Returns:
        [h, w, 3] uint8 RGB, sides in the ratio of the picture's.

    Raises:
        EngineError: The file cannot be read.
    """
    small = None if is_video(path) else _from_jpeg(path, longest)
    if small is None:
        whole = Image.fromarray(read_frame(path).image)
        small = _reduced(whole, _fitted(whole.size, longest), None)
    return np.array(small, np.uint8)


def _from_jpeg(path: Path, longest: int) -> Image.Image | None:
    """Return the copy of a sound JPEG, None where the whole file has to be read."""
    with open_picture(path) as picture:
        if picture.format not in ("JPEG", "MPO"):
            return None
        if picture.width * picture.height > pillow.MAX_PIXELS:
            return None
        size = _fitted(picture.size, longest)
        try:
            draft = picture.draft(None, (_SPARE * size[0], _SPARE * size[1]))
            # The last row and column may stand for less than a whole pixel of the draft.
            box = None if draft is None else draft[1]
            return upright(_reduced(picture.convert("RGB"), size, box))
        except (*pillow.DAMAGED, MemoryError):
            return None


def _fitted(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """Return width and height with the longer side cut down to `longest`."""
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _reduced(
    picture: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float] | None
) -> Image.Image:
    """Return what lies in `box`, or all of a picture, at a smaller size."""
    # By whole factors first, which costs little, and by the rest with a good filter.
    return picture.resize(size, Image.Resampling.BICUBIC, box, reducing_gap=_SPARE)
