"""Every awkward file has one outcome, written down here before it is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from engine.cv import cv2
from engine.errors import EngineError, PictureError, SourceError, VideoError
from engine.paths import ROOT
from engine.sources import Failure, open_sources, probe_video, read_picture, read_video
from engine.types import Frame

AWKWARD = ROOT.parent / "shared" / "awkward"

pytestmark = pytest.mark.skipif(not AWKWARD.is_dir(), reason="needs ../shared/awkward")


@dataclass(frozen=True)
class Read:
    """Frames come: how many, of which sizes (width, height), and a word of the first's warning."""

    frames: int
    sizes: tuple[tuple[int, int], ...]
    warning: str = ""


@dataclass(frozen=True)
class Refused:
    """An error comes and nothing else: its class and words of its sentence."""

    error: type[EngineError]
    words: str


FILES: dict[str, Read | Refused] = {
    "01_exif_orient6.jpg": Read(1, ((1800, 1200),)),
    "02_exif_orient3.jpg": Read(1, ((1800, 1200),)),
    "03_exif_orient8.jpg": Read(1, ((1200, 1800),)),
    "06_png_xmp_orientation.png": Read(1, ((326, 268),)),
    "10_gray16.tif": Read(1, ((64, 64),)),
    "12_rgb48.tiff": Read(1, ((100, 40),)),
    "13_rgba64.tiff": Read(1, ((100, 40),)),
    "15_lab.tif": Read(1, ((128, 128),)),
    "16_cmyk_adobe.jpg": Read(1, ((100, 100),)),
    "17_cmyk_jpeg_in_tiff.tif": Read(1, ((100, 100),)),
    "18_gray.jpg": Read(1, ((128, 128),)),
    "20_icc_profile_512k.jpg": Read(1, ((425, 250),)),
    "21_palette.png": Read(1, ((290, 442),)),
    "22_palette_trns.png": Read(1, ((100, 100),)),
    "23_1bit.png": Read(1, ((500, 500),)),
    "24_1x1.png": Read(1, ((1, 1),)),
    "25_500x1.png": Read(1, ((500, 1),)),
    "30_animated.gif": Read(1, ((245, 245),), "42 pictures; only the first"),
    "32_multipage.tiff": Read(3, ((10, 10), (10, 10), (20, 20))),
    "33_multipage_g4.tiff": Read(3, ((3307, 4677),) * 3),
    "35_ome_zstack.ome.tif": Read(15, ((439, 167),) * 15),
    "37_mpo_named.jpg": Read(1, ((640, 480),), "2 pictures; only the first"),
    "38_ultrahdr.jpg": Read(1, ((3840, 2160),)),
    "39_bigtiff.tif": Read(1, ((128, 128),)),
    "40_plain.webp": Read(1, ((480, 360),)),
    "42_heic_3images.heic": Read(1, ((64, 64),), "3 pictures; only the main one"),
    "43_rgb.heif": Read(1, ((29, 100),)),
    "44_rgba12.heif": Read(1, ((29, 100),)),
    "47_heic_truncated.heic": Read(1, ((16, 16),), "2 pictures; only the main one"),
    "48_avif_orient6.avif": Read(1, ((3024, 4032),)),
    "50_rle8.bmp": Read(1, ((128, 128),)),
    "51_rgb32_bitfields.bmp": Read(1, ((127, 64),)),
    "53_dicom.dcm": Refused(PictureError, "is a DICOM file"),
    "60_truncated.jpg": Read(1, ((100, 100),), "only a part of it"),
    "62_truncated.png": Read(1, ((640, 480),), "only a part of it"),
    "63_truncated.gif": Read(1, ((575, 800),), "only a part of it"),
    "65_broken_header.png": Refused(PictureError, "begins as PNG but is damaged"),
    "67_invalid_exif.jpg": Read(1, ((200, 200),)),
    "71_zero_width.gif": Refused(PictureError, "begins as GIF but is damaged"),
    "80_zero_byte.jpg": Refused(PictureError, "is empty"),
    "81_text_named.jpg": Refused(PictureError, "holds text"),
    "82_html_named.png": Refused(PictureError, "is a web page"),
    "83_png_named.jpg": Read(1, ((128, 128),)),
    "84 späce & ünï-文件 (1).JPG": Read(1, ((480, 360),)),
    "85_no_suffix": Read(1, ((480, 360),)),
    "86_gray16.png": Read(1, ((320, 240),)),
    "87_thermal_gray16_lowrange.png": Read(1, ((320, 240),)),
    "88_rgb48.png": Read(1, ((320, 240),)),
    "89_gray_alpha.png": Read(1, ((256, 256),)),
    "90_float32.tif": Read(1, ((64, 64),)),
    "94_truncated_in_header.jpg": Refused(PictureError, "begins as JPEG but is damaged"),
    "95_folder_named.jpg": Refused(SourceError, "holds no pictures or videos"),
    "v04_hevc_10bit.mp4": Read(30, ((200, 200),) * 30),
    "v05_h264_10bit.mp4": Read(30, ((200, 200),) * 30),
    "v10_vfr.mp4": Read(90, ((480, 270),) * 90),
    "v11_rotated90.mp4": Read(30, ((180, 320),) * 30),
    "v13_one_frame.mp4": Read(1, ((320, 180),)),
    "v15_1000fps.mp4": Read(62, ((320, 180),) * 62),
    "v16_gray.avi": Read(8, ((320, 180),) * 8),
    "v18_corrupted_data.mp4": Read(30, ((320, 180),) * 30, "may be wrong"),
    "v19_zero_byte.mp4": Refused(VideoError, "is empty"),
    "v21_text_named.mp4": Refused(VideoError, "holds text"),
}

