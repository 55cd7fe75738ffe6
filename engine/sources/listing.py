"""From what a person names, files, folders and patterns, to the frames in them."""

from __future__ import annotations

import functools
import glob
import os
import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import EngineError, SourceError
from engine.i18n import N_
from engine.sources import sniffing
from engine.sources.pictures import read_picture
from engine.sources.video import read_video
from engine.store.schema import MEDIA_FOLDER, SESSION_FILE
from engine.suffixes import PAGED_SUFFIXES, PICTURE_SUFFIXES, VIDEO_SUFFIXES
from engine.types import Frame

_KNOWN_SUFFIXES = PICTURE_SUFFIXES | VIDEO_SUFFIXES
_LIVE = re.compile(r"(camera|sim):|(rtsps?|rtmps?|https?|udp|tcp|rtp|mms)://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Failure:
    """A file, or the rest of one, that could not be read.

    Attributes:
        origin: The file, as in `Frame.origin`.
        error: What went wrong.
    """

    origin: str
    error: EngineError


@dataclass(frozen=True, slots=True)
class SourceList:
    """The files to read, in order; iterating reads them one frame at a time.

    Attributes:
        items: The files, each once.
        first_frame: Frame or page of the first file to begin with, counted from 0.
        former_s: The time of the frame before that one, where it is a video and this is known;
            see `read_video`.
    """

    items: tuple[Path, ...]
    first_frame: int = 0
    former_s: float | None = None

    def __len__(self) -> int:
        """Return the number of files."""
        return len(self.items)

    @property
    def total_frames(self) -> int | None:
        """The number of frames, a file that fails counting as one.

        It is None where it takes reading to know: with videos, with TIFFs, which may hold many
        pages, and with files of unknown suffix.
        """
        single = PICTURE_SUFFIXES - PAGED_SUFFIXES
        known = all(path.suffix.lower() in single for path in self.items)
        return len(self.items) if known else None

    def __iter__(self) -> Generator[Frame | Failure, None, None]:
        """Yield every frame of every file, and a `Failure` where a file fails."""
        for number, path in enumerate(self.items):
            if number:
                yield from _read(path)
            else:
                yield from _read(path, self.first_frame, self.former_s)


def open_sources(specs: Sequence[str]) -> SourceList:
    """Find the files that `specs` name; nothing is read yet.

    A spec is a file of any suffix, a folder, or a pattern with `*`, `**`, `?` or `[...]`; what
    exists under the very name is never taken for a pattern. Folders are searched through and
    give the files whose suffix is known, without hidden ones, without the annotated pictures of
    a session and without following links to folders, in natural order: img2 before img10. A
    pattern gives the files of known suffix among its matches, or all of them where none has
    one, and searches the folders it matches.

    Raises:
        SourceError: A spec names nothing that exists, holds nothing that can be read, or is a
            camera or a stream.
    """
    if not specs:
        raise SourceError(
            N_("No source was given."), N_("Name a picture, a video, a folder or a pattern.")
        )
    resolve = functools.cache(os.path.realpath)
    items: dict[str, Path] = {}
    for spec in specs:
        for path in _find(spec):
            items.setdefault(_key(path, resolve), path)
    return SourceList(tuple(items.values()))


def refuse_foreign(path: Path) -> None:
    """Refuse a file that is neither picture nor video, before it is put into a list.

    A file of a known suffix passes: what is wrong with it is said when it is read.

    Raises:
        SourceError: By its suffix and its first bytes it is something else.
    """
    if path.suffix.lower() in _KNOWN_SUFFIXES:
        return
    try:
        head = sniffing.read_head(path)
    except OSError as error:
        raise sniffing.not_opened(path, error, SourceError) from error
    if sniffing.picture_kind(head) is None and sniffing.video_kind(head) is None:
        raise sniffing.refusal(path, head, SourceError)


def _find(spec: str) -> list[Path]:
    """Return the files that one spec names."""
    path = Path(spec if os.path.lexists(spec) else os.path.expanduser(spec))
    if not spec.strip():
        raise SourceError(
            N_("The name of a source is empty."), N_("Name a picture, a video or a folder.")
        )
    if os.path.isdir(path):
        found = _search(path)
        if not found:
            raise SourceError(
                N_("The folder {path} holds no pictures or videos."),
                N_("Choose the folder that holds them; hidden files are not taken."),
                path=path,
            )
        return found
    if os.path.isfile(path):
        return [path]
    if os.path.exists(path):
        raise SourceError(
            N_("{path} is a device or a pipe, not a file or folder."),
            N_("Name a picture, a video or a folder."),
            path=path,
        )
    live = _LIVE.match(spec)
    if live is not None:
        # The rest is not repeated: there may be a password in it.
        raise SourceError(
            N_("A name with {beginning} is that of a camera or stream, not of a file."),
            N_("Name it alone: as camera:NAME, sim:FILE@FPS, rtsp://… or http://…."),
            beginning=live[0],
        )
    if glob.has_magic(str(path)):
        return _match(str(path))
    raise SourceError(
        N_("There is no file or folder {path}."),
        N_("Check the spelling; a name with blanks needs quotes in a terminal."),
        path=path,
    )


def _match(pattern: str) -> list[Path]:
    """Return the files that a pattern names, folders among them searched."""
    files: list[Path] = []
    inside: list[Path] = []
    for name in glob.iglob(pattern, recursive=True):
        path = Path(name)
        if path.is_dir():
            inside.extend(_search(path))
        elif path.is_file():
            files.append(path)
    known = [path for path in files if path.suffix.lower() in _KNOWN_SUFFIXES]
    found = sorted((known or ([] if inside else files)) + inside, key=_natural)
    if not found:
        raise SourceError(
            N_("No picture or video matches {pattern}."),
            N_("Check the folder and the spelling of the pattern."),
            pattern=pattern,
        )
    return found


def _search(folder: Path) -> list[Path]:
    """Return the pictures and videos in a folder and below it, in natural order.

    A folder that cannot be looked into is returned as if it were a file, so that reading it says
    why.
    """
    found: list[Path] = []

    def closed(error: OSError) -> None:
        found.append(Path(error.filename or folder))

    for root, folders, names in os.walk(folder, onerror=closed):
        folders[:] = [name for name in folders if not name.startswith(".")]
        if SESSION_FILE in names and MEDIA_FOLDER in folders:
            # What a former run drew is not to be detected again.
            folders.remove(MEDIA_FOLDER)
        for name in names:
            suffix = os.path.splitext(name)[1].lower()
            if name.startswith(".") or suffix not in _KNOWN_SUFFIXES:
                continue
            path = Path(root, name)
            # A broken link is kept, to be listed as a failure; a pipe would block its reader.
            if path.is_file() or not path.exists():
                found.append(path)
    return sorted(found, key=_natural)


def _natural(path: Path) -> tuple[list[list[str | int]], str]:
    """Return a key that puts img2 before img10, folder by folder, whatever the case."""
    parts: list[list[str | int]] = []
    for part in path.parts:
        # Text and numbers alternate, so that like is compared with like.
        pieces = re.split(r"(\d+)", part.lower())
        parts.append([int(piece) if at % 2 else piece for at, piece in enumerate(pieces)])
    return parts, str(path)


def _key(path: Path, resolve: Callable[[Path], str]) -> str:
    """Return what is the same for every way that leads to one file; hard links differ."""
    if path.is_symlink():
        return os.path.normcase(resolve(path))
    return os.path.normcase(os.path.join(resolve(path.parent), path.name))


def _read(
    path: Path, first: int = 0, former_s: float | None = None
) -> Generator[Frame | Failure, None, None]:
    """Yield the frames of one file, then a `Failure` where reading ends with an error."""
    try:
        if is_video(path):
            yield from read_video(path, first, former_s=former_s)
        else:
            yield from (frame for frame in read_picture(path, first) if frame.index >= first)
        return
    except EngineError as error:
        failure = error
    # A traceback would keep the decoder and its picture in memory as long as the failure.
    failure.__cause__ = failure.__context__ = None
    origin = sniffing.printable(path)
    failure.values["path"] = origin
    yield Failure(origin, failure.with_traceback(None))


def is_video(path: Path) -> bool:
    """Tell a video from a picture by the suffix, and where it says nothing by the first bytes."""
    suffix = path.suffix.lower()
    if suffix in _KNOWN_SUFFIXES:
        return suffix in VIDEO_SUFFIXES
    try:
        return sniffing.video_kind(sniffing.read_head(path)) is not None
    except OSError:
        return False
