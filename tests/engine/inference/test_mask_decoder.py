"""Masks by crossings are those of ultralytics by enlargement."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from engine import device, masks
from engine.inference.mask_decoder import MaskDecoder, interpolation
from engine.inference.preprocess import Letterbox
from engine.types import Float32

CHANNELS = 32
SIZES = [
    (480, 640), (333, 517), (517, 333), (1, 500), (500, 1), (1, 1), (75, 100), (640, 640),
    (999, 31), (1081, 1919), (641, 639), (160, 160), (101, 203),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """Prototypes, coefficients and boxes for one picture."""

    letterbox: Letterbox
    prototypes: Float32
    coefficients: Float32
    boxes: Float32

    def ours(self) -> list[NDArray[np.bool_]]:
        decoder = MaskDecoder(self.prototypes, self.letterbox)
        return [masks.decode(rle) for rle in decoder.decode(self.coefficients, self.boxes)]

    def theirs(self) -> NDArray[np.bool_]:
        device.prepare()
        import torch
        from ultralytics.utils.ops import process_mask_native

        parts = (self.prototypes, self.coefficients, self.boxes)
        found = process_mask_native(*map(torch.from_numpy, parts), self.letterbox.size)
        return np.asarray(found.numpy() > 0)


def case(size: tuple[int, int], count: int = 12, longest: int = 640, seed: int = 0) -> Case:
    """Return smooth random prototypes, as a network makes them, and boxes over the picture."""
    rng = np.random.default_rng((*size, seed))
    letterbox = Letterbox.fit(size, longest, 32)
    height, width = (side // 4 for side in letterbox.outer)
    coarse = rng.normal(0, 1, (CHANNELS, height // 8 + 2, width // 8 + 2))
    rows = np.linspace(0, coarse.shape[1] - 1.001, height)
    columns = np.linspace(0, coarse.shape[2] - 1.001, width)
    low, left = rows.astype(int), columns.astype(int)
    share, part = (rows - low)[None, :, None], (columns - left)[None, None, :]
    upper = coarse[:, low] * (1 - share) + coarse[:, low + 1] * share
    smooth = upper[..., left] * (1 - part) + upper[..., left + 1] * part
    reach = np.array((size[1], size[0]) * 2)
    corners = np.sort(rng.uniform(-0.1, 1.1, (count, 2, 2)), axis=1).reshape(count, 4) * reach
    return Case(
        letterbox,
        np.ascontiguousarray(smooth, np.float32),
        rng.normal(0, 1, (count, CHANNELS)).astype(np.float32),
        corners.astype(np.float32),
    )


def assert_same(given: Case) -> None:
    """Compare all masks: hardly a pixel may differ, and in most masks none does."""
    exact = 0
    found = given.ours()
    for ours, theirs in zip(found, given.theirs(), strict=True):
        assert ours.shape == theirs.shape
        union = int((ours | theirs).sum())
        different = int((ours ^ theirs).sum())
        # Rounding decides about a pixel at which the enlarged mask is zero to seven digits.
        assert different <= max(1, 0.001 * union)
        exact += different == 0
    assert exact >= 0.7 * len(found)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_masks_are_theirs(size: tuple[int, int]) -> None:
    assert_same(case(size))


@pytest.mark.parametrize("longest", [320, 448, 1280])
def test_other_input_sizes(longest: int) -> None:
    assert_same(case((333, 517), longest=longest))


def test_noise_without_any_smoothness() -> None:
    given = case((203, 301), count=6)
    rng = np.random.default_rng(1)
    rough = rng.normal(0, 1, given.prototypes.shape).astype(np.float32)
    assert_same(Case(given.letterbox, rough, given.coefficients, given.boxes))


def test_most_masks_hold_something() -> None:
    found = case((480, 640)).ours()
    assert sum(mask.any() for mask in found) >= 9
    assert not any(mask.all() for mask in found)


@pytest.mark.parametrize(
    "box",
    [
        (-50, -50, -1, -1),
        (700, 10, 900, 90),
        (10, 500, 90, 900),
        (20, 20, 20, 60),
        (60, 60, 20, 20),
        (20.2, 20.2, 20.8, 20.8),
    ],
    ids=str,
)
def test_a_box_without_a_pixel_has_an_empty_mask(box: tuple[float, ...]) -> None:
    given = case((480, 640), count=1)
    empty = Case(
        given.letterbox, given.prototypes, given.coefficients, np.array([box], np.float32)
    )
    (mask,) = empty.ours()
    assert mask.shape == (480, 640)
    assert not mask.any()
    assert not empty.theirs().any()


@pytest.mark.parametrize(
    "box",
    [(-100, -100, 900, 900), (0, 0, 640, 480), (639, 479, 640, 480), (0.5, 0.5, 1.5, 2.5)],
    ids=str,
)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_mask_that_is_full_fills_its_box(box: tuple[float, ...], sign: float) -> None:
    given = case((480, 640), count=1)
    full = Case(
        given.letterbox,
        np.full_like(given.prototypes, sign),
        np.ones_like(given.coefficients),
        np.array([box], np.float32),
    )
    (mask,) = full.ours()
    assert np.array_equal(mask, full.theirs()[0])
    assert mask.any() == (sign > 0)


def test_no_objects_have_no_masks() -> None:
    assert case((480, 640), count=0).ours() == []


def test_a_picture_without_objects_is_not_touched() -> None:
    given = case((480, 640), count=3)
    before = [part.copy() for part in (given.prototypes, given.coefficients, given.boxes)]
    given.ours()
    for part, old in zip(
        (given.prototypes, given.coefficients, given.boxes), before, strict=True
    ):
        assert np.array_equal(part, old)


@pytest.mark.parametrize(("given", "wanted"), [(1, 5), (5, 5), (20, 33), (160, 641), (9, 4)])
def test_interpolation_is_that_of_torch(given: int, wanted: int) -> None:
    device.prepare()
    import torch

    values = np.random.default_rng(given).normal(0, 1, given).astype(np.float32)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(values)[None, None], wanted, mode="linear"
    )
    taps = interpolation(given, wanted)
    assert len(taps) == wanted
    assert np.abs(taps.apply(values) - expected[0, 0].numpy()).max() < 1e-4
    assert np.array_equal(taps[1:3].apply(values), taps.apply(values)[1:3])
