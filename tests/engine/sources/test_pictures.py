"""Picture files, whole, odd and broken, become frames or a sentence."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import threading
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from engine.errors import PictureError
from engine.paths import ROOT
from engine.sources import pictures, read_picture
from engine.types import Frame, UInt8

TURNED = {
    1: lambda image: image,
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.transpose(1, 0, 2),
    6: lambda image: np.rot90(image, -1),
    7: lambda image: image[::-1, ::-1].transpose(1, 0, 2),
    8: lambda image: np.rot90(image),
}
"""How each EXIF orientation is to be shown."""


def scene(height: int = 48, width: int = 80, seed: int = 7) -> UInt8:
    """Return a picture without any symmetry."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    return np.repeat(np.repeat(coarse, 8, axis=0), 8, axis=1)


def save(path: Path, image: NDArray[Any], **options: object) -> Path:
    """Write an array as a picture file."""
    Image.fromarray(image).save(path, None, **options)
    return path


def only(path: Path) -> Frame:
    """Return the one frame of a file."""
    (frame,) = read_picture(path)
    return frame


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG that claims a size, with these chunks between header and end."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [b"\x89PNG\r\n\x1a\n"]
    for name, data in ((b"IHDR", header), *chunks, (b"IEND", b"")):
        crc = zlib.crc32(name + data)
        parts.append(struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc))
    return b"".join(parts)


