"""A frame as it is painted: its levels, and that they are its own."""

import numpy as np
import pytest
from PyQt6.QtGui import QImage

from desktop.scene import Picture
from desktop.state import Place
from engine.errors import PictureError
from engine.types import Frame, UInt8


def frame(image: UInt8, warning: str | None = None) -> Frame:
    return Frame(image, 3, None, "a.png", warning)


def noise(height: int, width: int) -> UInt8:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def test_the_first_level_is_the_frame() -> None:
    image = noise(3, 5)
    picture = Picture.of(frame(image, "half of it"), Place("a.png", 3))
    assert (picture.width, picture.height) == (5, 3)
    assert picture.place == Place("a.png", 3)
    assert picture.warning == "half of it"
    (level,) = picture.levels
    assert level.format() == QImage.Format.Format_RGB32
    for y in range(3):
        for x in range(5):
            colour = level.pixelColor(x, y)
            assert (colour.red(), colour.green(), colour.blue()) == tuple(image[y, x].tolist())


def test_levels_halve() -> None:
    picture = Picture.of(frame(np.full((300, 1001, 3), 77, np.uint8)), Place("a.png"))
    sizes = [(level.width(), level.height()) for level in picture.levels]
    assert sizes == [(1001, 300), (501, 150), (251, 75)]
    for level in picture.levels:
        assert level.pixelColor(level.width() - 1, level.height() - 1).red() == 77


def test_a_picture_lives_without_its_frame() -> None:
    image = noise(40, 30)
    picture = Picture.of(frame(image), Place("a.png"))
    before = picture.levels[0].copy()
    image[:] = 0
    assert picture.levels[0] == before


def test_too_little_memory_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QImage, "isNull", lambda self: True)
    with pytest.raises(PictureError, match=r"not enough memory to show .*a\.png"):
        Picture.of(frame(noise(4, 4)), Place("a.png"))


@pytest.mark.parametrize(
    ("scale", "size"), [(0.5, (50, 30)), (0.37, (37, 22)), (1.7, (170, 102)), (0.001, (1, 1))]
)
def test_a_picture_is_ready_at_the_size_that_it_is_seen_at(
    scale: float, size: tuple[int, int]
) -> None:
    image = np.full((60, 100, 3), (10, 120, 230), np.uint8)
    picture = Picture.of(frame(image), Place("a.png"), scale)
    assert picture.scaled is not None
    assert (picture.scaled.width(), picture.scaled.height()) == size
    colour = picture.scaled.pixelColor(size[0] // 2, size[1] // 2)
    assert (colour.red(), colour.green(), colour.blue()) == (10, 120, 230)


@pytest.mark.parametrize("scale", [0.0, 900.0])
def test_no_size_and_one_beyond_all_screens_make_nothing_ready(scale: float) -> None:
    image = np.zeros((60, 100, 3), np.uint8)
    assert Picture.of(frame(image), Place("a.png"), scale).scaled is None
