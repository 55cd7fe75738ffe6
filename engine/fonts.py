"""Fonts for the text on annotated pictures: found on the machine, none is shipped.

Pillow carries one font of its own, which has plain ASCII only; it looks the same everywhere and is
the first choice. Whatever else a name holds comes from a font of the system.
"""

from __future__ import annotations

import math
import os
import sys
import unicodedata
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine.types import UInt8

Font = ImageFont.FreeTypeFont

# To add a font: its file name, better ones first. Those with Chinese stand before the others.
CANDIDATES: tuple[str, ...] = (
    "NotoSansCJK-Medium.ttc",
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "NotoSansSC-Regular.otf",
    "NotoSansSC-Regular.ttf",
    "NotoSansSC[wght].ttf",
    "NotoSansSC-VF.ttf",
    "NotoSansCJK-VF.otf.ttc",
    "NotoSansCJK-VF.ttc",
    "SourceHanSansSC-Regular.otf",
    "SourceHanSansCN-Regular.otf",
    "SourceHanSans.ttc",
    "msyh.ttc",
    "msyh.ttf",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "STHeiti Medium.ttc",
    "STHeiti Light.ttc",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "simhei.ttf",
    "simsun.ttc",
    "DroidSansFallbackFull.ttf",
    "DroidSansFallback.ttf",
    "Arial Unicode.ttf",
    "arialuni.ttf",
    "uming.ttc",
    "segoeui.ttf",
    "HelveticaNeue.ttc",
    "NotoSans-Regular.ttf",
    "DejaVuSans.ttf",
    "LiberationSans-Regular.ttf",
    "arial.ttf",
    "seguiemj.ttf",
    "seguisym.ttf",
    "Symbola.ttf",
)

_MISSING = "\uffff"
_ASCENT, _DESCENT = 0.92, 0.25


def font_folders() -> tuple[Path, ...]:
    """Return the folders in which this system keeps its fonts."""
    user = Path.home()
    if sys.platform == "win32":
        windows = Path(os.environ.get("WINDIR") or "C:/Windows")
        local = Path(os.environ.get("LOCALAPPDATA") or user / "AppData" / "Local")
        return windows / "Fonts", local / "Microsoft" / "Windows" / "Fonts"
    if sys.platform == "darwin":
        return Path("/System/Library/Fonts"), Path("/Library/Fonts"), user / "Library" / "Fonts"
    data = Path(os.environ.get("XDG_DATA_HOME") or user / ".local" / "share")
    return (
        Path("/usr/share/fonts"),
        Path("/usr/local/share/fonts"),
        data / "fonts",
        user / ".fonts",
    )


@lru_cache(maxsize=1)
def system_fonts() -> tuple[tuple[Path, int], ...]:
    """Return the files of `CANDIDATES` on this machine, best first, each with its face's number."""
    wanted = {name.casefold(): rank for rank, name in enumerate(CANDIDATES)}
    found: dict[int, Path] = {}
    for root in font_folders():
        for folder, _, files in os.walk(root):
            for file in files:
                rank = wanted.get(file.casefold())
                if rank is not None:
                    found.setdefault(rank, Path(folder, file))
    faces = ((found[rank], _chinese_face(found[rank])) for rank in sorted(found))
    return tuple((path, face) for path, face in faces if face is not None)


def _chinese_face(path: Path) -> int | None:
    """Return the face for simplified Chinese in a collection, the first one where there is none.

    Returns:
        None for a file that is no font.
    """
    try:
        names = [ImageFont.truetype(path, 10).getname()[0] or ""]
    except OSError:
        return None
    while path.suffix.casefold() == ".ttc" and not names[-1].endswith((" SC", " GB", " CN")):
        try:
            names.append(ImageFont.truetype(path, 10, index=len(names)).getname()[0] or "")
        except OSError:
            return 0
    return len(names) - 1


@lru_cache(maxsize=1)
def cjk_font() -> Path | None:
    """Return the font file that shows Chinese names, None where this machine has none."""
    return next((face[0] for face in system_fonts() if _covers(face, "中文")), None)


def label_font(size_px: int, text: str = "") -> Font:
    """Return a font that shows the text, or the one that shows most of it.

    Args:
        size_px: Size of the em square in pixels, from 1.
        text: What is to be written.
    """
    faces: tuple[tuple[Path, int] | None, ...] = (None,)
    if not _covers(None, text):
        faces += system_fonts()
    best = min(faces, key=lambda face: sum(_lacks(face, letter) for letter in set(text)))
    return _font(best, size_px)


@lru_cache(maxsize=64)
def _font(face: tuple[Path, int] | None, size_px: int) -> Font:
    if face is None:
        font = ImageFont.load_default(size_px)
        if not isinstance(font, ImageFont.FreeTypeFont):
            raise RuntimeError("this Pillow was built without FreeType")
        return font
    return ImageFont.truetype(face[0], size_px, index=face[1])


def _covers(face: tuple[Path, int] | None, text: str) -> bool:
    return not any(_lacks(face, letter) for letter in text)


@lru_cache(maxsize=4096)
def _lacks(face: tuple[Path, int] | None, letter: str) -> bool:
    """Say whether a face shows its box for a missing glyph in the place of the letter."""
    if letter.isspace():
        return False
    # Pillow gives no access to the table of glyphs: the pictures are compared.
    font = _font(face, 24)
    glyph, missing = font.getmask(letter), font.getmask(_MISSING)
    return glyph.size == missing.size and bytes(glyph) == bytes(missing)


@lru_cache(maxsize=4096)
def printable(text: str) -> str:
    """Return the text on one line, without control characters and marks that have no picture."""
    shown = unicodedata.normalize("NFC", " ".join(text.split()))
    return "".join(
        letter
        for letter in shown
        if unicodedata.category(letter) not in ("Cc", "Cf", "Cs")
        and not "\ufe00" <= letter <= "\ufe0f"
    )


@lru_cache(maxsize=512)
def text_mask(text: str, size_px: int) -> UInt8:
    """Write one line of text slightly bolder than the font, on a height that depends on size alone.

    Args:
        text: A text as `printable` returns it.
        size_px: Size of the em square in pixels.

    Returns:
        [h, w] uint8 opacity, 255 inside the strokes; shared, so it cannot be written to. Texts of
        one size stand on one baseline and can be set side by side, `word_gap` apart.
    """
    font = label_font(size_px, text)
    words = text.split()
    lengths = [math.ceil(font.getlength(word)) for word in words]
    width = sum(lengths) + word_gap(size_px) * max(0, len(words) - 1)
    ascent, descent = math.ceil(_ASCENT * size_px), math.ceil(_DESCENT * size_px)
    canvas = Image.new("L", (width, ascent + descent))
    pen, bold, x = ImageDraw.Draw(canvas), max(0.2, size_px / 64), 0
    for word, length in zip(words, lengths, strict=True):
        pen.text((x, ascent), word, 255, font, anchor="ls", stroke_width=bold)
        x += length + word_gap(size_px)
    mask = np.array(canvas, np.uint8).reshape(ascent + descent, width)
    mask.setflags(write=False)
    return mask


def word_gap(size_px: int) -> int:
    """Return the space between words in pixels; a font's own is too narrow for small bold text."""
    return round(0.3 * size_px)
