"""Pillow as this program needs it: quiet, with HEIF, and not as ultralytics patches it."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import logging
import struct
import sys
import warnings
import zlib
from typing import IO

from PIL import Image, ImageFile, _imaging

from engine.sources import sniffing

MAX_PIXELS = 200_000_000

# ultralytics replaces Image.open by a function that installs packages when a file is no picture.
_open = getattr(sys.modules.get("ultralytics.utils.patches"), "_image_open", Image.open)

# `pictures` checks each header itself; Pillow's own limit is lower and warns on stderr.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS

# Without a handler Python would print what Pillow logs on stderr.
logging.getLogger("PIL").addHandler(logging.NullHandler())

# Formats that run no other program and that are told by their first bytes.
_FORMATS = (
    "JPEG", "PNG", "TIFF", "GIF", "BMP", "WEBP", "JPEG2000", "PPM", "ICO", "PSD", "QOI", "FITS",
    "SGI", "PCX",
)  # fmt: skip

_PILLOW_MODULES = r"(PIL|pillow_heif)\."

DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    RuntimeError,
    EOFError,
    struct.error,
    zlib.error,
)
"""What Pillow and its plugins raise on damaged data."""


def identify(file: IO[bytes], head: bytes, suffix: str = "") -> ImageFile.ImageFile:
    """Open a picture up to its header.

    Args:
        file: The file, which stays the caller's to close.
        head: Its first `sniffing.HEAD` bytes.
        suffix: Of its name, in lower case; a TGA cannot be told by its bytes.

    Raises:
        PIL.UnidentifiedImageError: It is no picture of a known kind.
        PIL.Image.DecompressionBombError: It claims more than twice `MAX_PIXELS`.
        DAMAGED: Its header is broken.
    """
    _silence()
    picture: ImageFile.ImageFile = _open(file, formats=_formats(head, suffix))
    return picture


def _formats(head: bytes, suffix: str) -> tuple[str, ...]:
    if not sniffing.is_picture_container(head):
        return (*_FORMATS, "TGA") if suffix == ".tga" else _FORMATS
    _register_heif()
    return ("AVIF", "HEIF")


@functools.cache
def _register_heif() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()


def _silence() -> None:
    """Keep Pillow's remarks on odd metadata off the screen, whatever filters came since.

    `warnings.catch_warnings` is not safe with several threads, so the filter stays.
    """
    first = warnings.filters[0] if warnings.filters else None
    ours = first is not None and getattr(first[3], "pattern", None) == _PILLOW_MODULES
    if not ours:
        warnings.filterwarnings("ignore", module=_PILLOW_MODULES)


@functools.cache
def silence_libtiff() -> None:
    """Keep libtiff from printing on stderr; its errors come back through Pillow all the same."""
    # Some builds of Pillow hide the two names; with those it goes on printing.
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(_imaging.__file__)
        library.TIFFSetErrorHandler(None)
        library.TIFFSetWarningHandler(None)
