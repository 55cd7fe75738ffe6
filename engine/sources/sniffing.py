"""What a file is by its first bytes, and why it cannot be read."""

from __future__ import annotations

import codecs
from pathlib import Path

from engine.errors import EngineError
from engine.i18n import N_

HEAD = 1024
"""Bytes of a file that the functions here want to see."""

_PICTURES = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"GIF8", "GIF"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"II+\0", "TIFF"),
    (0, b"MM\0+", "TIFF"),
    (8, b"WEBPVP8", "WebP"),
    (0, b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"8BPS", "PSD"),
    (0, b"BM", "BMP"),
)
_VIDEOS = (
    (0, b"\x1a\x45\xdf\xa3", "Matroska"),
    (8, b"AVI LIST", "AVI"),
    (0, b"\0\0\x01\xba", "MPEG"),
    (0, b"\0\0\x01\xb3", "MPEG"),
    (0, b"FLV\x01", "FLV"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "WMV"),
    (4, b"moov", "QuickTime"),
    (4, b"mdat", "QuickTime"),
    (4, b"wide", "QuickTime"),
)
_DOCUMENTS = (
    (128, b"DICM", N_("{path} is a DICOM file, a kind that cannot be read."),
     N_("Export it as PNG or TIFF from its viewer.")),
    (0, b"%PDF", N_("{path} is a PDF document, not a picture."),
     N_("Export its pages as PNG or TIFF.")),
    (0, b"PK\x03\x04", N_("{path} is an archive, not a picture."), N_("Unpack it first.")),
    (0, b"version https://git-lfs", N_("{path} is a Git LFS pointer, not the file itself."),
     N_('Run "git lfs pull" in its folder.')),
)  # fmt: skip
_STILL_BRANDS = (b"avif", b"avis", b"mif1", b"msf1", b"heic", b"heix", b"heim", b"heis",
                 b"hevc", b"hevx", b"hevm", b"hevs")  # fmt: skip
_WEB = ("<!doctype html", "<html", "<head", "<body")


def printable(path: Path) -> str:
    """Return a path as text that any file or database can hold, whatever bytes its name has."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


def read_head(path: Path) -> bytes:
    """Return the first `HEAD` bytes of a file; OSError where it cannot be opened."""
    with path.open("rb") as file:
        return file.read(HEAD)


def is_picture_container(head: bytes) -> bool:
    """Tell whether the file is of the family of HEIC and AVIF."""
    return head[4:8] == b"ftyp" and head[8:12] in _STILL_BRANDS


def picture_kind(head: bytes) -> str | None:
    """Return the name of the picture format whose signature the file bears."""
    return "HEIF" if is_picture_container(head) else _match(head, _PICTURES)


def video_kind(head: bytes) -> str | None:
    """Return the name of the video format whose signature the file bears."""
    if head[4:8] == b"ftyp":
        return None if is_picture_container(head) else "MP4"
    return _match(head, _VIDEOS)


def not_opened(path: Path, error: OSError, kind: type[EngineError]) -> EngineError:
    """Say that the system does not let the file be opened."""
    return kind(
        N_("{path} cannot be opened: {reason}."),
        N_("Check that it is still there and that you may read it."),
        path=path,
        reason=error.strerror or str(error),
    )


def refusal(path: Path, head: bytes, kind: type[EngineError]) -> EngineError:
    """Say why no decoder takes a file, from its first `HEAD` bytes."""
    if not head:
        return kind(
            N_("{path} is empty: it holds no bytes."), N_("Copy or download it again."), path=path
        )
    for offset, mark, message, hint in _DOCUMENTS:
        if head.startswith(mark, offset):
            return kind(message, hint, path=path)
    name = picture_kind(head) or video_kind(head)
    text = _as_text(head)
    if text is not None and name in (None, "BMP"):
        return _text_refusal(path, text, kind)
    if name is not None:
        return kind(
            N_("{path} begins as {name} but is damaged or of a kind that cannot be read."),
            N_("Copy it again, or save it as PNG, JPEG or MP4 with the program that made it."),
            path=path,
            name=name,
        )
    return kind(
        N_("{path} is in no known format."),
        N_("Save it as PNG, JPEG, TIFF or MP4 with the program that made it."),
        path=path,
    )


def _text_refusal(path: Path, text: str, kind: type[EngineError]) -> EngineError:
    start = text.lstrip("\ufeff \t\r\n").lower()
    if start.startswith(_WEB):
        message = N_("{path} is a web page saved under this name.")
        return kind(message, N_("Download the file itself again."), path=path)
    if "<svg" in start:
        message = N_("{path} is a vector drawing, not a picture of pixels.")
        return kind(message, N_("Export it as PNG."), path=path)
    message = N_("{path} holds text, neither a picture nor a video.")
    return kind(message, N_("Choose another file."), path=path)


def _match(head: bytes, table: tuple[tuple[int, bytes, str], ...]) -> str | None:
    return next((name for offset, mark, name in table if head.startswith(mark, offset)), None)


def _as_text(head: bytes) -> str | None:
    """Return the bytes as text, None where they cannot be any."""
    encoding = "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"
    try:
        # The last character may be cut in two, which an incremental decoder forgives.
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return None
    return None if any(ord(sign) < 32 and sign not in "\t\r\n\f" for sign in text) else text
