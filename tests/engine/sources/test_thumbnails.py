"""A thumbnail is the whole picture reduced, whatever it took to make it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from engine.errors import EngineError, PictureError
from engine.scenes.tubes import render_tubes
from engine.sources import pillow, thumbnails
from engine.sources.frames import read_frame
from engine.sources.thumbnails import thumbnail
from engine.types import Frame, UInt8
from engine.video_writer import VideoWriter

SIZES = (48, 96, 250)


def reduced(path: Path, longest: int) -> UInt8:
    """Return the whole first frame of a file, reduced by Pillow's own means."""
    image = Image.fromarray(read_frame(path).image)
    scale = longest / max(image.size)
    if scale < 1:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.BICUBIC)
    return np.array(image, np.uint8)


def assert_alike(path: Path, longest: int) -> None:
    """Compare the thumbnail of a file with the whole of it, reduced."""
    small, expected = thumbnail(path, longest), reduced(path, longest)
    assert small.shape == expected.shape, path
    assert small.dtype == np.uint8
    assert max(small.shape[:2]) <= longest
    assert np.abs(small.astype(np.int16) - expected).mean() < 1.0, path


def refusal(read: Callable[[Path], object], path: Path) -> str:
    """Return the sentence with which a file is refused, an empty text where it is read."""
    try:
        read(path)
    except EngineError as error:
        return str(error)
    return ""


@pytest.fixture(scope="module")
def scene() -> Image.Image:
    return Image.fromarray(render_tubes(900_007, (1203, 802)).image)


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the files that were read as a whole."""
    seen: list[Path] = []

    def note(path: Path) -> Frame:
        seen.append(path)
        return read_frame(path)

    monkeypatch.setattr(thumbnails, "read_frame", note)
    return seen


@pytest.mark.parametrize("longest", SIZES)
def test_awkward_files(shared: Path, longest: int) -> None:
    tried = refused = 0
    for path in sorted((shared / "awkward").iterdir()):
        if path.suffix in (".pt", ".md") or path.is_dir():
            continue
        sentence = refusal(read_frame, path)
        if sentence:
            assert refusal(lambda path: thumbnail(path, longest), path) == sentence
            refused += 1
        else:
            assert_alike(path, longest)
            tried += 1
    assert tried > 40
    assert refused > 7


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_jpeg(
    tmp_path: Path, scene: Image.Image, whole: list[Path], orientation: int
) -> None:
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[0x0112] = orientation
    scene.save(path, exif=exif, quality=92)
    assert_alike(path, 60)
    assert whole == []
    height, width = thumbnail(path, 60).shape[:2]
    assert (width, height) == ((60, 40) if orientation < 5 else (40, 60))


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
@pytest.mark.parametrize("progressive", [False, True])
def test_every_kind_of_jpeg_is_read_in_part(
    tmp_path: Path, scene: Image.Image, whole: list[Path], mode: str, progressive: bool
) -> None:
    path = tmp_path / "a.jpg"
    scene.convert(mode).save(path, progressive=progressive, quality=92)
    for longest in SIZES:
        assert_alike(path, longest)
    assert whole == []


def test_a_jpeg_is_decoded_at_a_fraction_of_its_size(
    tmp_path: Path, scene: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.jpg"
    scene.save(path)
    seen: list[tuple[int, int]] = []
    load = JpegImagePlugin.JpegImageFile.load

    def note(picture: JpegImagePlugin.JpegImageFile) -> object:
        seen.append(picture.size)
        return load(picture)

    monkeypatch.setattr(JpegImagePlugin.JpegImageFile, "load", note)
    thumbnail(path, 48)
    assert set(seen) == {(151, 101)}


def palette(scene: Image.Image) -> Image.Image:
    return scene.quantize(64)


def transparent(scene: Image.Image) -> Image.Image:
    alpha = Image.linear_gradient("L").resize(scene.size)
    scene = scene.copy()
    scene.putalpha(alpha)
    return scene


def deep(scene: Image.Image) -> Image.Image:
    levels = np.asarray(scene.convert("L")).astype(np.uint16) * 16 + 20_000
    return Image.fromarray(levels)


@pytest.mark.parametrize("make", [palette, transparent, deep])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_other_pictures(
    tmp_path: Path, scene: Image.Image, make: Callable[[Image.Image], Image.Image], suffix: str
) -> None:
    path = tmp_path / f"a{suffix}"
    make(scene).save(path)
    for longest in SIZES:
        assert_alike(path, longest)


def test_a_video_shows_its_first_frame(tmp_path: Path, scene: Image.Image) -> None:
    path = tmp_path / "a.mp4"
    first = np.array(scene.resize((320, 240)))
    with VideoWriter(path, None, (320, 240)) as writer:
        for number in range(5):
            writer.write(np.roll(first, 40 * number, axis=1), number / 25)
    assert_alike(path, 80)
    assert thumbnail(path, 80).shape == (60, 80, 3)


def test_a_jpeg_that_was_cut_off_shows_what_there_is(
    tmp_path: Path, scene: Image.Image, whole: list[Path]
) -> None:
    path = tmp_path / "a.jpg"
    scene.save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert_alike(path, 90)
    assert path in whole


def test_a_small_picture_keeps_its_size(tmp_path: Path) -> None:
    for suffix in (".png", ".jpg"):
        path = tmp_path / f"a{suffix}"
        Image.new("RGB", (7, 5), (90, 90, 90)).save(path)
        assert thumbnail(path, 64).shape == (5, 7, 3)
        assert thumbnail(path, 7).shape == (5, 7, 3)
        assert (thumbnail(path, 2) == 90).all()


def test_a_narrow_picture_keeps_a_pixel(tmp_path: Path) -> None:
    for suffix in (".png", ".jpg"):
        path = tmp_path / f"a{suffix}"
        Image.new("RGB", (900, 3)).save(path)
        assert thumbnail(path, 30).shape == (1, 30, 3)


def test_a_picture_that_is_too_large_is_refused_alike(
    tmp_path: Path, scene: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.jpg"
    scene.save(path)
    monkeypatch.setattr(pillow, "MAX_PIXELS", 1000)
    with pytest.raises(PictureError, match="too large"):
        thumbnail(path, 48)


def test_a_jpeg_named_like_a_raw_file_is_refused_alike(tmp_path: Path, scene: Image.Image) -> None:
    """What looks like a picture in a raw file is its preview."""
    path = tmp_path / "a.raw"
    scene.save(path, "JPEG")
    with pytest.raises(PictureError, match="camera raw file"):
        thumbnail(path, 48)
