"""Half sizes of a picture: their sizes, their colours, and that they go where they are told."""

import numpy as np
import pytest

from engine import pyramid


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1, 1), [(1, 1)]),
        ((256, 256), [(256, 256)]),
        ((257, 3), [(257, 3), (129, 2)]),
        ((1, 1025), [(1, 1025), (1, 513), (1, 257), (1, 129)]),
    ],
)
def test_sizes_halve_down_to_the_smallest(
    size: tuple[int, int], expected: list[tuple[int, int]]
) -> None:
    assert pyramid.sizes(*size) == expected


def test_colours_are_in_the_order_of_screens() -> None:
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    out = np.zeros((5, 7, 4), np.uint8)
    pyramid.fill(image, out)
    assert np.array_equal(out[..., 2::-1], image)
    assert (out[..., 3] == 255).all()


@pytest.mark.parametrize("size", [(6, 8), (7, 9), (1, 9), (1, 1)])
def test_a_pixel_of_the_half_is_the_mean_of_its_area(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    larger = rng.integers(0, 256, (*size, 4), np.uint8)
    rows, columns = (size[0] + 1) // 2, (size[1] + 1) // 2
    out = np.zeros((rows, columns, 4), np.uint8)
    pyramid.reduce(larger, out)
    # Areas of an odd size do not end on pixels: each pixel as many times as there are rows.
    fine = larger.repeat(rows, axis=0).repeat(columns, axis=1).astype(np.float64)
    mean = fine.reshape(rows, size[0], columns, size[1], 4).mean(axis=(1, 3))
    assert np.abs(out - mean).max() <= 1.0
