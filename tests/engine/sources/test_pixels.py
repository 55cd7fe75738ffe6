"""Deep and transparent pixels end as the 8-bit RGB that a person expects."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine.sources.pixels import to_eight_bits, to_rgb


def disc(low: float, high: float) -> NDArray[np.float64]:
    """Return a soft warm disc on a cooler ground, 64 x 64."""
    y, x = np.mgrid[:64, :64]
    warmth: NDArray[np.float64] = np.clip(1.5 - np.hypot(x - 32, y - 32) / 16, 0, 1)
    return low + (high - low) * warmth


def test_full_range_16_bits_are_divided_by_257() -> None:
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    assert np.array_equal(to_eight_bits(ramp), np.rint(ramp / 257.0).astype(np.uint8))


def test_a_soft_photograph_in_16_bits_keeps_its_greys() -> None:
    levels = disc(20_000, 45_000).astype(np.uint16)
    assert np.array_equal(to_eight_bits(levels), np.rint(levels / 257.0).astype(np.uint8))


@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_a_narrow_range_is_stretched(order: str) -> None:
    grey = to_eight_bits(disc(19_900, 20_100).astype(order))
    assert (grey[0, 0], grey[32, 32]) == (0, 255)
    assert len(np.unique(grey)) > 100


def test_12_bits_in_16_fill_the_screen() -> None:
    grey = to_eight_bits(np.linspace(0, 4095, 4096).reshape(64, 64).astype(np.uint16))
    assert (grey.min(), grey.max()) == (0, 255)
    assert grey[32, 0] == pytest.approx(128, abs=1)


def test_a_hot_pixel_does_not_blacken_the_rest() -> None:
    levels = disc(300, 700).astype(np.uint16)
    levels[5, 5] = 65535
    grey = to_eight_bits(levels)
    assert grey[5, 5] == grey[32, 32] == 255
    assert grey[0, 0] == 0


def test_8_bit_values_in_deep_containers_stay() -> None:
    levels = np.arange(256).reshape(16, 16)
    for kind in (np.uint16, np.int32, np.float32):
        assert np.array_equal(to_eight_bits(levels.astype(kind)), levels)


def test_floats_from_0_to_1_are_shares_of_white() -> None:
    shares = np.linspace(0, 1, 256, dtype=np.float32).reshape(16, 16)
    assert np.array_equal(to_eight_bits(shares), np.arange(256).reshape(16, 16))


def test_values_around_zero_are_stretched() -> None:
    ramp = np.linspace(-100, 100, 4096, dtype=np.float32).reshape(64, 64)
    grey = to_eight_bits(ramp)
    assert (grey[0, 0], grey[63, 63]) == (0, 255)
    assert grey[32, 0] == pytest.approx(128, abs=1)


def test_negative_and_huge_integers() -> None:
    grey = to_eight_bits(disc(-(2**31), 2**31 - 1).astype(np.int32))
    assert (grey[0, 0], grey[32, 32]) == (0, 255)


def test_what_is_not_finite() -> None:
    levels = disc(-40, 90).astype(np.float32)
    levels[0, :3] = np.nan, np.inf, -np.inf
    grey = to_eight_bits(levels)
    assert grey[0, :3].tolist() == [0, 255, 0]
    levels[0, :3] = levels[1, :3]
    assert np.array_equal(grey[1:], to_eight_bits(levels)[1:])
    with pytest.raises(ValueError, match="finite"):
        to_eight_bits(np.full((4, 4), np.nan, np.float32))


def test_a_sparse_mask_and_a_flat_picture() -> None:
    mask = np.zeros((64, 64), np.uint16)
    mask[3, 4] = 1
    assert np.array_equal(to_eight_bits(mask), mask * 255)
    assert (to_eight_bits(np.full((4, 4), 514, np.uint16)) == 2).all()
    assert (to_eight_bits(np.full((4, 4), -7, np.int32)) == 0).all()


def test_transparency_is_laid_on_white() -> None:
    stored = np.full((2, 3, 4), (200, 0, 100, 0), np.uint8)
    stored[0, 0, 3] = 255
    stored[1, 1, 3] = 128
    image = to_rgb(Image.fromarray(stored))
    assert image[0, 0].tolist() == [200, 0, 100]
    assert image[0, 2].tolist() == [255, 255, 255]
    assert np.allclose(image[1, 1], [227, 127, 177], atol=1)


def test_an_alpha_channel_of_zeros_says_nothing() -> None:
    stored = np.full((2, 3, 4), (200, 10, 100, 0), np.uint8)
    assert (to_rgb(Image.fromarray(stored)) == (200, 10, 100)).all()


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "PA", "RGBA", "CMYK", "YCbCr", "HSV", "LAB"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    grey = Image.fromarray(np.repeat(np.arange(0, 256, 2).astype(np.uint8)[None], 200, axis=0))
    source = grey.convert("RGB").convert("PA" if mode == "PA" else mode) if mode != "LAB" else None
    picture = source or Image.merge("LAB", [grey, *[Image.new("L", grey.size, 128)] * 2])
    image = to_rgb(picture)
    assert image.shape == (200, 128, 3)
    assert image.flags.writeable
    assert image.flags.c_contiguous
    assert image[:, 0].max() <= 40
    assert image[:, -1].min() >= 220
