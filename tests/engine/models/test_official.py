"""Official weights: nothing without being asked, whole or not at all, and a sentence for the rest.

The network is a function that stands in for `requests.get`; all above it is the real downloader.
"""

from __future__ import annotations

import errno
import inspect
import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from urllib3 import HTTPResponse

from engine import device
from engine.errors import Cancelled, WeightsError
from engine.models import official
from engine.models.info import known_info
from engine.models.official import OFFICIAL, download
from engine.paths import weights_folder
from engine.types import Progress, Task
from tests.helpers.checkpoints import SUFFIXES, random_checkpoint

NAME = "yolo11n.pt"


def never() -> bool:
    return False


@dataclass
class Server:
    """Answers every request alike and notes what was asked for."""

    body: bytes = b""
    status: int = 200
    claimed: int | None = None
    error: Exception | None = None
    hold: threading.Event | None = None
    asked: list[str] = field(default_factory=list)

    def get(self, address: str, **options: Any) -> requests.Response:  # noqa: ANN401
        self.asked.append(address)
        assert options["stream"]
        if self.hold is not None:
            self.hold.wait(30)
        if self.error is not None:
            raise self.error
        size = len(self.body) if self.claimed is None else self.claimed
        headers = {"Content-Length": str(size)} if size else {}
        response = requests.Response()
        response.status_code = self.status
        response.headers.update(headers)
        response.url = address
        response.raw = HTTPResponse(
            io.BytesIO(self.body), headers, self.status, preload_content=False
        )
        return response


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    monkeypatch.setattr(requests, "get", made.get)
    return made


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABSIGHT_DATA", str(tmp_path / "data"))


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """Wait for the thread of the download and see that it put everything back."""
    device.prepare()
    from ultralytics.utils import downloads

    bar = downloads.TQDM
    yield
    for thread in threading.enumerate():
        if thread.name == "labsight-download":
            thread.join(30)
            assert not thread.is_alive()
    assert downloads.TQDM is bar


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return random_checkpoint(tmp_path_factory.mktemp("official"), "yolo11", "detect").read_bytes()


def failure(folder: Path) -> str:
    """Return the sentence with which a download fails; nothing may be left of it."""
    with pytest.raises(WeightsError) as caught:
        download(NAME, folder, progress=lambda progress: None, should_stop=never)
    assert list(folder.iterdir()) == []
    assert f"{official.ADDRESS}/{NAME}" in caught.value.hint
    assert str(folder) in caught.value.hint
    return caught.value.message


def test_the_list_is_what_ultralytics_offers() -> None:
    from ultralytics.utils import downloads

    names = [weights.name for weights in OFFICIAL]
    assert len(set(names)) == 25
    assert set(names) <= downloads.GITHUB_ASSETS_NAMES
    release = inspect.signature(downloads.attempt_download_asset).parameters["release"].default
    address = f"https://github.com/{downloads.GITHUB_ASSETS_REPO}/releases/download/{release}"
    assert address == official.ADDRESS
    assert OFFICIAL[0].address == f"{address}/yolo11n.pt"


@pytest.mark.parametrize(
    ("task", "kind", "classes"),
    [
        ("detect", "DetectionModel", 80),
        ("segment", "SegmentationModel", 80),
        ("pose", "PoseModel", 1),
        ("obb", "OBBModel", 15),
        ("classify", "ClassificationModel", 1000),
    ],
)
def test_the_figures_are_those_of_the_networks(task: Task, kind: str, classes: int) -> None:
    from ultralytics.nn import tasks

    (weights,) = (w for w in OFFICIAL if w.task == task and w.scale == "n")
    assert weights.name == f"yolo11n{SUFFIXES[task]}.pt"
    network = getattr(tasks, kind)(f"yolo11n{SUFFIXES[task]}.yaml", nc=classes, verbose=False)
    count = sum(part.numel() for part in network.eval().fuse(verbose=False).parameters())
    assert weights.parameters_m == pytest.approx(count / 1e6, abs=0.05)


def test_sizes_follow_from_two_bytes_a_parameter() -> None:
    for weights in OFFICIAL:
        assert weights.size_mb == pytest.approx(2 * weights.parameters_m + 0.5, abs=0.8)
    for task in SUFFIXES:
        sizes = [weights.size_mb for weights in OFFICIAL if weights.task == task]
        assert sizes == sorted(sizes)


def test_a_download(
    server: Server, checkpoint: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    server.body = checkpoint
    folder = tmp_path / "new" / "weights"
    seen: list[Progress] = []
    path = download(NAME, folder, progress=seen.append, should_stop=never)
    assert path == folder / NAME
    assert path.read_bytes() == checkpoint
    assert list(folder.iterdir()) == [path]
    # Only the file itself was asked for.
    assert server.asked == [f"{official.ADDRESS}/{NAME}"]
    assert (seen[0].done, seen[0].total) == (0, len(checkpoint))
    assert (seen[-1].done, seen[-1].total) == (len(checkpoint), len(checkpoint))
    assert [each.done for each in seen] == sorted(each.done for each in seen)
    assert seen[-1].rate_hz > 0
    info = known_info(path)
    assert info is not None
    assert (info.name, info.task) == ("yolo11n", "detect")
    assert capfd.readouterr() == ("", "")


def test_a_server_that_does_not_tell_the_size(
    server: Server, checkpoint: bytes, tmp_path: Path
) -> None:
    server.body, server.claimed = checkpoint, 0
    seen: list[Progress] = []
    path = download(NAME, tmp_path, progress=seen.append, should_stop=never)
    assert path.read_bytes() == checkpoint
    assert {each.total for each in seen} == {None}


def test_what_is_there_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"mine")
    assert download(NAME, tmp_path, progress=lambda p: None, should_stop=never) == tmp_path / NAME
    assert (tmp_path / NAME).read_bytes() == b"mine"
    assert server.asked == []