def refused(path: Path) -> PictureError:
    """Return the error that reading a file ends with, when nothing of it is read."""
    with pytest.raises(PictureError) as caught:
        next(read_picture(path))
    assert caught.value.hint
    assert str(path) in caught.value.message
    return caught.value


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_orientation(tmp_path: Path, suffix: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if suffix == ".webp" else {"quality": 95, "subsampling": 0}
    if suffix in (".png", ".tif"):
        options = {}
    stored = only(save(tmp_path / f"plain{suffix}", scene(), **options)).image
    shown = only(save(tmp_path / f"turned{suffix}", scene(), exif=exif, **options)).image
    assert np.array_equal(shown, TURNED[orientation](stored))


def test_an_orientation_out_of_range_is_none(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 77
    assert np.array_equal(only(save(tmp_path / "a.png", scene(), exif=exif)).image, scene())


def test_any_name_can_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "картины 写真 🧪 %20{x}"
    folder.mkdir()
    frame = only(save(folder / "試験管 🧫 [1] #2.png", scene()))
    assert np.array_equal(frame.image, scene())
    assert frame.origin == str(folder / "試験管 🧫 [1] #2.png")


@pytest.mark.skipif(sys.platform != "linux", reason="needs names of any bytes, as on Linux")
def test_a_name_that_is_no_text_is_told_as_text(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png"))
    frame = only(save(path, scene()))
    assert frame.origin.encode("utf-8").endswith(rb"/\udcff.png")


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (65, 129)])
def test_any_size(tmp_path: Path, size: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    assert np.array_equal(only(save(tmp_path / "a.png", image)).image, image)


@pytest.mark.parametrize("kind", ["<u2", ">u2", "<i4", "<f4"])
def test_deep_grey_levels_are_seen(tmp_path: Path, kind: str) -> None:
    warm = np.add.outer(np.arange(60), np.arange(40)) + 20_000
    levels = warm.astype(kind)
    modes = {"<u2": "I;16", ">u2": "I;16B", "<i4": "I", "<f4": "F"}
    picture = Image.frombytes(modes[kind], (40, 60), levels.tobytes())
    picture.save(tmp_path / "a.tif")
    image = only(tmp_path / "a.tif").image
    assert (image[0, 0, 0], image[-1, -1, 0]) == (0, 255)
    assert np.array_equal(image[..., 0], image[..., 2])


def test_floats_with_holes(tmp_path: Path) -> None:
    levels = np.linspace(-3, 3, 3000, dtype=np.float32).reshape(60, 50)
    levels[:2] = np.nan
    levels[3, 3] = np.inf
    image = only(save(tmp_path / "a.tif", levels)).image
    assert not image[:2].any()
    assert image[3, 3, 0] == 255
    assert image[-1, -1, 0] == 255
    levels[:] = np.nan
    assert "nothing of the picture" in refused(save(tmp_path / "b.tif", levels)).message


def test_a_transparent_palette_is_laid_on_white(tmp_path: Path) -> None:
    picture = Image.new("P", (8, 4), 1)
    picture.putpalette([10, 20, 30, 200, 0, 0])
    picture.putpixel((0, 0), 0)
    picture.save(tmp_path / "a.png", transparency=0)
    image = only(tmp_path / "a.png").image
    assert image[0, 0].tolist() == [255, 255, 255]
    assert image[3, 7].tolist() == [200, 0, 0]


def pages(path: Path, count: int, **options: object) -> list[UInt8]:
    """Write a TIFF of pages of different sizes and return them."""
    images = [scene(48 + 8 * page, 80, page) for page in range(count)]
    first, *rest = [Image.fromarray(image) for image in images]
    first.save(path, None, save_all=True, append_images=rest, **options)
    return images


def links(data: bytes) -> list[int]:
    """Return where a little-endian TIFF keeps the address of each page."""
    found, at = [], 4
    while address := struct.unpack_from("<I", data, at)[0]:
        found.append(at)
        at = address + 2 + 12 * struct.unpack_from("<H", data, address)[0]
    return [*found, at]


def test_every_page_of_a_tiff_is_a_frame(tmp_path: Path) -> None:
    images = pages(tmp_path / "a.tif", 4, compression="tiff_deflate")
    frames = list(read_picture(tmp_path / "a.tif"))
    assert [frame.index for frame in frames] == [0, 1, 2, 3]
    assert all(frame.warning is None and frame.time_s is None for frame in frames)
    for frame, image in zip(frames, images, strict=True):
        assert np.array_equal(frame.image, image)


def test_a_chain_of_pages_that_bites_its_tail_ends(tmp_path: Path) -> None:
    images = pages(tmp_path / "a.tif", 3)
    data = bytearray((tmp_path / "a.tif").read_bytes())
    *starts, end = links(bytes(data))
    data[end : end + 4] = data[starts[0] : starts[0] + 4]
    (tmp_path / "a.tif").write_bytes(data)
    assert len(list(read_picture(tmp_path / "a.tif"))) == len(images)


def test_pages_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_PAGES", 2)
    pages(tmp_path / "two.tif", 2)
    assert len(list(read_picture(tmp_path / "two.tif"))) == 2
    pages(tmp_path / "three.tif", 3)
    frames = read_picture(tmp_path / "three.tif")
    assert [next(frames).index, next(frames).index] == [0, 1]
    with pytest.raises(PictureError, match="more than 2 pages"):
        next(frames)


def test_reduced_copies_are_left_out(tmp_path: Path) -> None:
    large, small = Image.fromarray(scene(96, 160)), Image.fromarray(scene())
    small.encoderinfo = {"tiffinfo": {254: 1}}
    large.save(tmp_path / "a.tif", save_all=True, append_images=[small, large])
    frames = list(read_picture(tmp_path / "a.tif"))
    assert [(frame.index, frame.height) for frame in frames] == [(0, 96), (2, 96)]


def test_a_damaged_page_does_not_cost_the_others(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.tif"
    images = pages(path, 3, compression="tiff_deflate")
    data = bytearray(path.read_bytes())
    with TiffImagePlugin.TiffImageFile(path) as picture:
        picture.seek(1)
        (start,) = picture.tag_v2[273]
    data[start : start + 40] = bytes(40)
    path.write_bytes(data)
    frames, told = [], ""
    try:
        for frame in read_picture(path):
            frames.append(frame)
    except PictureError as error:
        told = error.message
    assert [frame.index for frame in frames] == [0, 2]
    assert np.array_equal(frames[1].image, images[2])
    assert told == f"Some pages of {path} cannot be read: 1."
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp"])
def test_the_first_picture_of_an_animation_is_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    first, *rest = [Image.fromarray(scene(seed=seed)) for seed in range(3)]
    first.save(path, save_all=True, append_images=rest, duration=50)
    frame = only(path)
    assert frame.warning == "The file holds 3 pictures; only the first was read."
    assert frame.image.shape == scene().shape
    assert np.abs(frame.image.astype(int) - scene(seed=0)).mean() < 40


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".jpg", {}),
        (".jpg", {"progressive": True}),
        (".png", {}),
        (".gif", {"interlace": 0}),
        (".bmp", {}),
        (".tif", {}),
        (".ppm", {}),
    ],
)
def test_a_cut_off_picture_is_read_as_far_as_it_goes(
    tmp_path: Path, suffix: str, options: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(3)
    image = rng.integers(0, 256, (256, 256, 3), np.uint8)
    if suffix == ".gif":
        image[..., 1:] = image[..., :1]
    whole = save(tmp_path / f"whole{suffix}", image, **options)
    data = whole.read_bytes()
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(data[: len(data) * 2 // 3])
    expected, frame = only(whole), only(cut)
    assert expected.warning is None
    assert frame.warning == "The picture is damaged or cut off: only a part of it was read."
    assert frame.image.shape == image.shape
    rows = slice(156, None) if suffix == ".bmp" else slice(0, 100)
    if options.get("progressive"):
        assert np.abs(frame.image.astype(int) - expected.image).mean() < 80
    else:
        assert np.array_equal(frame.image[rows], expected.image[rows])
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".gif", ".webp", ".tif"])
def test_a_picture_cut_off_before_its_pixels_is_refused(tmp_path: Path, suffix: str) -> None:
    whole = save(tmp_path / f"whole{suffix}", scene(480, 640))
    cut = tmp_path / f"cut{suffix}"
    data = whole.read_bytes()
    start_of_scan = data.find(b"\xff\xda")
    cut.write_bytes(data[: start_of_scan + 6 if suffix == ".jpg" else 300])
    assert "damaged" in refused(cut).message


def test_damage_elsewhere_does_not_mark_a_sound_picture(tmp_path: Path) -> None:
    """Reading on after damage is a matter of one file, not of the process."""
    sound = save(tmp_path / "sound.jpg", scene(480, 640))
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(sound.read_bytes()[:-2000])
    warnings: dict[Path, set[str | None]] = {sound: set(), cut: set()}

    def read(path: Path) -> None:
        for _ in range(20):
            warnings[path].add(only(path).warning)

    threads = [threading.Thread(target=read, args=(path,)) for path in (sound, cut) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warnings[sound] == {None}
    assert len(warnings[cut]) == 1
    assert None not in warnings[cut]


@pytest.mark.parametrize("side", [15_000, 30_000])
def test_a_bomb_is_refused_by_its_header(tmp_path: Path, side: int) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png(side, side, (b"IDAT", zlib.compress(bytes(1000)))))
    error = refused(path)
    assert "too large: at most 200 million pixels" in error.message


def test_large_pictures_below_the_limit_do_not_warn(tmp_path: Path) -> None:
    """Pillow warns of a bomb from 89 million pixels on, and here warnings are errors."""
    path = tmp_path / "large.png"
    path.write_bytes(png(20_000, 9_500))
    assert "nothing of the picture" in refused(path).message


def test_a_bomb_of_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    text = b"note\0\0" + zlib.compress(bytes(3_000_000))
    data = zlib.compress(b"".join(b"\0" + bytes(range(12)) for _ in range(4)))
    path.write_bytes(png(4, 4, (b"zTXt", text), (b"IDAT", data)))
    assert "PNG" in refused(path).message
    path.write_bytes(png(4, 4, (b"IDAT", data)))
    assert only(path).image[0, 1].tolist() == [3, 4, 5]


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (LFS, "Git LFS pointer"),
        (bytes(128) + b"DICM" + bytes(99), "DICOM"),
        (b"%PDF-1.7\n", "PDF document"),
        (b"PK\x03\x04" + bytes(40), "is an archive"),
        (b"\n <!DOCTYPE html><title>404", "web page"),
        (b'<?xml version="1.0"?><svg width="9"/>', "vector drawing"),
        ("Röhrchen №1\r\n".encode(), "holds text"),
        ("Röhrchen".encode("utf-16"), "holds text"),
        (b"BM is how this text begins", "holds text"),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(64), "a video named like a picture"),
        (b"\x1a\x45\xdf\xa3" + bytes(64), "a video named like a picture"),
        (b"BM" + bytes(60), "begins as BMP"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(64), "begins as HEIF"),
        (b"\x00\x00\x00\x18ftypavif" + bytes(64), "begins as HEIF"),
        (b"II*\0" + bytes(64), "begins as TIFF"),
        (bytes(range(1, 250)), "is in no known format"),
    ],
)
def test_what_is_no_picture_is_told_apart(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    assert words in refused(path).message


def test_camera_raw_is_refused_although_it_holds_a_thumbnail(tmp_path: Path) -> None:
    save(tmp_path / "a.tif", scene())
    assert "camera raw" in refused((tmp_path / "a.tif").rename(tmp_path / "a.NEF")).message


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    assert "cannot be opened" in refused(tmp_path / "gone.jpg").message
    assert "cannot be opened" in refused(tmp_path).message


def test_targa_is_known_by_its_suffix_only(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tga", scene())
    assert np.array_equal(only(path).image, scene())
    assert "no known format" in refused(path.rename(tmp_path / "a.jpg")).message


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_closing_a_reader_closes_the_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    if suffix == ".tif":
        pages(path, 3)
    else:
        save(path, scene())
    frames = read_picture(path)
    next(frames)
    frames.close()
    descriptors = Path("/proc/self/fd")
    links = {os.readlink(link) for link in descriptors.iterdir() if link.is_symlink()}
    assert str(path) not in links


def test_pillow_stays_quiet_under_any_filter(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A broken EXIF makes Pillow warn, and here warnings are errors."""
    stream = io.BytesIO()
    Image.fromarray(scene()).save(stream, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01")
    (tmp_path / "a.jpg").write_bytes(stream.getvalue())
    with pytest.warns(UserWarning, match="EXIF"), Image.open(tmp_path / "a.jpg") as picture:
        picture.getexif()
    assert only(tmp_path / "a.jpg").warning is None
    assert capfd.readouterr() == ("", "")


def in_a_fresh_interpreter(code: str) -> str:
    """Run code in a new Python and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.strip()


def test_importing_the_package_is_light() -> None:
    heavy = "('av', 'cv2', 'torch', 'pillow_heif', 'openpyxl', 'ultralytics')"
    code = f"import sys, engine.sources; print([n for n in {heavy} if n in sys.modules])"
    assert in_a_fresh_interpreter(code) == "[]"


def test_the_patch_of_ultralytics_is_passed_by(tmp_path: Path) -> None:
    """Its Image.open installs a package from the network when a file is no picture."""
    path = tmp_path / "a.jpg"
    path.write_bytes(b"no picture")
    code = f"""
import sys, types
from pathlib import Path
from PIL import Image, TiffImagePlugin

def patched(*args, **kwargs):
    raise SystemExit("installed a package")

patches = types.ModuleType("ultralytics.utils.patches")
patches._image_open = Image.open
sys.modules["ultralytics.utils.patches"] = patches
Image.open = patched
from engine.sources import open_sources
print([failure.error.message for failure in open_sources([{str(path)!r}])])
"""
    assert "holds text" in in_a_fresh_interpreter(code)
