"""Copies of data sets below the person's folder: built aside, there only when they are whole."""

from __future__ import annotations

import secrets
import shutil
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from engine.errors import DataError, writing_failed
from engine.filenames import media_name
from engine.i18n import N_
from engine.paths import home

_SPARE_BYTES = 64 << 20
"""So much is to stay free beside a copy."""

_DESCRIPTION = "data.yaml"


def folder_of_copies(base: Path | None = None) -> Path:
    """Return the folder that copies of data sets are kept in."""
    return home() / "datasets" if base is None else base


@dataclass(slots=True)
class Copy:
    """A copy that is being made.

    Attributes:
        folder: Where to write.
        target: Where it will be; set once it is whole.
    """

    folder: Path
    target: Path | None = None
    _stems: set[str] = field(default_factory=set)

    def add(self, split: str, name: str, picture: bytes, label: str | None) -> Path:
        """Write a picture and its labels.

        Args:
            split: `train`, `val` or `test`.
            name: The picture's name; another one is found where its stem is taken.
            picture: The bytes of its file.
            label: The text of its label file, None for none.

        Returns:
            The picture that was written.

        Raises:
            OSError: It cannot be written.
        """
        stem = self._free_stem(name)
        path = self.folder / "images" / split / (stem + Path(name).suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture)
        labels = self.folder / "labels" / split
        labels.mkdir(parents=True, exist_ok=True)
        if label is not None:
            (labels / f"{stem}.txt").write_text(label, encoding="utf-8", newline="\n")
        return path

    def describe(self, names: Iterable[str], rest: dict[str, Any]) -> None:
        """Write the description: no absolute path, so that the copy can be moved.

        Args:
            names: Class names by index.
            rest: What else ultralytics is to know.

        Raises:
            OSError: It cannot be written.
        """
        folders = {path.name for path in (self.folder / "images").iterdir()}
        content: dict[str, Any] = {
            split: f"images/{split}" for split in ("train", "val", "test") if split in folders
        }
        content |= {"names": dict(enumerate(names))} | rest
        text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=1000)
        (self.folder / _DESCRIPTION).write_text(text, encoding="utf-8")

    @property
    def result(self) -> str:
        """What of the copy `find` reads: the name of its description, empty for the folder."""
        return _DESCRIPTION if (self.folder / _DESCRIPTION).is_file() else ""

    @property
    def path(self) -> Path:
        """What `find` reads: the description, or the folder of a copy that has none.

        Raises:
            ValueError: It is not whole yet.
        """
        if self.target is None:
            raise ValueError("the copy is not whole yet")
        described = self.target / _DESCRIPTION
        return described if described.is_file() else self.target

    def _free_stem(self, name: str) -> str:
        """Return a stem that no other picture has: labels are found by it."""
        stem, number = Path(name).stem, 1
        free = stem
        while _collision_key(free) in self._stems:
            number += 1
            free = f"{stem}-{number}"
        self._stems.add(_collision_key(free))
        return free


def _collision_key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


@contextmanager
def whole_copy(base: Path | None, name: str, needed_bytes: int = 0) -> Iterator[Copy]:
    """Yield a copy to fill; it gets its name at the end and vanishes on any exception.

    Args:
        base: Folder of the copies; by default the one below the person's folder.
        name: What to call it; a number is added where the name is taken.
        needed_bytes: How large it will be.

    Raises:
        DataError: There is no room for it, or it cannot be written.
    """
    parent = folder_of_copies(base)
    temporary = parent / f".labsight-{secrets.token_hex(6)}.part"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        check_room(parent, needed_bytes)
        temporary.mkdir()
        copy = Copy(temporary)
        yield copy
        copy.target = placed(temporary, parent, name)
    except OSError as error:
        raise writing_failed(error, parent, DataError) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_room(folder: Path, needed_bytes: int) -> None:
    """Refuse to begin where a disk has no room for what is to be written.

    Raises:
        DataError: It has not.
        OSError: The folder is not there.
    """
    free = shutil.disk_usage(folder).free
    if needed_bytes + _SPARE_BYTES > free:
        raise DataError(
            N_("A copy of the data needs {needed} MB in {path}, and {free} MB are free."),
            N_("Free some space or choose another folder."),
            needed=-(-(needed_bytes + _SPARE_BYTES) // 1_000_000),
            path=folder,
            free=free // 1_000_000,
        )


def placed(temporary: Path, parent: Path, name: str) -> Path:
    """Give a folder its name, or one with a number where that is taken, and return its path.

    Raises:
        OSError: It cannot be moved.
    """
    taken = {path.name.casefold() for path in parent.iterdir()}
    target = parent / media_name(name + ".", 0, pages=False, taken=taken, suffix="")
    temporary.rename(target)
    return target
