"""Colours of classes: stable by name, distinct, readable."""

from __future__ import annotations

import itertools
import string
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.colours import (
    OKABE_ITO,
    class_colours,
    contrast,
    luminance,
    oklch_to_srgb,
    text_colour,
)

NAMES = st.lists(st.text(string.ascii_letters + "血清胶", max_size=6), unique=True, max_size=8)


@given(NAMES)
def test_up_to_eight_names_get_different_okabe_ito_colours(names: list[str]) -> None:
    colours = class_colours(names)
    assert len(set(colours)) == len(names)
    assert set(colours) <= set(OKABE_ITO)


@given(st.permutations(["serum", "gel", "cells", "cap", "label", "clot", "rack", "tube", "air"]))
def test_order_of_the_classes_does_not_matter(names: list[str]) -> None:
    expected = dict(zip(sorted(names), class_colours(sorted(names)), strict=True))
    assert dict(zip(names, class_colours(names), strict=True)) == expected


def test_a_name_alone_keeps_its_colour_among_names_that_prefer_others() -> None:
    together = class_colours(["serum", "gel", "cells"])
    assert together == OKABE_ITO[:3]
    assert [class_colours([name])[0] for name in ("serum", "gel", "cells")] == list(together)


def test_colours_are_the_same_in_another_process() -> None:
    names = [f"class {number}" for number in range(80)]
    code = f"from engine.colours import class_colours; print(class_colours({names}))"
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert other.stdout.strip() == str(class_colours(names))


def test_grey_comes_last() -> None:
    grey = OKABE_ITO[-1]
    for first, second in itertools.combinations("abcdefghijkl", 2):
        assert grey not in class_colours([first, second])
    assert grey in class_colours("abcdefgh")


def test_equal_names_get_equal_colours() -> None:
    first, other, second = class_colours(["cell", "debris", "cell"])
    assert first == second != other


@pytest.mark.parametrize(("count", "distance"), [(12, 0.08), (24, 0.04), (40, 0.02), (80, 0.012)])
def test_further_colours_differ_in_oklab(count: int, distance: float) -> None:
    colours = class_colours([f"class {number}" for number in range(count)])
    assert set(OKABE_ITO) <= set(colours)
    points = np.array([oklab(colour) for colour in colours])
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    assert apart[np.triu_indices(count, 1)].min() > distance


def oklab(colour: tuple[int, int, int]) -> np.ndarray:
    """Convert sRGB to OKLab with the matrices of the original publication."""
    value = np.array(colour) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    mix = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return np.asarray(mix @ np.cbrt(cones @ linear))


def test_oklch_round_trip_and_gamut() -> None:
    colours = np.array(OKABE_ITO)
    lab = np.array([oklab(tuple(colour)) for colour in colours.tolist()])
    hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1]))
    back = oklch_to_srgb(lab[:, 0], np.hypot(lab[:, 1], lab[:, 2]), hue)
    assert np.abs(back.astype(int) - colours).max() <= 1
    vivid = oklch_to_srgb(np.array([0.7]), np.array([0.9]), np.array([30.0]))[0]
    lightness, a, b = oklab(tuple(vivid.tolist()))
    assert lightness == pytest.approx(0.7, abs=0.01)
    assert np.degrees(np.arctan2(b, a)) == pytest.approx(30, abs=2)


def test_a_thousand_classes() -> None:
    colours = class_colours([f"class {number}" for number in range(1000)])
    assert len(colours) == 1000
    assert len(set(colours)) > 900


def test_contrast_figures() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert luminance((255, 255, 255)) == pytest.approx(1)
    assert contrast((0x76, 0x76, 0x76), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)


def test_text_is_readable_on_every_class_colour() -> None:
    for colour in class_colours([f"class {number}" for number in range(200)]):
        assert contrast(text_colour(colour), colour) >= 4.5
    assert text_colour(OKABE_ITO[3]) == (0, 0, 0)
    assert text_colour(OKABE_ITO[6]) == (255, 255, 255)