def test_cancel_while_it_arrives(server: Server, checkpoint: bytes, tmp_path: Path) -> None:
    server.body = checkpoint
    folder = tmp_path / "weights"
    seen: list[Progress] = []
    with pytest.raises(Cancelled):
        download(NAME, folder, progress=seen.append, should_stop=lambda: len(seen) > 3)
    clear(folder)
    assert len(server.asked) == 1


def test_cancel_while_nobody_answers(server: Server, checkpoint: bytes, tmp_path: Path) -> None:
    """The person does not wait for a connection that hangs, and what comes late is not kept."""
    server.body, server.hold = checkpoint, threading.Event()
    folder = tmp_path / "weights"
    began = time.monotonic()
    with pytest.raises(Cancelled):
        download(NAME, folder, progress=lambda p: None, should_stop=lambda: bool(server.asked))
    assert time.monotonic() - began < 15
    server.hold.set()
    clear(folder)


def test_one_after_the_other(server: Server, checkpoint: bytes, tmp_path: Path) -> None:
    server.body, server.hold = checkpoint, threading.Event()
    with pytest.raises(Cancelled):
        download(
            NAME, tmp_path, progress=lambda p: None, should_stop=lambda: len(server.asked) == 1
        )
    waits = iter([False] * 3 + [True])
    with pytest.raises(Cancelled):
        download(NAME, tmp_path, progress=lambda p: None, should_stop=lambda: next(waits))
    assert len(server.asked) == 1
    server.hold.set()
    path = download(NAME, tmp_path, progress=lambda p: None, should_stop=never)
    assert path.read_bytes() == checkpoint
    assert len(server.asked) == 2


def clear(folder: Path) -> None:
    """Wait for the thread of the download; nothing may be left of it."""
    for thread in threading.enumerate():
        if thread.name == "labsight-download":
            thread.join(30)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "error", [requests.ConnectionError("no route"), requests.Timeout("too slow")]
)
def test_no_network(server: Server, tmp_path: Path, error: Exception) -> None:
    server.error = error
    assert failure(tmp_path) == "There is no connection to github.com."
    assert len(server.asked) == 1


def test_a_server_that_refuses(server: Server, tmp_path: Path) -> None:
    server.body, server.status = b"Not Found", 404
    assert failure(tmp_path) == f"github.com does not give {NAME}: it answered 404."


def test_a_body_that_ends_too_soon(server: Server, checkpoint: bytes, tmp_path: Path) -> None:
    server.body, server.claimed = checkpoint[: len(checkpoint) // 2], len(checkpoint)
    assert failure(tmp_path) == f"The download of {NAME} broke off."


def other_task(folder: Path) -> bytes:
    return random_checkpoint(folder, "yolo11", "segment").read_bytes()


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: b"<!DOCTYPE html><html>Please log in</html>",
        lambda folder: b"PK\x03\x04" + bytes(500_000),
        other_task,
    ],
    ids=["login page", "damaged", "other task"],
)
def test_what_is_not_these_weights_is_removed(
    server: Server, tmp_path: Path, make: Callable[[Path], bytes]
) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "weights").mkdir()
    server.body = make(tmp_path / "made")
    assert failure(tmp_path / "weights").startswith(f"What arrived as {NAME} is not")


def test_a_full_disk_while_it_arrives(server: Server, tmp_path: Path) -> None:
    server.error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(WeightsError, match="The disk is full"):
        download(NAME, tmp_path, progress=lambda p: None, should_stop=never)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room(
    server: Server, checkpoint: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ultralytics.utils import downloads

    server.body = checkpoint
    monkeypatch.setattr(downloads.shutil, "disk_usage", lambda path: (10**9, 10**9 - 9, 9))
    with pytest.raises(WeightsError, match="The disk is full"):
        download(NAME, tmp_path, progress=lambda p: None, should_stop=never)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(WeightsError, match="file, not a folder"):
        download(NAME, tmp_path / "file", progress=lambda p: None, should_stop=never)
    assert server.asked == []


def test_a_folder_that_is_read_only(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("engine.models.official.tempfile.TemporaryDirectory", refuse)
    with pytest.raises(WeightsError, match="No permission to write"):
        download(NAME, tmp_path, progress=lambda p: None, should_stop=never)
    assert server.asked == []


def test_what_a_killed_download_left_goes_with_the_next(
    server: Server, checkpoint: bytes, tmp_path: Path
) -> None:
    server.body = checkpoint
    folder = tmp_path / "weights"
    old, young = folder / ".labsight-download-old", folder / ".labsight-download-young"
    for left in (old, young):
        left.mkdir(parents=True)
        (left / "part").write_bytes(b"half")
    os.utime(old, (0, 0))
    path = download(NAME, folder, progress=lambda p: None, should_stop=never)
    assert set(folder.iterdir()) == {path, young}


def test_an_unexpected_error_comes_out(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.models.official.device.prepare", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        download(NAME, tmp_path, progress=lambda p: None, should_stop=never)


def test_the_folder_is_among_the_data_of_the_application(tmp_path: Path) -> None:
    assert weights_folder() == tmp_path / "data" / "weights"
