"""Rendered tubes: the same for a seed, with masks that say exactly what is visible."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.scenes.glass import Label, Tube, paint_tube
from engine.scenes.tubes import CLASS_NAMES, SMALLEST, render_tubes

SIZE = (512, 384)
SEEDS = range(12)

TUBE = Tube(
    x=60.5,
    y=500.0,
    radius=40.0,
    glass=400.0,
    cap=60.0,
    tilt=0.0,
    levels=(0.25, 0.35, 0.6),
    colours=((0.2, 0.05, 0.06), (0.8, 0.75, 0.65), (0.85, 0.7, 0.3)),
    cap_colour=(0.7, 0.1, 0.1),
    slopes=(0.0, 0.0, 0.0),
    curve=0.0,
    milky=0.8,
    shine=0.0,
    light=1.0,
    label=None,
    seed=3,
)
"""Upright, its axis on the centres of column 60."""


def heights(tube: Tube) -> list[float]:
    """Height of each layer on the tube's axis, in pixels."""
    patch = paint_tube(tube)
    return [float(cover[:, 60 - patch.x].sum()) for cover in patch.covers]


def test_a_seed_gives_the_same_scene_again() -> None:
    first, second = render_tubes(7, SIZE), render_tubes(7, SIZE)
    assert np.array_equal(first.image, second.image)
    assert first.classes == second.classes
    assert all(np.array_equal(a, b) for a, b in zip(first.masks, second.masks, strict=True))


def test_seeds_give_different_scenes() -> None:
    pictures = {render_tubes(seed, SIZE).image.tobytes() for seed in range(6)}
    assert len(pictures) == 6


@pytest.mark.parametrize("size", [(512, 384), (384, 512), (333, 517), (160, 120)])
def test_picture_and_masks_have_the_size_asked_for(size: tuple[int, int]) -> None:
    scene = render_tubes(2, size)
    width, height = size
    assert scene.image.shape == (height, width, 3)
    assert scene.image.dtype == np.uint8
    assert scene.masks
    assert all(mask.shape == (height, width) for mask in scene.masks)
    assert all(mask.dtype == np.bool_ for mask in scene.masks)


@pytest.mark.parametrize("seed", SEEDS)
def test_masks_share_no_pixel_and_are_worth_marking(seed: int) -> None:
    scene = render_tubes(seed, SIZE)
    assert len(scene.masks) == len(scene.classes)
    assert np.sum(scene.masks, axis=0).max() == 1
    assert min(mask.mean() for mask in scene.masks) >= SMALLEST


def test_every_class_occurs() -> None:
    scenes = [render_tubes(seed, SIZE) for seed in SEEDS]
    assert {index for scene in scenes for index in scene.classes} == {0, 1, 2}
    assert {scene.names for scene in scenes} == {CLASS_NAMES}


def test_masks_lie_on_what_they_name() -> None:
    darkness: list[list[float]] = [[], [], []]
    for seed in SEEDS:
        scene = render_tubes(seed, SIZE)
        for mask, index in zip(scene.masks, scene.classes, strict=True):
            darkness[index].append(float(np.median(scene.image[mask].max(axis=1))))
    assert max(darkness[0]) < min(darkness[1])
    assert max(darkness[0]) < min(darkness[2])


def test_layers_fill_the_tube_to_their_levels() -> None:
    cells, gel, serum = heights(TUBE)
    assert cells == pytest.approx(0.25 * 400 - 0.05 * 40, abs=1.6)
    assert gel == pytest.approx(0.10 * 400, abs=2.5)
    assert serum == pytest.approx(0.25 * 400, abs=1.6)


def test_absent_layers_leave_no_mask() -> None:
    assert heights(replace(TUBE, levels=(0.0, 0.0, 0.0))) == [0.0, 0.0, 0.0]
    cells, gel, serum = heights(replace(TUBE, levels=(0.6, 0.6, 0.6)))
    assert cells == pytest.approx(0.6 * 400 - 2.0, abs=1.6)
    assert (gel, serum) == (0.0, 0.0)


def test_a_label_hides_what_is_behind_it() -> None:
    label = Label(0.5, 0.9, centre=0.0, half_angle=2.0, bars=(2, 1, 3, 2), stripe=None)
    hidden = heights(replace(TUBE, label=label))
    assert hidden[:2] == heights(TUBE)[:2]
    assert hidden[2] == pytest.approx((0.5 - 0.35) * 400, abs=1.6)


def test_a_label_on_the_far_side_leaves_a_window() -> None:
    window = 0.6
    label = Label(0.1, 0.9, centre=np.pi, half_angle=np.pi - window, bars=(), stripe=None)
    patch = paint_tube(replace(TUBE, label=label))
    row = int(500 - 0.5 * 400) - patch.y
    assert patch.covers[2][row].sum() == pytest.approx(2 * np.sin(window) * 40, abs=1.0)


def test_the_feet_are_round() -> None:
    patch = paint_tube(TUBE)
    cells = patch.covers[0]
    row = 500 - 20 - patch.y
    half_width = np.sqrt(40.0**2 - 20.0**2)
    assert cells[row].sum() == pytest.approx(2 * half_width, abs=1.5)
    assert cells[500 - 80 - patch.y].sum() == pytest.approx(80.0, abs=0.5)
