"""The weights that Ultralytics published for YOLO11, fetched when a person asks for them.

Nothing here reaches for the network by itself. `download` does, through ultralytics' own
downloader, and gives a file its name only after it was read as the weights it should be.
"""

from __future__ import annotations

import errno
import os
import queue
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from engine import device
from engine.errors import Cancelled, EngineError, WeightsError, writing_failed
from engine.i18n import N_
from engine.models import checkpoint
from engine.models.info import remember_info
from engine.types import ModelInfo, Progress, Task

ADDRESS = "https://github.com/ultralytics/assets/releases/download/v8.4.0"
"""Where the files lie: the release that the installed ultralytics takes them from."""

_HOST = urlsplit(ADDRESS).hostname
_POLL_S = 0.1
_PREFIX = ".labsight-download-"
_LEFTOVER_S = 24 * 3600.0
_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO})
_BY_HAND = N_(
    "Check the network and try again, or fetch {address} with a browser and put it into {folder}."
)

_News = queue.SimpleQueue[Progress | Path | BaseException]

# One at a time: what ultralytics' downloader shows its progress with is a name in its module.
_turn = threading.Lock()


@dataclass(frozen=True, slots=True)
class OfficialWeights:
    """A file that can be fetched.

    Attributes:
        name: File name.
        task: What the model does.
        scale: n, s, m, l or x, the smallest first.
        parameters_m: Millions of parameters of the network as it runs.
        size_mb: Size of the file in MB (10^6 bytes), rounded; the server knows it exactly.
    """

    name: str
    task: Task
    scale: str
    parameters_m: float
    size_mb: int

    @property
    def address(self) -> str:
        """Where it is fetched from."""
        return f"{ADDRESS}/{self.name}"


_SUFFIXES: dict[Task, str] = {
    "detect": "",
    "segment": "-seg",
    "pose": "-pose",
    "obb": "-obb",
    "classify": "-cls",
}
# Millions of parameters and MB, for each scale.
_FACTS: dict[Task, tuple[tuple[float, int], ...]] = {
    "detect": ((2.6, 6), (9.4, 19), (20.1, 41), (25.3, 51), (56.9, 115)),
    "segment": ((2.9, 6), (10.1, 21), (22.4, 45), (27.6, 56), (62.1, 125)),
    "pose": ((2.9, 6), (9.9, 20), (20.9, 42), (26.1, 53), (58.8, 118)),
    "obb": ((2.7, 6), (9.7, 20), (20.9, 42), (26.1, 53), (58.8, 118)),
    "classify": ((2.8, 6), (6.7, 14), (11.6, 24), (14.1, 29), (29.6, 60)),
}

OFFICIAL = tuple(
    OfficialWeights(f"yolo11{scale}{_SUFFIXES[task]}.pt", task, scale, *facts)
    for task, by_scale in _FACTS.items()
    for scale, facts in zip("nsmlx", by_scale, strict=True)
)
"""All of them, by task and then by size."""

_BY_NAME = {weights.name: weights for weights in OFFICIAL}


def download(
    name: str,
    folder: Path,
    *,
    progress: Callable[[Progress], None],
    should_stop: Callable[[], bool],
) -> Path:
    """Fetch official weights, check them and return their path.

    Downloads take turns; a file that is there already is not fetched again. Until it is whole and
    checked, what arrives lies in a hidden folder that is removed whatever happens.

    Args:
        name: One of `OFFICIAL`.
        folder: Where to; it is made where it is missing.
        progress: Told about it in bytes, in the thread of the caller.
        should_stop: Asked ten times a second, also while the server does not answer.

    Raises:
        WeightsError: There is no network, the server does not give the file or gives another, or
            the folder cannot be written to.
        Cancelled: `should_stop` said so.
    """
    weights = _BY_NAME[name]
    if (folder / name).is_file():
        return folder / name
    news: _News = queue.SimpleQueue()
    stop = threading.Event()
    # A connection that hangs cannot be interrupted, but it can be left to end by itself.
    threading.Thread(
        target=_work, args=(weights, folder, news, stop), name="labsight-download", daemon=True
    ).start()
    try:
        while not should_stop():
            try:
                said = news.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if isinstance(said, Progress):
                progress(said)
            elif isinstance(said, Path):
                return said
            else:
                raise said
        raise Cancelled
    finally:
        stop.set()


