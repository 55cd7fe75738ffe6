"""What a person names is found, in order and once, and read to the end whatever is in it."""

from __future__ import annotations

import gc
import os
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import PictureError, SourceError
from engine.sources import Failure, listing, open_sources
from engine.suffixes import PICTURE_SUFFIXES, VIDEO_SUFFIXES
from engine.types import Frame

links_needed = pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")


def put(folder: Path, *names: str) -> None:
    """Write a tiny picture under each name, whatever its suffix."""
    picture = Image.new("RGB", (3, 2), (9, 8, 7))
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            picture.save(file, "PNG")


def found(folder: Path, *specs: str) -> list[str]:
    """Return what specs find, relative to a folder."""
    items = open_sources([str(folder / spec) for spec in specs]).items
    return [path.relative_to(folder).as_posix() for path in items]


def told(*specs: object) -> str:
    """Return the sentence that opening these specs ends with."""
    with pytest.raises(SourceError) as caught:
        open_sources([str(spec) for spec in specs])
    assert caught.value.hint
    return caught.value.message


def test_a_folder_is_searched_in_natural_order(tmp_path: Path) -> None:
    put(
        tmp_path,
        "img10.png",
        "img2.png",
        "IMG3.PNG",
        "img02.png",
        "a/z1.Tif",
        "run 10/1.jpg",
        "run 9/1.jpg",
        "b.MP4",
        "2024.jpeg",
    )
    assert found(tmp_path, "") == [
        "2024.jpeg",
        "a/z1.Tif",
        "b.MP4",
        "img02.png",
        "img2.png",
        "IMG3.PNG",
        "img10.png",
        "run 9/1.jpg",
        "run 10/1.jpg",
    ]


def test_hidden_and_unknown_files_are_left_out_of_folders(tmp_path: Path) -> None:
    put(tmp_path, "a.png", ".b.png", ".git/c.png", "._a.png", "d.txt", "Thumbs.db", "e.png.part")
    assert found(tmp_path, "") == ["a.png"]


def test_an_unknown_suffix_is_taken_when_named(tmp_path: Path) -> None:
    put(tmp_path, "a", "b.dat", ".hidden.png")
    assert found(tmp_path, "b.dat", "a", ".hidden.png") == ["b.dat", "a", ".hidden.png"]


def test_a_folder_named_like_a_picture_is_a_folder(tmp_path: Path) -> None:
    put(tmp_path, "set.jpg/a.png")
    assert found(tmp_path, "set.jpg") == ["set.jpg/a.png"]
    assert found(tmp_path, "") == ["set.jpg/a.png"]


