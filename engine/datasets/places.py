"""Where the pictures are that a description names, on this machine or on the one it was made on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath

from engine.datasets.dataset import pictures
from engine.errors import DataError
from engine.i18n import N_

# Folders of so many steps below a description are searched for one that was named elsewhere.
_DEPTH = 4

_ALSO_CALLED = {
    "val": ("valid", "validation"),
    "valid": ("val", "validation"),
    "validation": ("val", "valid"),
}


class Places:
    """The folders and lists that a description names.

    Attributes:
        foreign: The paths that name no place here and were found by their tail.
    """

    def __init__(self, path: Path, root: str) -> None:
        """Take the description's own path and what it says of its root."""
        self._path = path
        self._root = root
        self.foreign: list[str] = []

    def of(self, split: str, value: object) -> tuple[Path, ...]:
        """Return the places of a split.

        Args:
            split: Its name, for what is said.
            value: What the description says: a path or a list of paths.

        Raises:
            DataError: Nothing is named, a place is not there or holds no pictures.
        """
        given = value if isinstance(value, list) else [value]
        entries = [entry for entry in given if isinstance(entry, str) and entry.strip("\0")]
        if not entries or len(entries) < len(given):
            raise self._unnamed(split)
        places = tuple(self._find(split, entry) for entry in entries)
        if next(pictures(places), None) is None:
            raise DataError(
                N_("There are no pictures for {split} in {place}."),
                N_("Put pictures there or correct {path}."),
                split=split,
                place=places[0],
                path=self._path,
            )
        return places

    def _find(self, split: str, entry: str) -> Path:
        try:
            return self._found(split, entry)
        except (OSError, ValueError) as error:
            # Names may be too long for the system, or hold what no name can.
            raise self._absent(split, Path(entry.replace("\0", " "))) from error

    def _found(self, split: str, entry: str) -> Path:
        base = self._path.parent / self._root
        place = (base / entry).resolve()
        # Roboflow writes ../train/images where train/images is meant.
        if not place.exists() and entry.startswith("../"):
            place = (base / entry.removeprefix("../")).resolve()
        if place.exists():
            return place
        written = entry if _is_absolute(entry) else f"{self._root}/{entry}"
        found = self._by_tail(written)
        if len(found) == 1:
            self.foreign.append(entry)
            return found[0]
        if found:
            raise DataError(
                N_("The pictures for {split} may be in {first} or in {second}."),
                N_("Say which after `{split}:` in {path}."),
                split=split,
                first=found[0],
                second=found[1],
                path=self._path,
            )
        raise self._absent(split, place)

    def _absent(self, split: str, place: Path) -> DataError:
        return DataError(
            N_("The pictures for {split} are not at {place}."),
            N_("Correct `{split}:` or `path:` in {path}."),
            split=split,
            place=place,
            path=self._path,
        )

    def _by_tail(self, written: str) -> list[Path]:
        """Return the places below the description whose path ends as one from elsewhere does."""
        # It takes both kinds of slashes.
        parts = [part for part in PureWindowsPath(written).parts if part not in ("..", ".")]
        parts = [part for part in parts if not part.endswith((":\\", "\\", "/"))]
        folder = self._path.parent.resolve()
        for start in range(len(parts)):
            tails = list(_spellings(parts[start:]))
            for tail in tails:
                if tail != ("images",) and folder.joinpath(*tail).exists():
                    return [folder.joinpath(*tail)]
        for start in range(len(parts) - 1):
            tails = list(_spellings(parts[start:]))
            found = [below for below in _folders(folder) if below.parts[-len(tails[0]) :] in tails]
            if found:
                return found
        return []

    def _unnamed(self, split: str) -> DataError:
        if split == "val":
            return DataError(
                N_("{path} names no pictures for {split}."),
                N_(
                    "Name a folder after `{split}:`; the command `data DATA --split 0.2` makes one."
                ),
                path=self._path,
                split=split,
            )
        return DataError(
            N_("{path} names no pictures for {split}."),
            N_("Name a folder of pictures after `{split}:`."),
            path=self._path,
            split=split,
        )


def _is_absolute(entry: str) -> bool:
    return entry.startswith("/") or PureWindowsPath(entry).is_absolute()


def _spellings(tail: list[str]) -> Iterator[tuple[str, ...]]:
    """Yield the tail of a path as it is written and with other names for the same split."""
    yield tuple(tail)
    for at, part in enumerate(tail):
        for other in _ALSO_CALLED.get(part, ()):
            yield (*tail[:at], other, *tail[at + 1 :])


def _folders(top: Path) -> Iterator[Path]:
    for root, folders, _names in os.walk(top):
        below = Path(root)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if len(below.parts) - len(top.parts) >= _DEPTH:
            folders.clear()
        if below != top:
            yield below
