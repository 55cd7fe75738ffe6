"""Unpacking a zip that may hold anything: nothing outside its folder, no links, no bombs."""

from __future__ import annotations

import shutil
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath

from engine.datasets.copies import check_room
from engine.errors import DataError
from engine.export.progress import Ticker
from engine.i18n import N_
from engine.sources.sniffing import not_opened
from engine.suffixes import PICTURE_SUFFIXES
from engine.types import Progress

SUFFIXES = PICTURE_SUFFIXES | {".json", ".names", ".txt", ".xml", ".yaml", ".yml"}
"""What of an archive is looked at."""

_MOST_FILES = 2_000_000
# Pictures hardly shrink in a zip. What grows by more than this, and is large, is a bomb.
_MOST_TIMES, _LARGE_BYTES = 200, 1 << 30
# The smallest piece of a disk that a file takes.
_BLOCK_BYTES = 4096
_UTF8_FLAG, _ENCRYPTED_FLAG = 0x800, 0x1


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive.

    Raises:
        DataError: It is none, is damaged or cannot be opened.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError) as error:
        raise DataError(
            N_("{path} is no zip archive, or it is damaged."),
            N_("Download or pack it again."),
            path=path,
        ) from error
    except OSError as error:
        if error.filename not in (str(path), path):
            raise
        raise not_opened(path, error, DataError) from error


def members(archive: zipfile.ZipFile, path: Path) -> list[tuple[zipfile.ZipInfo, str]]:
    """Return the files of an archive that are looked at, with their names.

    Raises:
        DataError: One of them would lie outside of the folder, is a link or is encrypted.
    """
    found = []
    for info in archive.infolist():
        name = _name(info)
        parts = PurePosixPath(name).parts
        if PureWindowsPath(name).drive or name.startswith("/") or ".." in parts:
            raise DataError(
                N_("{path} holds a file that would be written elsewhere: {name}."),
                N_("Such an archive is not to be trusted. Pack the folder yourself."),
                path=path,
                name=name,
            )
        if stat.S_ISLNK(info.external_attr >> 16):
            raise DataError(
                N_("{path} holds a link in the place of a file: {name}."),
                N_("Pack the files themselves."),
                path=path,
                name=name,
            )
        if info.is_dir() or any(part.startswith((".", "__MACOSX")) for part in parts):
            continue
        if PurePosixPath(name).suffix.lower() in SUFFIXES:
            if info.flag_bits & _ENCRYPTED_FLAG:
                raise DataError(
                    N_("{path} is protected by a password."), N_("Unpack it first."), path=path
                )
            found.append((info, name))
    return found


def unpack(
    path: Path,
    folder: Path,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> None:
    """Unpack what of an archive is looked at.

    Args:
        path: The archive.
        folder: Where to; it is there and empty.
        progress: Told how many files are done.
        cancelled: True ends the work.

    Raises:
        DataError: The archive is unsafe, damaged or too large.
        Cancelled: `cancelled` said so.
        OSError: The folder cannot be written.
    """
    with opened(path) as archive:
        found = members(archive, path)
        _check_size(found, path, folder)
        ticker = Ticker(len(found), progress, cancelled, every=50)
        for info, name in found:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            # A file is read to its stated size at most, which was counted before.
            with archive.open(info) as packed, target.open("wb") as file:
                shutil.copyfileobj(packed, file, 1 << 20)
            ticker.step()
        ticker.finish()


def _check_size(found: list[tuple[zipfile.ZipInfo, str]], path: Path, folder: Path) -> None:
    size = sum(info.file_size for info, _name in found)
    if len(found) > _MOST_FILES or size > max(_LARGE_BYTES, _MOST_TIMES * path.stat().st_size):
        raise DataError(
            N_("{path} would become {size} MB in {count} files, which no data set does."),
            N_("Such an archive is not to be trusted. Pack the folder yourself."),
            path=path,
            size=size // 1_000_000,
            count=len(found),
        )
    check_room(folder, size + _BLOCK_BYTES * len(found))


def _name(info: zipfile.ZipInfo) -> str:
    """Return the name of a file; programs in China write theirs without saying in which code."""
    name = info.filename.replace("\\", "/")
    if info.flag_bits & _UTF8_FLAG or name.isascii():
        return name
    data = name.encode("cp437", errors="replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name
