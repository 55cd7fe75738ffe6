"""Where exported weights go: named, tried, and moved into place once they are whole."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from engine.conversion.config import ConversionConfig
from engine.conversion.formats import FORMATS, Format
from engine.errors import ExportError, writing_failed
from engine.i18n import N_
from engine.paths import bundled_weights, home

_OWN = {".xml", ".bin", ".yaml"}
"""What a folder of exported weights holds."""


def target(config: ConversionConfig) -> Path:
    """Return the file or folder that an export writes.

    `out` is that file or folder where its name ends as the format's names do, and else the folder
    to write it into. Weights that come with the application are exported to a person's own folder.

    Raises:
        ExportError: `out` is named like a file of another kind.
    """
    chosen = FORMATS[config.format]
    name = config.weights.stem + chosen.suffix
    if config.out is None:
        beside = config.weights.absolute()
        is_ours = beside in [path.absolute() for path in bundled_weights()]
        return (home() / "exports" if is_ours else beside.parent) / name
    out = config.out.absolute()
    if out.name.lower().endswith(chosen.suffix):
        return out
    if out.suffix and not out.is_dir():
        raise ExportError(
            N_("{path} does not end in {suffix}."),
            N_("Give it a name that does, or the name of a folder."),
            path=config.out,
            suffix=chosen.suffix,
        )
    return out / name


def check(path: Path, chosen: Format) -> None:
    """Refuse a target that cannot be written before any work is done.

    Args:
        path: What `target` gave.
        chosen: The format.

    Raises:
        ExportError: The folder is read-only or is a file, or something else stands there.
    """
    refuse_foreign(path, chosen)
    folder = next(each for each in path.parents if each.exists() or each == each.parent)
    if not folder.is_dir():
        raise writing_failed(OSError(errno.ENOTDIR, ""), path, ExportError)
    if not os.access(folder, os.W_OK):
        raise writing_failed(OSError(errno.EACCES, ""), folder, ExportError)


def refuse_foreign(path: Path, chosen: Format) -> None:
    """Refuse to replace what is no former export.

    Raises:
        ExportError: A folder stands where a file is to be, or the other way round, or a folder
            holds other files.
    """
    if not chosen.is_folder:
        if path.is_dir():
            raise writing_failed(OSError(errno.EISDIR, ""), path, ExportError)
        return
    if path.exists() and not path.is_dir():
        raise writing_failed(OSError(errno.EEXIST, ""), path, ExportError)
    if path.is_dir() and any(each.is_dir() or each.suffix not in _OWN for each in path.iterdir()):
        raise ExportError(
            N_("The folder {path} holds other files."),
            N_("Choose an empty or a new folder."),
            path=path,
        )


def part_of(path: Path) -> Path:
    """Return a name beside a target for what is not whole yet."""
    return path.with_name(f".labsight-{secrets.token_hex(6)}.part")


def put(made: Path, path: Path, part: Path, chosen: Format) -> int:
    """Copy what was made to its target; at every moment that is absent, old or whole.

    Args:
        made: The file or folder, perhaps on another disk.
        path: The target.
        part: See `part_of`.
        chosen: The format.

    Returns:
        Bytes written.

    Raises:
        ExportError: The disk is full, the folder cannot be written, or the target is in use.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        refuse_foreign(path, chosen)
        if chosen.is_folder:
            part.mkdir()
            written = sum(_copy(each, part / each.name) for each in sorted(made.iterdir()))
        else:
            written = _copy(made, part)
        _swap(part, path)
    except OSError as error:
        raise writing_failed(error, path, ExportError) from error
    finally:
        remove(part)
    return written


def remove(path: Path) -> None:
    """Delete a file or a folder; what cannot be deleted stays."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _copy(source: Path, path: Path) -> int:
    with source.open("rb") as given, path.open("wb") as file:
        shutil.copyfileobj(given, file)
        file.flush()
        os.fsync(file.fileno())
        return file.tell()


def _swap(part: Path, path: Path) -> None:
    """Put a file or folder in the place of another, or leave everything as it was."""
    if not path.is_dir():
        os.replace(part, path)
        return
    former = part_of(path)
    os.replace(path, former)
    try:
        os.replace(part, path)
    except OSError:
        os.replace(former, path)
        raise
    remove(former)
