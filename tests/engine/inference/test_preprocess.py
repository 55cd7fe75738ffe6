"""The network sees pictures as ultralytics shows them to it, pixel for pixel."""

import numpy as np
import pytest
from PIL import Image

from engine import device
from engine.inference.preprocess import PADDING, Letterbox, centre_crop
from engine.types import UInt8

SIZES = [
    (1, 1), (1, 500), (500, 1), (1, 4000), (2, 3), (31, 33), (32, 32), (64, 640), (100, 101),
    (333, 517), (480, 640), (517, 333), (639, 641), (640, 640), (719, 1281), (2250, 4000),
]  # fmt: skip
CROPPED = [*(size for size in SIZES if max(size) < 1000), (224, 224), (225, 300), (1001, 224)]


def noise(height: int, width: int) -> UInt8:
    return np.random.default_rng((height, width)).integers(0, 256, (height, width, 3), np.uint8)


def theirs(image: UInt8, longest: int, stride: int) -> UInt8:
    """Return ultralytics' own input for a picture."""
    device.prepare()
    from ultralytics.data.augment import LetterBox

    return np.asarray(LetterBox((longest, longest), auto=True, stride=stride)(image=image))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(("longest", "stride"), [(640, 32), (320, 32), (1280, 64), (96, 32)])
def test_the_letterbox_is_theirs(size: tuple[int, int], longest: int, stride: int) -> None:
    image = noise(*size)
    letterbox = Letterbox.fit(size, longest, stride)
    ours = letterbox.apply(image)
    assert ours.shape[:2] == letterbox.outer
    assert all(side % stride == 0 and 0 < side <= longest for side in letterbox.outer)
    assert np.array_equal(ours, theirs(image, longest, stride))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_points_find_the_way_back(size: tuple[int, int]) -> None:
    letterbox = Letterbox.fit(size, 640, 32)
    height, width = size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    offset, gain = np.array(letterbox.offset[::-1]), np.array(letterbox.gain[::-1])
    there = (corners * gain + offset).astype(np.float32)
    assert np.abs(letterbox.to_picture(there) - corners).max() <= 1e-3 * max(size) / 640 + 1e-4
    # The picture's corners are those of its copy in the input.
    top, left = letterbox.offset
    inner = [[left, top], [left + letterbox.inner[1], top + letterbox.inner[0]]]
    assert np.abs(there[::2] - inner).max() < 1e-3
    back = letterbox.to_picture(there)
    assert back.dtype == np.float32
    assert np.array_equal(letterbox.to_picture(there.reshape(2, 2, 2)).reshape(4, 2), back)


def test_the_input_is_a_copy_that_can_be_written() -> None:
    for size in ((640, 640), (640, 100), (30, 40)):
        image = noise(*size)
        image.setflags(write=False)
        before = image.copy()
        ready = Letterbox.fit(size, 640, 32).apply(image)
        assert ready.flags.writeable
        assert ready.flags.c_contiguous
        ready[:] = 0
        assert np.array_equal(image, before)


def test_what_is_beside_the_picture_is_grey() -> None:
    letterbox = Letterbox.fit((100, 640), 640, 32)
    ready = letterbox.apply(np.zeros((100, 640, 3), np.uint8))
    assert letterbox.outer == (128, 640)
    assert letterbox.offset == (14, 0)
    assert np.all(ready[:14] == PADDING)
    assert np.all(ready[114:] == PADDING)
    assert not ready[14:114].any()


@pytest.mark.parametrize("size", CROPPED, ids=str)
@pytest.mark.parametrize("side", [224, 64])
def test_the_crop_for_classifiers_is_theirs(size: tuple[int, int], side: int) -> None:
    device.prepare()
    from torchvision import transforms

    image = noise(*size)
    expected = transforms.Compose(
        [
            transforms.Resize(side, interpolation=transforms.InterpolationMode.BILINEAR),
            transforms.CenterCrop(side),
        ]
    )(Image.fromarray(image))
    ours = centre_crop(image, side)
    assert ours.shape == (side, side, 3)
    assert np.array_equal(ours, np.asarray(expected))
    assert ours.flags.writeable
