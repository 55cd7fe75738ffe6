"""Where an export is written: beside its target, moved into place once it is whole."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import secrets
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import EngineError, ExportError, writing_failed
from engine.export.text import encodable
from engine.i18n import N_

MANIFEST = "labsight-export.csv"
"""Lists the files of a folder export with their checksums and the pictures they belong to."""

_HEADER = ["file", "crc32", "picture", "frame"]
# Files that file managers leave in every folder they show.
_LITTER = {".ds_store", "thumbs.db", "desktop.ini"}


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Yield a path to write to; it becomes `target` at the end and vanishes on any exception.

    Raises:
        ExportError: The disk is full, the folder cannot be written, or the target is in use.
    """
    temporary = _beside(target)
    try:
        if target.is_dir():
            raise ExportError(
                N_("This is a folder, not a file: {path}."),
                N_("Give the name of a file."),
                path=target,
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _move(temporary, target)
    except OSError as error:
        raise writing_failed(error, target, ExportError) from error
    finally:
        # A disk that is gone cannot be cleaned; what went wrong first is what counts.
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


class FolderWriter:
    """Writes the files of an export that is a folder."""

    def __init__(self, folder: Path) -> None:
        """Write into an empty folder."""
        self._folder = folder
        self._manifest = io.StringIO()
        self._rows = csv.writer(self._manifest)
        self._rows.writerow(_HEADER)

    def write(self, name: str, text: str, picture: str = "", frame: int | str = "") -> None:
        """Write a text file.

        Args:
            name: Its path in the folder, with `/`.
            text: What goes in, as UTF-8.
            picture: The picture or video that it belongs to, if any.
            frame: The position in it.
        """
        data = encodable(text).encode()
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        self._rows.writerow([name, f"{zlib.crc32(data):08x}", encodable(picture), frame])

    def finish(self) -> None:
        """Write the list of the files."""
        (self._folder / MANIFEST).write_bytes(self._manifest.getvalue().encode())


@contextmanager
def whole_folder(target: Path) -> Iterator[FolderWriter]:
    """Yield a writer of a folder that becomes `target` at the end and vanishes on any exception.

    A former export at `target` is replaced as long as nobody has changed or added anything in it.

    Raises:
        ExportError: The target holds anything else, or cannot be written.
    """
    target = target.resolve()
    temporary = _beside(target)
    try:
        _refuse_foreign(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
        writer = FolderWriter(temporary)
        yield writer
        writer.finish()
        _swap(temporary, target)
    except OSError as error:
        raise writing_failed(error, target, ExportError) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _beside(target: Path) -> Path:
    return target.with_name(f".labsight-{secrets.token_hex(6)}.part")


def _move(source: Path, target: Path) -> None:
    existed = target.exists()
    try:
        os.replace(source, target)
    except PermissionError as error:
        if not existed:
            raise
        # Windows refuses to replace what another program holds open.
        raise ExportError(
            N_("{path} is open in another program."),
            N_("Close it there, or export under another name."),
            path=target,
        ) from error


def _swap(fresh: Path, target: Path) -> None:
    """Put a folder in the place of another, or leave everything as it was."""
    if not target.exists():
        _move(fresh, target)
        return
    former = _beside(target)
    _move_away(target, former)
    try:
        os.replace(fresh, target)
    except OSError:
        os.replace(former, target)
        raise
    shutil.rmtree(former, ignore_errors=True)


def _move_away(target: Path, former: Path) -> None:
    try:
        os.replace(target, former)
    except PermissionError as error:
        raise ExportError(
            N_("A file in {path} is open in another program."),
            N_("Close it there, or export to another folder."),
            path=target,
        ) from error


def _refuse_foreign(target: Path) -> None:
    """Refuse a folder that holds anything but an unchanged export."""
    if target.exists() and not target.is_dir():
        raise ExportError(
            N_("This is a file, not a folder: {path}."), N_("Choose another folder."), path=target
        )
    files = [path for path in sorted(target.rglob("*")) if not path.is_dir()]
    files = [path for path in files if path.name.lower() not in _LITTER]
    if not files:
        return
    sums = _checksums(target / MANIFEST)
    if sums is None:
        raise ExportError(
            N_("The folder {path} is not empty."),
            N_("Choose an empty or a new folder."),
            path=target,
        )
    for path in files:
        name = path.relative_to(target).as_posix()
        if name != MANIFEST and sums.get(name) != f"{zlib.crc32(path.read_bytes()):08x}":
            raise _changed(target, name)


def _changed(target: Path, name: str) -> EngineError:
    return ExportError(
        N_("{path} holds work added or changed since it was exported: {name}."),
        N_("Choose a new folder, so that nothing is lost."),
        path=target,
        name=name,
    )


def _checksums(manifest: Path) -> dict[str, str] | None:
    """Return the checksum of each file by its name, None where there is no list of ours."""
    try:
        rows = list(csv.reader(io.StringIO(manifest.read_text(encoding="utf-8"), newline="")))
    except (FileNotFoundError, UnicodeDecodeError, csv.Error):
        return None
    if not rows or rows[0] != _HEADER:
        return None
    return {row[0]: row[1] for row in rows[1:] if len(row) == len(_HEADER)}
