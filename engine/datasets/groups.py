"""Which pictures belong together, so that no split tears them apart.

Pictures that show the same thing in training and in validation make a network look better than it
is. Together belong what Roboflow and others made from one photograph, frames of a video that follow
one another, and pictures that are nearly the same.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

_ROBOFLOW = re.compile(r"_(?:png|jpe?g|bmp|tiff?|webp|heic)[._]rf[._].*$", re.IGNORECASE)
_CHANGED = re.compile(
    r"(?<=.)[-_. ](?:aug(?:mented)?|flip(?:ped)?(?:[-_]?(?:lr|ud|[hvxy]))?|[hv][-_]?flip|"
    r"rot(?:ated?)?|mirror(?:ed)?|blur(?:red)?|nois[ey]|bright(?:ness|er)?|darker|contrast|shift|"
    r"hue|gamma|clahe|jitter|cutout|equali[sz]ed?)[-_]?\d*$",
    re.IGNORECASE,
)
_FRAME = re.compile(r"^(.*?)[-_. ]?(?:frame|frm)[-_. ]?(\d+)$", re.IGNORECASE)
_NUMBERED = re.compile(r"^(.+)[-_. ](\d{5,})$")

# A video is cut into about so many blocks, and none is shorter than the second number of frames.
_BLOCKS, _SHORTEST = 15, 2
# A pause so many times as long as usual between two frames parts blocks.
_PAUSE = 10


def origin_of(name: str) -> str:
    """Return the stem of the photograph that a picture was made from.

    Args:
        name: Of the picture's file.
    """
    stem = _ROBOFLOW.sub("", name)
    stem = Path(name).stem if stem == name else stem
    while True:
        shorter = _CHANGED.sub("", stem)
        if shorter == stem:
            return stem
        stem = shorter


def frame_of(stem: str) -> tuple[str, int] | None:
    """Return the video of a frame and its number, None where a name does not look like one."""
    found = _FRAME.match(stem) or _NUMBERED.match(stem)
    return (found[1], int(found[2])) if found else None


def group(pictures: Sequence[Path], pairs: Iterable[tuple[int, int]] = ()) -> list[int]:
    """Put pictures into groups.

    Args:
        pictures: Their paths; only folders and names count.
        pairs: Indices of pictures that are nearly the same.

    Returns:
        The number of each picture's group, from 0, in the order of their first pictures.
    """
    leader = list(range(len(pictures)))

    def top(index: int) -> int:
        while leader[index] != index:
            leader[index] = leader[leader[index]]
            index = leader[index]
        return index

    def join(first: int, second: int) -> None:
        low, high = sorted((top(first), top(second)))
        leader[high] = low

    for together in _by_name(pictures):
        for index in together[1:]:
            join(together[0], index)
    for first, second in pairs:
        join(first, second)
    numbers: dict[int, int] = {}
    return [numbers.setdefault(top(index), len(numbers)) for index in range(len(pictures))]


def _by_name(pictures: Sequence[Path]) -> Iterable[list[int]]:
    """Yield the indices of pictures that belong together by their names."""
    origins: dict[str, list[int]] = defaultdict(list)
    videos: dict[tuple[Path, str], list[tuple[int, int]]] = defaultdict(list)
    for index, path in enumerate(pictures):
        origin = origin_of(path.name)
        # The folders of a split are no part of what a picture is called.
        origins[origin.casefold()].append(index)
        frame = frame_of(origin)
        if frame is not None:
            videos[path.parent, frame[0].casefold()].append((frame[1], index))
    yield from origins.values()
    for frames in videos.values():
        yield from _blocks(sorted(frames))


def _blocks(frames: Sequence[tuple[int, int]]) -> Iterable[list[int]]:
    """Cut frames, pairs of number and index in order, into blocks that follow one another."""
    length = max(_SHORTEST, -(-len(frames) // _BLOCKS))
    steps = sorted(after[0] - before[0] for before, after in zip(frames, frames[1:], strict=False))
    pause = _PAUSE * max(1, steps[len(steps) // 2]) if steps else 0
    block = [frames[0][1]]
    for before, after in zip(frames, frames[1:], strict=False):
        if len(block) >= length or after[0] - before[0] > pause:
            yield block
            block = []
        block.append(after[1])
    yield block
