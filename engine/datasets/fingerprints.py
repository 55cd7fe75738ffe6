"""Telling pictures apart: the same file, nearly the same picture, another one.

A picture is reduced to the signs of 64 differences between neighbours (dHash, after N. Krawetz,
"Kind of Like That", 2013) and to the fine structure of a copy of 32 × 32. The first finds
candidates quickly, the second tells two tubes in the same box from one tube photographed twice:
of 2,134 pairs of different tubes in `seg_tubes` one in a hundred agrees in more than 0.98.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.datasets.headers import Header, header_of
from engine.errors import Cancelled, PictureError
from engine.i18n import N_
from engine.sources import pillow
from engine.sources.pictures import open_picture

_NEAR_BITS = 6
_NEAR_DETAIL = 0.985
_SIDE, _COARSE = 32, 8
# A JPEG decoded at no less than this is fine enough for the copies above.
_DRAFT = (128, 128)
# Less structure than this, in grey levels, is noise.
_FLAT = 0.5
# Pairs of pictures that are compared at once, roughly and in detail.
_CELLS, _PAIRS = 4_000_000, 16_384


class CutOff(PictureError):
    """A picture has a header, but cannot be read to its end."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is kept of a picture to find it again.

    Attributes:
        header: Its size and orientation.
        content: A digest of its file.
        bits: The signs of 64 differences.
        detail: [1024] float16 fine structure of length 1; None where there is none.
    """

    header: Header
    content: bytes
    bits: int
    detail: NDArray[np.float16] | None


def fingerprint(path: Path) -> Fingerprint:
    """Look at a picture once, decoding a JPEG at a fraction of its size.

    Raises:
        CutOff: Its end is missing.
        PictureError: It cannot be opened or is no picture.
    """
    content = _digest(path)
    with open_picture(path) as picture:
        header = header_of(picture)
        if picture.width * picture.height > pillow.MAX_PIXELS:
            raise PictureError(
                N_("{path} is too large: at most {limit} million pixels can be read."),
                N_("Cut it into parts or save a smaller copy."),
                path=path,
                limit=pillow.MAX_PIXELS // 1_000_000,
            )
        try:
            picture.draft("L", _DRAFT)
            grey = picture.convert("L")
        except (*pillow.DAMAGED, MemoryError) as error:
            raise CutOff(
                N_("{path} is cut off or damaged: it cannot be read to its end."),
                N_("Copy or download it again."),
                path=path,
            ) from error
    small = _reduced(grey, (9, 8))
    signs = np.packbits(small[:, 1:] > small[:, :-1])
    return Fingerprint(header, content, int.from_bytes(signs.tobytes(), "big"), _detail(grey))


def _digest(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest()
    except OSError as error:
        raise PictureError(
            N_("{path} cannot be opened: {reason}."),
            N_("Check that it is still there and that you may read it."),
            path=path,
            reason=error.strerror or str(error),
        ) from error


def _reduced(grey: Image.Image, size: tuple[int, int]) -> NDArray[np.float32]:
    small = grey.resize(size, Image.Resampling.BOX)
    return np.asarray(small, np.float32)


def _detail(grey: Image.Image) -> NDArray[np.float16] | None:
    """Return the structure of a picture that is finer than an eighth of its sides."""
    fine = _reduced(grey, (_SIDE, _SIDE))
    step = _SIDE // _COARSE
    coarse = fine.reshape(_COARSE, step, _COARSE, step).mean(axis=(1, 3))
    structure = (fine - coarse.repeat(step, axis=0).repeat(step, axis=1)).ravel()
    structure -= structure.mean()
    length = float(np.linalg.norm(structure))
    if length < _FLAT * _SIDE:
        return None
    detail: NDArray[np.float16] = (structure / length).astype(np.float16)
    return detail


def equal_pairs(prints: Sequence[Fingerprint]) -> Iterator[tuple[int, int]]:
    """Yield pairs of the same file: each later one with the first."""
    first: dict[bytes, int] = {}
    for index, each in enumerate(prints):
        if each.content in first:
            yield first[each.content], index
        first.setdefault(each.content, index)


def near_pairs(
    prints: Sequence[Fingerprint], cancelled: Callable[[], bool] | None = None
) -> Iterator[tuple[int, int]]:
    """Yield pairs of pictures that show nearly the same, as copies of one photograph do.

    Args:
        prints: Of the pictures.
        cancelled: True ends the work.

    Raises:
        Cancelled: `cancelled` said so.
    """
    known = [index for index, each in enumerate(prints) if each.detail is not None]
    if len(known) < 2:
        return
    bits = np.array([prints[index].bits for index in known], np.uint64)
    details = np.array([prints[index].detail for index in known], np.float16)
    rows = max(1, _CELLS // len(known))
    for top in range(0, len(known), rows):
        if cancelled is not None and cancelled():
            raise Cancelled
        apart = np.bitwise_count(bits[top : top + rows, None] ^ bits[None, top:])
        first, second = np.nonzero(np.triu(apart <= _NEAR_BITS, 1))
        for start in range(0, len(first), _PAIRS):
            a = first[start : start + _PAIRS] + top
            b = second[start : start + _PAIRS] + top
            alike = np.einsum("ij,ij->i", details[a].astype(np.float32), details[b])
            for i, j in zip(a[alike >= _NEAR_DETAIL], b[alike >= _NEAR_DETAIL], strict=True):
                yield known[int(i)], known[int(j)]