def test_patterns(tmp_path: Path) -> None:
    put(tmp_path, "img10.png", "img2.png", "b.txt", "sub/c.jpg", "sub/deep/d.tif", "x/y.dat")
    assert found(tmp_path, "*.png") == ["img2.png", "img10.png"]
    assert found(tmp_path, "img?.png") == ["img2.png"]
    assert found(tmp_path, "img[1-3]*") == ["img2.png", "img10.png"]
    assert found(tmp_path, "**/*.jpg") == ["sub/c.jpg"]
    assert found(tmp_path, "**") == ["img2.png", "img10.png", "sub/c.jpg", "sub/deep/d.tif"]
    assert found(tmp_path, "s*") == ["sub/c.jpg", "sub/deep/d.tif"]
    assert found(tmp_path, "*.txt") == ["b.txt"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows allows no such names")
def test_what_exists_is_no_pattern(tmp_path: Path) -> None:
    put(
        tmp_path,
        "[x].jpg",
        "x.jpg",
        "84 späce & ünï-文件 (1).JPG",
        "a*.png",
        "ab.png",
        "q[1]/a.png",
    )
    assert found(tmp_path, "[x].jpg") == ["[x].jpg"]
    assert found(tmp_path, "a*.png") == ["a*.png"]
    assert found(tmp_path, "q[1]") == ["q[1]/a.png"]
    assert found(tmp_path, "84 späce & ünï-文件 (1).JPG") == ["84 späce & ünï-文件 (1).JPG"]


def test_a_file_is_taken_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a.png", "b.png", "sub/c.png")
    assert found(tmp_path, "b.png", "", "*.png", "sub/../b.png") == ["b.png", "a.png", "sub/c.png"]
    monkeypatch.chdir(tmp_path)
    assert open_sources(["a.png", str(tmp_path / "a.png"), "./sub/../a.png"]).items == (
        Path("a.png"),
    )


@links_needed
def test_links(tmp_path: Path) -> None:
    put(tmp_path, "in/a.png", "out/b.png")
    (tmp_path / "in" / "b.png").symlink_to(tmp_path / "out" / "b.png")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in", target_is_directory=True)
    (tmp_path / "in" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    assert found(tmp_path, "in") == ["in/a.png", "in/b.png", "in/gone.png"]
    assert found(tmp_path, "in", "out") == ["in/a.png", "in/b.png", "in/gone.png"]
    results = list(open_sources([str(tmp_path / "in")]))
    assert [isinstance(result, Failure) for result in results] == [False, False, True]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert "device or a pipe" in told(tmp_path / "pipe.png")
    assert "holds no pictures" in told(tmp_path)


def test_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "pics/a.png")
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    assert open_sources(["~/pics"]).items == (tmp_path / "pics" / "a.png",)
    assert open_sources(["~/pics/*.png"]).items == (tmp_path / "pics" / "a.png",)


@pytest.mark.parametrize(
    ("spec", "beginning"),
    [
        ("camera:0", "camera:"),
        ("camera:Logitech C920", "camera:"),
        ("sim:film.mp4@30", "sim:"),
        ("RTSP://10.0.0.2/1?a=[b]", "RTSP://"),
        ("http://cam/mjpeg", "http://"),
        ("https://cam/mjpeg", "https://"),
        ("udp://239.0.0.1:1234", "udp://"),
        ("rtmp://me:secret@cam/live", "rtmp://"),
    ],
)
def test_cameras_and_streams_are_no_files(spec: str, beginning: str) -> None:
    # Nothing of an address is repeated, as there may be a password in it.
    assert told(spec) == (
        f"A name with {beginning} is that of a camera or stream, not of a file."
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows allows no such names")
def test_a_file_may_be_named_like_a_camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "camera:0")
    monkeypatch.chdir(tmp_path)
    assert open_sources(["camera:0"]).items == (Path("camera:0"),)


def test_what_is_not_there(tmp_path: Path) -> None:
    put(tmp_path, "notes.txt")
    assert told() == "No source was given."
    assert told("") == "The name of a source is empty."
    assert told("  ") == "The name of a source is empty."
    assert told(tmp_path / "gone.png") == f"There is no file or folder {tmp_path / 'gone.png'}."
    assert told("bad\0name.png").startswith("There is no file or folder")
    assert told("x" * 5000).startswith("There is no file or folder")
    assert told(tmp_path / "*.png") == f"No picture or video matches {tmp_path / '*.png'}."
    assert told(tmp_path) == f"The folder {tmp_path} holds no pictures or videos."
    assert told(tmp_path / "notes.txt", tmp_path / "gone").startswith("There is no file")


def test_totals(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "b.JPG", "c.gif", "d.tif", "e.mp4", "f")
    assert open_sources([str(tmp_path)]).total_frames is None
    assert len(open_sources([str(tmp_path)])) == 5
    single = open_sources([str(tmp_path / name) for name in ("a.png", "b.JPG", "c.gif")])
    assert single.total_frames == len(single) == len(list(single)) == 3
    for name in ("d.tif", "e.mp4", "f"):
        assert open_sources([str(tmp_path / name)]).total_frames is None


def test_suffixes_are_lower_case_and_of_one_kind() -> None:
    assert not PICTURE_SUFFIXES & VIDEO_SUFFIXES
    for suffix in PICTURE_SUFFIXES | VIDEO_SUFFIXES:
        assert suffix.startswith(".")
        assert suffix == suffix.lower()


def test_a_bad_file_does_not_end_the_iteration(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "c.png")
    (tmp_path / "b.png").write_bytes(b"no picture")
    (tmp_path / "d.mp4").write_bytes(b"no video")
    results = list(open_sources([str(tmp_path)]))
    assert [type(result) for result in results] == [Frame, Failure, Frame, Failure]
    assert [Path(result.origin).name for result in results] == ["a.png", "b.png", "c.png", "d.mp4"]
    assert isinstance(results[0], Frame)
    assert results[0].image.tolist() == [[[9, 8, 7]] * 3] * 2


def test_a_file_without_suffix_is_what_its_bytes_say(tmp_path: Path) -> None:
    put(tmp_path, "picture")
    (tmp_path / "film").write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(64))
    picture, film = open_sources([str(tmp_path / "picture"), str(tmp_path / "film")])
    assert isinstance(picture, Frame)
    assert isinstance(film, Failure)
    assert type(film.error).__name__ == "VideoError"


