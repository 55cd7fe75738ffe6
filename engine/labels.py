"""Labels on a picture: text on filled tabs, inside the picture, beside one another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.colours import Colour, text_colour
from engine.cv import cv2
from engine.fonts import text_mask, word_gap
from engine.types import UInt8

Float64 = NDArray[np.float64]

_PANEL: Colour = (0x16, 0x18, 0x1C)
_PANEL_OPACITY = 0.8
_PANEL_TEXT: Colour = (0xFF, 0xFF, 0xFF)


class Anchor(NamedTuple):
    """The bounds of an object in pixels.

    Attributes:
        x1, y1, x2, y2: Its bounds.
        peak: Column of its highest point; left out where the whole upper side is.
    """

    x1: float
    y1: float
    x2: float
    y2: float
    peak: float = math.nan


@dataclass(frozen=True, slots=True)
class Label:
    """A text for one object.

    Attributes:
        pieces: Words; the picture of each is kept for the next label that has it.
        colour: Of the tab.
        anchor: Where the object is.
    """

    pieces: tuple[str, ...]
    colour: Colour
    anchor: Anchor


@dataclass(frozen=True, slots=True)
class Rank:
    """A line of a ranking: a class, its probability 0 to 1 and its colour."""

    name: str
    share: float
    colour: Colour


def draw_labels(image: UInt8, labels: Sequence[Label], size_px: int) -> None:
    """Draw labels in place; the first ones choose their places first and lie on top.

    Args:
        image: [H, W, 3] uint8, contiguous.
        labels: The labels, the most important first.
        size_px: Font size.
    """
    height, width = image.shape[:2]
    gap = np.zeros((text_mask("", size_px).shape[0], word_gap(size_px)), np.uint8)
    texts = []
    for label in labels:
        parts = [gap]
        for piece in label.pieces:
            parts += text_mask(piece, size_px), gap
        texts.append(np.concatenate(parts, axis=1)[:, :width])
    if len(gap) > height:
        return
    sizes = [(text.shape[1], text.shape[0]) for text in texts]
    places = place([label.anchor for label in labels], sizes, width, height)
    for label, text, (x, y) in reversed(list(zip(labels, texts, places, strict=True))):
        _draw_tab(image, text, x, y, label.colour, round(size_px / 5))


def place(
    anchors: Sequence[Anchor], sizes: Sequence[tuple[int, int]], width: int, height: int
) -> list[tuple[int, int]]:
    """Choose a place for every tab: the first of its candidates that covers the least of others.

    Args:
        anchors: Where the objects are.
        sizes: Width and height of the tabs in pixels, none larger than the picture.
        width: Width of the picture.
        height: Height of the picture.

    Returns:
        x, y of the upper left corners.
    """
    if not anchors:
        return []
    size = np.array(sizes, np.float64)
    corners = np.round(_candidates(np.array(anchors, np.float64), size[:, 0], size[:, 1]))
    corners = np.clip(corners, 0, ((width, height) - size)[:, None, :])
    boxes = np.concatenate((corners, corners + size[:, None, :]), axis=2)
    placed = np.zeros((len(sizes), 4), np.float64)
    for number, choices in enumerate(boxes):
        best = int(np.argmin(_overlaps(choices, placed[:number])))
        placed[number] = choices[best]
    return [(int(x), int(y)) for x, y in placed[:, :2]]


def _candidates(anchors: Float64, width: Float64, height: Float64) -> Float64:
    """Return the upper left corners of the places [N, 10, 2] around and in each object.

    Better places come first: above, below, inside at the top, beside, inside at the bottom.
    """
    x1, y1, x2, y2, peak = anchors.T
    left, above = x1 - width, y1 - height
    right, low = x2 - width, y2 - height
    first = np.where(np.isnan(peak), x1, np.clip(peak - width / 2, x1, np.maximum(x1, right)))
    columns = np.stack((first, right, x1, right, x1, x2, left, x1, x2, right), axis=1)
    rows = np.stack((above, above, y2, y2, y1, y1, y1, low, low, low), axis=1)
    return np.stack((columns, rows), axis=2)


def _overlaps(boxes: Float64, placed: Float64) -> Float64:
    """Return the area that each of the boxes [N, 4] covers of the placed ones [M, 4]."""
    x1, y1, x2, y2 = boxes.T[:, :, None]
    left, top, right, bottom = placed.T
    across = np.maximum(np.minimum(x2, right) - np.maximum(x1, left), 0)
    down = np.maximum(np.minimum(y2, bottom) - np.maximum(y1, top), 0)
    covered: Float64 = (across * down).sum(axis=1)
    return covered


def _draw_tab(image: UInt8, text: UInt8, x: int, y: int, colour: Colour, radius: int) -> None:
    """Draw a text's opacity [h, w] on a filled tab with round corners, inside the picture."""
    height, width = text.shape
    region = image[y : y + height, x : x + width]
    tab = cv2.applyColorMap(text, _ramp(colour))
    rows, columns, share = _corners(min(radius, width // 2, height // 2), width, height)
    under = region[rows, columns]
    tab[rows, columns] = under + (tab[rows, columns] - under.astype(np.float32)) * share + 0.5
    region[:] = tab


@lru_cache(maxsize=256)
def _corners(
    radius: int, width: int, height: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Return the pixels [N] that rounding touches and how much of each [N, 1] is inside."""
    steps = (np.arange(radius * 4) + 0.5) / 4
    inside = np.hypot(radius - steps[:, None], radius - steps[None, :]) <= radius
    share = inside.reshape(radius, 4, radius, 4).mean(axis=(1, 3), dtype=np.float32)
    row, column = np.nonzero(share < 1)
    share = share[row, column]
    rows = np.concatenate((row, row, height - 1 - row, height - 1 - row))
    columns = np.concatenate((column, width - 1 - column, column, width - 1 - column))
    return rows, columns, np.tile(share, 4)[:, None]


@lru_cache(maxsize=256)
def _ramp(background: Colour) -> UInt8:
    """Return the colours [256, 1, 3] from a background to the text on it."""
    share = np.linspace(0.0, 1.0, 256)[:, None]
    mixed = np.asarray(background) * (1 - share) + np.asarray(text_colour(background)) * share
    return np.round(mixed).astype(np.uint8)[:, None, :]


def draw_ranking(image: UInt8, ranks: Sequence[Rank], size_px: int) -> None:
    """Draw a panel with names, probabilities and their bars in the upper left corner, in place.

    What does not fit into the picture is cut off.

    Args:
        image: [H, W, 3] uint8, contiguous.
        ranks: The lines from top to bottom.
        size_px: Font size.
    """
    margin, bar = round(0.6 * size_px), max(2, round(size_px / 6))
    names = [text_mask(rank.name, size_px) for rank in ranks]
    shares = [text_mask(f"{rank.share:.2f}", size_px) for rank in ranks]
    if not names:
        return
    widest = max(name.shape[1] for name in names)
    inner = widest + 2 * margin + max(share.shape[1] for share in shares)
    step = names[0].shape[0] + 2 * bar + margin // 2
    panel = image[: margin + step * len(ranks) + margin // 2, : inner + 2 * margin]
    panel[:] = panel * (1 - _PANEL_OPACITY) + np.asarray(_PANEL) * _PANEL_OPACITY + 0.5
    for row, (rank, name, share) in enumerate(zip(ranks, names, shares, strict=True)):
        y = margin + row * step
        _blend(panel, name, margin, y, _PANEL_TEXT)
        _blend(panel, share, margin + inner - share.shape[1], y, _PANEL_TEXT)
        y += name.shape[0] + bar // 2
        panel[y : y + bar, margin : margin + round(inner * min(rank.share, 1.0))] = rank.colour


def _blend(image: UInt8, text: UInt8, x: int, y: int, colour: Colour) -> None:
    """Write a text's opacity [h, w] over a picture in place, cut off at its edges."""
    region = image[y : y + text.shape[0], x : x + text.shape[1]]
    share = text[: region.shape[0], : region.shape[1], None] / np.float32(255)
    region[:] = region * (1 - share) + np.asarray(colour, np.float32) * share + np.float32(0.5)
