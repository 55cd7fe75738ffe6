"""Whether a source has changed since it was imported."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from engine.datasets.losses import FILE
from engine.errors import DataError
from engine.sources.sniffing import not_opened, printable


def signature_of(path: Path) -> str:
    """Return what changes with the names, sizes and times of a file or of all files of a folder.

    Raises:
        DataError: It cannot be looked into.
    """
    seal = hashlib.blake2b(digest_size=16)
    try:
        for name, found in _files(path):
            seal.update(f"{name}\0{found.st_size}\0{found.st_mtime_ns}\n".encode(errors="replace"))
    except OSError as error:
        raise not_opened(path, error, DataError) from error
    return seal.hexdigest()


def _files(path: Path) -> list[tuple[str, os.stat_result]]:
    if path.is_file():
        return [(path.name, path.stat())]
    found = []
    for root, folders, names in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            each = Path(root, name)
            # A link that leads nowhere is no reason to end here.
            if each.is_file():
                found.append((each.relative_to(path).as_posix(), each.stat()))
    return sorted(found)


def stored(path: Path, signature: str, folder: Path) -> Path | None:
    """Return the copy that was made of a source as it is now.

    Args:
        path: The source.
        signature: What `signature_of` says of it.
        folder: The folder of the copies.

    Returns:
        What `prepare` returned then, None where there is no such copy.
    """
    source = printable(path.resolve())
    for note in sorted(folder.glob(f"*/{FILE}")):
        try:
            content = json.loads(note.read_text(encoding="utf-8"))
            if content["source"] == source and content["signature"] == signature:
                result = note.parent / str(content["result"])
                if result.exists():
                    return result
        except (OSError, ValueError, LookupError, TypeError):
            continue
    return None
