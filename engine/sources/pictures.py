"""Picture files as frames, through Pillow alone, so that a file looks the same everywhere."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from PIL import Image, ImageFile, TiffImagePlugin, UnidentifiedImageError

from engine.errors import EngineError, PictureError
from engine.i18n import N_, translate
from engine.sources import pillow, sniffing
from engine.sources.pixels import to_rgb
from engine.types import Frame

MAX_PAGES = 10_000

RAW_SUFFIXES = frozenset({
    ".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dng", ".erf", ".iiq", ".kdc", ".nef", ".nrw",
    ".orf", ".pef", ".raf", ".raw", ".rw2", ".srw",
})  # fmt: skip
"""Camera raw files: Pillow would open the thumbnail inside them as the picture."""

_JPEG_END = b"\xff\xd9"
_SEVERAL = frozenset({"GIF", "WEBP", "PNG", "MPO", "HEIF", "AVIF"})

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION = 0x0112
_SUBFILE_TYPE = 0x00FE
_REDUCED_OR_MASK = 0b101


def read_picture(path: Path, first: int = 0) -> Generator[Frame, None, None]:
    """Read a picture file: every page of a TIFF, the first picture of every other format.

    Orientation (EXIF, XMP) is applied. Colour profiles are not: the values stay as stored. Of
    16-bit colours the upper 8 bits are read; `pixels.to_rgb` says what becomes of transparency
    and of deep grey levels. Reduced copies and masks among the pages of a TIFF are left out; more
    than `MAX_PAGES` pages are not read.

    Args:
        path: The file.
        first: Page of a TIFF to begin with, counted from 0; other formats have only the one.

    Yields:
        Frames with `index` the page; `warning` says what was left out or damaged.

    Raises:
        PictureError: Nothing, or nothing more, can be read. Where only some pages of a TIFF are
            damaged, it comes after the others.
    """
    with open_picture(path) as picture:
        if isinstance(picture, TiffImagePlugin.TiffImageFile):
            yield from _pages(picture, path, first)
            return
        frame = _frame(picture, path, 0, _count_warning(picture))
    del picture
    yield frame


@contextmanager
def open_picture(path: Path) -> Iterator[ImageFile.ImageFile]:
    """Open a picture file up to its header; nothing is decoded yet.

    Raises:
        PictureError: It cannot be opened or is no picture of a known kind.
    """
    if path.suffix.lower() in RAW_SUFFIXES:
        raise PictureError(
            N_("{path} is a camera raw file, a kind that cannot be read."),
            N_("Export it as TIFF or JPEG with the camera's program."),
            path=path,
        )
    try:
        file = path.open("rb")
    except OSError as error:
        raise sniffing.not_opened(path, error, PictureError) from error
    with file, _identify(path, file) as picture:
        yield picture


def _identify(path: Path, file: io.BufferedReader) -> ImageFile.ImageFile:
    """Open a picture up to its header."""
    try:
        head = file.read(sniffing.HEAD)
    except OSError as error:
        raise sniffing.not_opened(path, error, PictureError) from error
    try:
        return pillow.identify(file, head, path.suffix.lower())
    except Image.DecompressionBombError as error:
        raise _too_large(path) from error
    except UnidentifiedImageError as error:
        raise _unidentified(path, head) from error
    except MemoryError as error:
        raise _no_memory(path) from error
    except pillow.DAMAGED as error:
        raise sniffing.refusal(path, head, PictureError) from error


def _unidentified(path: Path, head: bytes) -> EngineError:
    if sniffing.video_kind(head) is not None:
        return PictureError(
            N_("{path} is a video named like a picture."),
            N_("Give it the suffix of a video, such as .mp4."),
            path=path,
        )
    return sniffing.refusal(path, head, PictureError)


def _pages(picture: TiffImagePlugin.TiffImageFile, path: Path, first: int) -> Iterator[Frame]:
    """Yield the pages of a TIFF from `first` on, then raise what went wrong, if anything."""
    pillow.silence_libtiff()
    failure: EngineError | None = None
    lost = read = 0
    for page in range(first, MAX_PAGES + 1):
        try:
            # Pillow ends the sequence itself where the chain of pages bites its own tail.
            picture.seek(page)
            if page > 0 and int(picture.tag_v2.get(_SUBFILE_TYPE, 0)) & _REDUCED_OR_MASK:
                continue
            if page == MAX_PAGES:
                raise _too_many_pages(path)
            frame = _frame(picture, path, page, None)
        except EOFError:
            break
        except PictureError as error:
            failure = error
        except pillow.DAMAGED:
            failure = _damaged(path)
        else:
            yield frame
            read += 1
            continue
        lost += 1
    if read and lost and page < MAX_PAGES:
        raise PictureError(
            N_("Some pages of {path} cannot be read: {count}."),
            N_("They may be damaged or too large. The other pages were read."),
            path=path,
            count=lost,
        )
    if failure is not None:
        raise failure


def _frame(picture: ImageFile.ImageFile, path: Path, index: int, warning: str | None) -> Frame:
    """Decode the page a picture stands at."""
    if picture.width * picture.height > pillow.MAX_PIXELS:
        raise _too_large(path)
    try:
        decoded, whole = _decode(picture, path)
        image = to_rgb(upright(decoded))
    except MemoryError as error:
        raise _no_memory(path) from error
    except pillow.DAMAGED as error:
        raise _damaged(path) from error
    if not whole:
        if (image == image[0, 0]).all():
            raise _damaged(path)
        partial = translate(N_("The picture is damaged or cut off: only a part of it was read."))
        warning = f"{partial} {warning}" if warning else partial
    return Frame(image, index, None, sniffing.printable(path), warning)


def _decode(picture: ImageFile.ImageFile, path: Path) -> tuple[ImageFile.ImageFile, bool]:
    """Decode a picture as far as it goes and tell whether it went to the end.

    Pillow's own switch for that, LOAD_TRUNCATED_IMAGES, holds for all threads at once. A decoder
    that fails leaves what it had in the picture, so emptying the list of parts still to come
    keeps it. The JPEG decoder alone needs an end mark before it hands out what it has.
    """
    try:
        picture.load()
    except pillow.DAMAGED:
        if picture.format in ("JPEG", "MPO"):
            with suppress(*pillow.DAMAGED):
                data = path.read_bytes() + _JPEG_END
                picture = pillow.identify(io.BytesIO(data), data[: sniffing.HEAD])
                picture.load()
    else:
        return picture, True
    picture.tile = []
    picture.load()
    return picture, False


def upright(picture: Image.Image) -> Image.Image:
    """Turn a decoded picture as its metadata asks; broken metadata ask for nothing."""
    try:
        turn = _TURNS.get(picture.getexif().get(_ORIENTATION, 1))
    except pillow.DAMAGED:
        return picture
    return picture if turn is None else picture.transpose(turn)


def _count_warning(picture: ImageFile.ImageFile) -> str | None:
    """Say how many pictures a file holds where only one is read."""
    if picture.format not in _SEVERAL:
        return None
    try:
        count = int(getattr(picture, "n_frames", 1))
    except pillow.DAMAGED:
        return None
    if count < 2:
        return None
    if picture.format == "HEIF":
        text = translate(N_("The file holds {count} pictures; only the main one was read."))
    else:
        text = translate(N_("The file holds {count} pictures; only the first was read."))
    return text.format(count=count)


def _too_large(path: Path) -> PictureError:
    return PictureError(
        N_("{path} is too large: at most {limit} million pixels can be read."),
        N_("Cut it into parts or save a smaller copy."),
        path=path,
        limit=pillow.MAX_PIXELS // 1_000_000,
    )


def _too_many_pages(path: Path) -> PictureError:
    return PictureError(
        N_("{path} has more than {count} pages: the rest was not read."),
        N_("Split it into several files."),
        path=path,
        count=MAX_PAGES,
    )


def _no_memory(path: Path) -> PictureError:
    return PictureError(
        N_("There is not enough memory to read {path}."),
        N_("Close other programs or save a smaller copy."),
        path=path,
    )


def _damaged(path: Path) -> PictureError:
    return PictureError(
        N_("{path} is damaged: nothing of the picture can be read."),
        N_("Copy or download it again."),
        path=path,
    )
