"""What the pictures of a session are called in an export."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from engine.store.records import FrameRecord

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_STREAM = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|(camera|sim):")
_UNFIT = re.compile(r'[\x00-\x1f<>:"/\\|?*\ud800-\udfff]')
_LONGEST_STEM_BYTES = 240


def is_stream(source: str) -> bool:
    """Tell whether a source is a camera or an address rather than a file."""
    return _STREAM.match(source) is not None


def parts(source: str) -> list[str]:
    """Return the folders of a source and its name, also of a path from another system."""
    if is_stream(source):
        return [source]
    path = source.replace("\\", "/") if _WINDOWS.match(source) else source.replace(os.sep, "/")
    return path.split("/")


def picture_name(source: str) -> str:
    """Return the file name of a source, or all of it for a camera or an address."""
    return parts(source)[-1]


class Pictures:
    """Names of a session's frames, fixed by their order.

    Attributes:
        root: The folder that all files have in common, with `/`, or an empty text.
    """

    def __init__(self, frames: Iterable[FrameRecord]) -> None:
        """Read all frames once."""
        self._sequences: set[str] = set()
        common: list[str] | None = None
        last = None
        for frame in frames:
            if frame.index > 0 or frame.time_s is not None:
                self._sequences.add(frame.source)
            if frame.source != last and not is_stream(frame.source):
                folders = parts(frame.source)[:-1]
                common = folders if common is None else _common(common, folders)
            last = frame.source
        self._common = common or []
        self.root = "/".join(self._common) or ("/" if self._common else "")
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}

    def in_sequence(self, frame: FrameRecord) -> bool:
        """Tell whether a frame is one of several in its source: a video, a TIFF of many pages."""
        return frame.source in self._sequences

    def relative(self, frame: FrameRecord) -> str:
        """Return the path of a frame below `root`; `clip.mp4#000012` for one of several."""
        source = frame.source
        if not is_stream(source):
            source = "/".join(parts(source)[len(self._common) :])
        return f"{source}#{frame.index:06d}" if self.in_sequence(frame) else source

    def take_stem(self, frame: FrameRecord) -> str:
        """Return a file name without suffix that no earlier call has returned.

        It is that of the picture where possible (`clip_000012` for one of several); a name that
        is taken, whatever its case, gets `-2`, `-3` and so on.
        """
        stem = _stem(picture_name(frame.source))
        if self.in_sequence(frame):
            stem = f"{stem}_{frame.index:06d}"
        key, name = _key(stem), stem
        while _key(name) in self._taken:
            self._numbers[key] = self._numbers.get(key, 1) + 1
            name = f"{stem}-{self._numbers[key]}"
        self._taken.add(_key(name))
        return name


def path_from(folder: Path, source: str) -> str:
    """Return the path of a picture seen from a folder, with `/`, or the whole path."""
    if _WINDOWS.match(source) and os.name != "nt":
        return source
    try:
        return os.path.relpath(os.path.abspath(source), folder).replace(os.sep, "/")
    except ValueError:  # On Windows there is no way from one drive to another.
        return source


def _stem(name: str) -> str:
    stem = _UNFIT.sub("_", name if is_stream(name) else os.path.splitext(name)[0]) or "_"
    while len(stem.encode()) > _LONGEST_STEM_BYTES:
        stem = stem[:-1]
    return stem


def _key(name: str) -> str:
    """Return what two names share that one folder cannot hold on every system."""
    return unicodedata.normalize("NFC", name).casefold()


def _common(first: list[str], second: list[str]) -> list[str]:
    pairs = zip(first, second, strict=False)
    same = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(first), len(second)))
    return first[:same]
