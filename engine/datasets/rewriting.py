"""A new data set from the pictures of another one, as fixes and splits make it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.datasets.copies import Copy, whole_copy
from engine.datasets.dataset import DataSet
from engine.errors import DataError
from engine.export.progress import Question, Report, Ticker
from engine.filenames import media_name
from engine.i18n import N_
from engine.sources.sniffing import not_opened

_EVERY = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A picture of the new data set.

    Attributes:
        split: Where it goes to.
        picture: Its file.
    """

    split: str
    picture: Path


def rewrite(
    data: DataSet,
    entries: Sequence[Entry],
    text_of: Callable[[Path], str | None],
    *,
    names: Sequence[str],
    name: str,
    base: Path | None,
    progress: Report | None,
    cancelled: Question | None,
) -> Path:
    """Write a data set of the same form with other splits or labels.

    Args:
        data: Where the pictures come from; it stays as it is.
        entries: The pictures that the new one has.
        text_of: The text of a picture's label file, None for none; not asked for class folders.
        names: Class names by index.
        name: What the folder is to be called.
        base: Folder of the copies; by default the one below the person's folder.
        progress: Told how far it is, in pictures.
        cancelled: True ends the work.

    Returns:
        What `find` reads.

    Raises:
        DataError: There is no room for it, a picture is gone, or it cannot be written.
        Cancelled: `cancelled` said so; nothing is left of it.
    """
    ticker = Ticker(len(entries), progress, cancelled, _EVERY)
    taken: set[str] = set()
    with whole_copy(base, name, _size(entries)) as copy:
        for entry in entries:
            ticker.step()
            content = _content(entry.picture)
            if data.classifies:
                _add_to_class(copy, data, entry, content, taken)
            else:
                copy.add(entry.split, entry.picture.name, content, text_of(entry.picture))
        if not data.classifies:
            copy.describe(names, data.rest)
        ticker.finish()
    return copy.path


def name_of(data: DataSet, what: str) -> str:
    """Return a name for the folder of a new data set.

    Args:
        data: What it is made from.
        what: What makes it different, such as "fixed".
    """
    folder = data.source if data.classifies else data.source.resolve().parent
    return f"{folder.name.removesuffix(f'-{what}')}-{what}"


def places_of(data: DataSet, picture: Path) -> Mapping[str, Path]:
    """Return the folders that hold a picture, by split."""
    return {
        split: place
        for split, places in data.splits.items()
        for place in places
        if picture.is_relative_to(place)
    }


def _size(entries: Sequence[Entry]) -> int:
    try:
        return sum(entry.picture.stat().st_size for entry in entries)
    except OSError as error:
        raise _gone(error) from error


def _content(picture: Path) -> bytes:
    try:
        return picture.read_bytes()
    except OSError as error:
        raise not_opened(picture, error, DataError) from error


def _add_to_class(copy: Copy, data: DataSet, entry: Entry, content: bytes, taken: set[str]) -> None:
    place = next(iter(places_of(data, entry.picture).values()))
    folder = copy.folder / entry.split / entry.picture.relative_to(place).parts[0]
    for label in data.names:
        (copy.folder / entry.split / label).mkdir(parents=True, exist_ok=True)
    name = media_name(entry.picture.name, 0, pages=False, taken=taken, suffix=entry.picture.suffix)
    (folder / name).write_bytes(content)


def _gone(error: OSError) -> DataError:
    return DataError(
        N_("{path} cannot be opened: {reason}."),
        N_("Check that it is still there and that you may read it."),
        path=error.filename,
        reason=error.strerror or str(error),
    )