def _work(weights: OfficialWeights, folder: Path, news: _News, stop: threading.Event) -> None:
    """Do what `download` says and tell what becomes of it."""
    try:
        with _turn:
            news.put(_fetch(weights, folder, news, stop))
    except BaseException as error:  # noqa: BLE001 - raised again in the thread of the caller
        news.put(error)


def _fetch(weights: OfficialWeights, folder: Path, news: _News, stop: threading.Event) -> Path:
    if stop.is_set():
        raise Cancelled
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        with tempfile.TemporaryDirectory(
            prefix=_PREFIX, dir=folder, ignore_cleanup_errors=True
        ) as room:
            part = _transfer(weights, Path(room), folder, news, stop)
            info = _check(weights, part, folder)
            if stop.is_set():
                raise Cancelled
            path = part.replace(folder / weights.name)
    except OSError as error:
        raise writing_failed(error, folder, WeightsError) from error
    remember_info(path, info)
    return path


def _sweep(folder: Path) -> None:
    """Remove what downloads left that were killed, but not what another window is fetching."""
    for left in folder.glob(f"{_PREFIX}*"):
        if time.time() - left.stat().st_mtime > _LEFTOVER_S:
            shutil.rmtree(left, ignore_errors=True)


def _transfer(
    weights: OfficialWeights, room: Path, folder: Path, news: _News, stop: threading.Event
) -> Path:
    """Download a file into `room`; an OSError means that the disk refused it."""
    device.prepare()
    from ultralytics.utils import downloads

    # YOLO_OFFLINE keeps ultralytics from asking anything of the network by itself; a download that
    # was asked for goes through all the same, but is tried once only.
    bar, meter = downloads.TQDM, _Meter(news, stop)
    downloads.TQDM = meter
    try:
        path = downloads.safe_download(weights.address, weights.name, room, unzip=False)
    except MemoryError as error:
        # Its way to say that the disk has too little room.
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
    except ConnectionError as error:
        if stop.is_set():
            raise Cancelled from error
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno in _DISK:
            raise OSError(cause.errno, cause.strerror) from error
        raise _not_fetched(weights, folder, cause, meter.began) from error
    finally:
        downloads.TQDM = bar
    return Path(path)


class _Meter:
    """Stands in for the class of ultralytics' progress bar: tells how far it is, and can stop it.

    Attributes:
        began: Whether the server began to send.
    """

    def __init__(self, news: _News, stop: threading.Event) -> None:
        self.began = False
        self._news = news
        self._stop = stop
        self._total: int | None = None
        self._done = self._at_first = 0
        self._since = 0.0

    def __call__(self, *, total: int, initial: int, **look: object) -> Self:
        """Begin to count, in bytes; a total of 0 is unknown."""
        self.began = True
        self._total = total or None
        self._done = self._at_first = initial
        self._since = time.monotonic()
        self.update(0)
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return

    def update(self, count: int) -> None:
        """Count bytes that were written."""
        if self._stop.is_set():
            raise Cancelled
        self._done += count
        elapsed = time.monotonic() - self._since
        rate_hz = (self._done - self._at_first) / elapsed if elapsed > 0 else 0.0
        self._news.put(Progress(self._done, self._total, rate_hz))


def _check(weights: OfficialWeights, path: Path, folder: Path) -> ModelInfo:
    """Read what arrived as the weights it should be."""
    cause: EngineError | None = None
    try:
        _, info = checkpoint.load(path)
        if info.task == weights.task:
            return info
    except WeightsError as error:
        cause = error
    raise WeightsError(
        N_("What arrived as {name} is not these weights; it was removed."),
        N_(
            "Some networks ask for a login first: open a web page and try again, or fetch {address}"
            " with a browser and put it into {folder}."
        ),
        name=weights.name,
        address=weights.address,
        folder=folder,
    ) from cause


def _not_fetched(
    weights: OfficialWeights, folder: Path, cause: BaseException | None, began: bool
) -> WeightsError:
    """Say why nothing or only a part arrived."""
    status = getattr(getattr(cause, "response", None), "status_code", None)
    if status is not None:
        message = N_("{host} does not give {name}: it answered {status}.")
    elif began:
        message = N_("The download of {name} broke off.")
    else:
        message = N_("There is no connection to {host}.")
    return WeightsError(
        message,
        _BY_HAND,
        host=_HOST,
        name=weights.name,
        status=status,
        address=weights.address,
        folder=folder,
    )