def test_frames_before_a_failure_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a.png", "b.png")

    def reader(path: Path, first: int) -> Iterator[Frame]:
        yield Frame(np.zeros((1, 1, 3), np.uint8), 0, None, str(path))
        raise PictureError("The rest of {path} is lost.", "Copy it again.", path=path)

    monkeypatch.setattr(listing, "read_picture", reader)
    results = list(open_sources([str(tmp_path)]))
    assert [type(result) for result in results] == [Frame, Failure] * 2


def test_reading_is_lazy_and_stops_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, *(f"{number}.png" for number in range(5)))
    events: list[str] = []

    def reader(path: Path, first: int) -> Iterator[Frame]:
        events.append(f"open {path.name}")
        try:
            for index in range(3):
                yield Frame(np.zeros((1, 1, 3), np.uint8), index, None, str(path))
        finally:
            events.append(f"close {path.name}")

    monkeypatch.setattr(listing, "read_picture", reader)
    frames = iter(open_sources([str(tmp_path)]))
    assert events == []
    for _ in range(4):
        next(frames)
    assert events == ["open 0.png", "close 0.png", "open 1.png"]
    frames.close()
    assert events[3:] == ["close 1.png"]


def test_a_failure_holds_no_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures are collected to the end of a run; a traceback in them would hold the decoder."""
    put(tmp_path, "a.png")
    held: list[weakref.ref[Image.Image]] = []

    def reader(path: Path, first: int) -> Iterator[Frame]:
        picture = Image.new("RGB", (10, 10))
        held.append(weakref.ref(picture))
        try:
            picture.getpixel((99, 99))
        except IndexError as error:
            raise PictureError("{path} is broken.", "", path=path) from error
        yield Frame(np.zeros((1, 1, 3), np.uint8), 0, None, str(path))

    monkeypatch.setattr(listing, "read_picture", reader)
    (failure,) = open_sources([str(tmp_path)])
    gc.collect()
    assert isinstance(failure, Failure)
    assert held[0]() is None


@pytest.mark.skipif(sys.platform != "linux", reason="needs names of any bytes, as on Linux")
def test_a_failure_can_be_written_down_whatever_the_name(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png"))
    path.write_bytes(b"")
    (failure,) = open_sources([str(path)])
    assert isinstance(failure, Failure)
    assert failure.origin.encode("utf-8").endswith(rb"/\udcff.png")
    assert failure.error.message.encode("utf-8")


def test_what_a_former_run_drew_is_not_taken(tmp_path: Path) -> None:
    session = tmp_path / "session"
    for folder in (session / "annotated", tmp_path / "annotated"):
        folder.mkdir(parents=True)
        Image.new("RGB", (2, 2)).save(folder / "a.png")
    Image.new("RGB", (2, 2)).save(session / "b.png")
    (session / "session.labsight").write_bytes(b"")
    taken = [path.relative_to(tmp_path).as_posix() for path in open_sources([str(tmp_path)]).items]
    assert taken == ["annotated/a.png", "session/b.png"]