ELSEWHERE = {"TABLE.md", "datasets"}

LIKE_OPENCV = (
    "01_exif_orient6.jpg",
    "02_exif_orient3.jpg",
    "03_exif_orient8.jpg",
    "12_rgb48.tiff",
    "16_cmyk_adobe.jpg",
    "17_cmyk_jpeg_in_tiff.tif",
    "18_gray.jpg",
    "20_icc_profile_512k.jpg",
    "21_palette.png",
    "23_1bit.png",
    "33_multipage_g4.tiff",
    "37_mpo_named.jpg",
    "39_bigtiff.tif",
    "40_plain.webp",
    "48_avif_orient6.avif",
    "50_rle8.bmp",
    "60_truncated.jpg",
    "67_invalid_exif.jpg",
    "83_png_named.jpg",
    "86_gray16.png",
    "88_rgb48.png",
)


def test_the_table_covers_every_file() -> None:
    names = {path.name for path in AWKWARD.iterdir() if path.suffix != ".pt"}
    assert names - ELSEWHERE == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_outcome(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    expected = FILES[name]
    path = AWKWARD / name
    if isinstance(expected, Refused) and expected.error is SourceError:
        with pytest.raises(SourceError, match=expected.words):
            open_sources([str(path)])
        return
    results = list(open_sources([str(path)]))
    if isinstance(expected, Refused):
        (failure,) = results
        assert isinstance(failure, Failure)
        assert failure.origin == str(path)
        assert type(failure.error) is expected.error
        assert expected.words in failure.error.message
        assert failure.error.hint
    else:
        frames = [result for result in results if isinstance(result, Frame)]
        assert len(frames) == len(results) == expected.frames
        assert tuple((frame.width, frame.height) for frame in frames) == expected.sizes
        assert [frame.index for frame in frames] == list(range(expected.frames))
        assert all(frame.image.dtype == np.uint8 for frame in frames)
        assert all(frame.image.flags.c_contiguous for frame in frames)
        assert all(frame.image.flags.writeable for frame in frames)
        assert bool(frames[0].warning) == bool(expected.warning)
        assert expected.warning in (frames[0].warning or "")
        assert all(frame.origin == str(path) for frame in frames)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", LIKE_OPENCV)
def test_pixels_are_those_of_opencv(name: str) -> None:
    """The peer reads through OpenCV; the same model must see the same picture."""
    other = cv2.imread(str(AWKWARD / name))
    assert other is not None
    image = next(read_picture(AWKWARD / name)).image
    assert image.shape == other.shape
    assert np.abs(image.astype(np.int16) - other[..., ::-1]).mean() < 1.0


@pytest.mark.parametrize("name", ["v10_vfr.mp4", "v11_rotated90.mp4", "v16_gray.avi"])
def test_frames_are_those_of_opencv(name: str) -> None:
    capture = cv2.VideoCapture(str(AWKWARD / name))
    for frame in read_video(AWKWARD / name):
        ok, other = capture.read()
        assert ok
        assert frame.image.shape == other.shape
        assert np.abs(frame.image.astype(np.int16) - other[..., ::-1]).mean() < 1.0
    assert not capture.read()[0]
    capture.release()


def test_the_sea_of_noise_around_20000_is_seen() -> None:
    """A thermal picture shifted to 8 bits would have two grey levels."""
    image = next(read_picture(AWKWARD / "87_thermal_gray16_lowrange.png")).image
    assert len(np.unique(image)) > 200
    assert image.std() > 40


def test_a_full_ramp_stays_a_ramp() -> None:
    image = next(read_picture(AWKWARD / "86_gray16.png")).image
    assert (image.min(), image.max()) == (0, 255)
    rows = image.mean(axis=(1, 2))
    assert np.all(np.diff(rows) >= 0)


def test_what_was_read_of_a_truncated_png_is_its_upper_part() -> None:
    image = next(read_picture(AWKWARD / "62_truncated.png")).image
    assert image[:390].std() > 40
    assert not image[410:].any()


def test_variable_rates_keep_their_times() -> None:
    times = [frame.time_s for frame in read_video(AWKWARD / "v10_vfr.mp4")]
    seconds = np.array(times, np.float64)
    steps = np.diff(seconds)
    assert seconds[0] == 0
    assert seconds[-1] == pytest.approx(7.007)
    assert steps.min() == pytest.approx(1001 / 30000)
    assert steps.max() > 1.0


def test_every_frame_on_damaged_ground_is_marked() -> None:
    """The key frame is damaged, and the whole clip builds on it."""
    assert all(frame.warning for frame in read_video(AWKWARD / "v18_corrupted_data.mp4"))


def test_probe_tells_the_size_as_shown() -> None:
    info = probe_video(AWKWARD / "v11_rotated90.mp4")
    assert (info.width, info.height, info.frames) == (180, 320, 30)
    assert info.rate_hz == pytest.approx(30000 / 1001)
    assert info.duration_s == pytest.approx(1.001)


def test_a_folder_of_everything_is_read_to_the_end() -> None:
    sources = open_sources([str(AWKWARD)])
    own = [path for path in sources.items if path.parent == AWKWARD]
    names = [path.name for path in own]
    assert names[0] == "01_exif_orient6.jpg"
    assert "85_no_suffix" not in names
    assert "53_dicom.dcm" not in names
    assert "TABLE.md" not in names
    broken = {name for name, outcome in FILES.items() if isinstance(outcome, Refused)}
    failures = {
        Path(result.origin).name
        for result in open_sources([str(path) for path in own])
        if isinstance(result, Failure)
    }
    assert failures == broken & set(names)
