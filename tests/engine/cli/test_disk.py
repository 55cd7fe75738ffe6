"""A disk that fills up ends a run with a sentence and keeps what was written."""

import errno
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.inference.fake import FakeDetector
from engine.store import SessionReader
from tests.helpers.command_line import WITHOUT_NETWORK, Command, finish, start

LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
"""
"""No file may grow beyond this many bytes: writing fails as on a disk that is full."""


@pytest.mark.parametrize("as_json", [True, False])
def test_a_disk_that_is_full_after_three_pictures(
    command: Command, plain: Callable[..., Path], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, fake: FakeDetector, as_json: bool,
) -> None:  # fmt: skip
    out, opened = tmp_path / "out", Path.open
    written: list[Path] = []

    def open_with_room(path: Path, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        if path.suffix == ".part" and path.parent.name == "annotated":
            written.append(path)
            if len(written) > 3:
                raise OSError(errno.ENOSPC, "No space left on device")
        return opened(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", open_with_room)
    excel = tmp_path / "r.xlsx"
    flags = ["--json"] if as_json else []
    said = command("detect", plain(20), "--out", out, "--excel", excel, *flags)
    assert said.code == 2
    assert said.err.count("\n") == 1
    assert "disk is full" in said.err
    assert "Free some space" in said.err
    if as_json:
        assert len(said.objects) == 3
        assert not any("summary" in line for line in said.objects)
    with SessionReader.open(out) as reader:
        assert reader.run.state == "failed"
        assert reader.frame_count() == 3
        assert reader.object_count() == 15
        for frame in reader.frames():
            with Image.open(out / str(frame.media)) as picture:
                picture.load()
    assert len(list((out / "annotated").iterdir())) == 3
    assert not excel.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_session_that_cannot_grow(plain: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = start(
        "detect", plain(400), "--json", "--no-media", "--out", out, code=LIMITED + WITHOUT_NETWORK
    )
    said = finish(process)
    assert said.code == 2
    assert said.err.count("\n") == 1
    assert "Cannot write the session" in said.err
    assert str(out) in said.err
    assert 0 < len(said.objects) <= 400
    with SessionReader.open(out) as reader:
        frames = list(reader.frames())
        assert len(frames) < 400
        assert all(len(reader.detections(frame.id)) == 20 for frame in frames)
        assert reader.object_count() == 20 * len(frames)
        assert reader.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_video_that_cannot_grow(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    limited = LIMITED.replace("400_000", "60_000")
    said = finish(start("detect", clip, "--json", "--out", out, code=limited + WITHOUT_NETWORK))
    assert said.code == 2
    assert said.err.count("\n") == 1
    assert "Cannot write" in said.err
    with SessionReader.open(out) as reader:
        assert reader.frame_count() == len(said.objects)
