"""Labels beside objects: tabs of one size on screen that keep clear of one another."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QLineF, QPointF, QRectF, QSizeF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from desktop import theme
from desktop.scene import Overlay

FONT_PX = 12
HEIGHT = 20.0
WIDEST = 200.0
MOST = 150
"""With more objects than this in view, none has a label."""
_PADDING = 6.0
_RADIUS = 3.0
_LEADER = 14.0
_LEADER_WIDTH = 1.5
# An object this small on screen would vanish behind its label.
_SMALLEST = 10.0
# All labels together may take this share of the view.
_SHARE = 0.25
# Another label hides more than an object does; a worse place costs this share of a label.
_LABEL_WEIGHT = 4.0
_PLACE_COST = 0.03

Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Label:
    """A label in its place.

    Attributes:
        position: Of its object in the overlay.
        text: What it says.
        rect: The tab, in the view.
        leader: From the object to the tab where it stands beside, else None.
    """

    position: int
    text: str
    rect: QRectF
    leader: QLineF | None


def text_of(overlay: Overlay, position: int) -> str:
    """Return what the label of an object says, such as "gel 0.93" or "gel 0.93 #4"."""
    found = overlay.detections
    text = f"{name_of(overlay, int(found.classes[position]))} {found.scores[position]:.2f}"
    number = 0 if found.ids is None else int(found.ids[position])
    return f"{text} #{number}" if number else text


def name_of(overlay: Overlay, number: int) -> str:
    """Return the name of a class, its number where it has none."""
    return overlay.names[number] if 0 <= number < len(overlay.names) else str(number)


def arrange(
    overlay: Overlay, positions: Sequence[int], bounds: Float64, tips: Float64, view: QSizeF
) -> tuple[Label, ...]:
    """Find places for the labels of the objects in view; none where they would cover it.

    Args:
        overlay: The objects.
        positions: Those in view, best first.
        bounds: [N, 4] of these in the view.
        tips: [N, 2] y where they reach furthest right and left.
        view: Its size.
    """
    if not positions or len(positions) > MOST:
        return ()
    large = (bounds[:, 2:] - bounds[:, :2]).max(axis=1) >= _SMALLEST
    chosen = [each for each, enough in zip(positions, large.tolist(), strict=True) if enough]
    texts = [text_of(overlay, each) for each in chosen]
    widths = np.array([_width(text) for text in texts])
    if widths.sum() * HEIGHT > _SHARE * view.width() * view.height():
        return ()
    return place(chosen, texts, bounds[large], tips[large], bounds, view)


def place(
    positions: Sequence[int],
    texts: Sequence[str],
    anchors: Float64,
    tips: Float64,
    taken: Float64,
    view: QSizeF,
) -> tuple[Label, ...]:
    """Give each label the place where it covers least: beside its object, above, below or in it.

    Args:
        positions: Of the objects.
        texts: What the labels say; the first one chooses first.
        anchors: [N, 4] the objects' bounds in the view.
        tips: [N, 2] y where they reach furthest right and left.
        taken: [M, 4] the bounds of all objects, better left uncovered.
        view: Its size.
    """
    if not positions:
        return ()
    widths = np.array([_width(text) for text in texts])
    choices = _choices(anchors, tips, widths, view)
    costs = _overlap(choices, taken)
    area = widths * HEIGHT
    costs += _PLACE_COST * area[:, None] * np.arange(choices.shape[1])
    placed = np.zeros((len(positions), 4))
    labels = []
    for row, position in enumerate(positions):
        covered = _overlap(choices[row : row + 1], placed[:row])[0]
        best = int(np.argmin(costs[row] + _LABEL_WEIGHT * covered))
        placed[row] = choices[row, best]
        x1, y1, x2, y2 = placed[row].tolist()
        rect = QRectF(x1, y1, x2 - x1, y2 - y1)
        leader = _leader(anchors[row], rect) if best < 2 else None
        labels.append(Label(position, texts[row], rect, leader))
    return tuple(labels)


def paint(painter: QPainter, label: Label, colour: QColor, marked: bool = False) -> None:
    """Paint a label in the colour of its class; a marked one has a white rim."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if label.leader is not None:
        painter.setPen(QPen(colour, _LEADER_WIDTH))
        painter.drawLine(label.leader)
    white = QPen(QColor(Qt.GlobalColor.white), 2.0)
    painter.setPen(white if marked else QPen(Qt.PenStyle.NoPen))
    painter.setBrush(colour)
    painter.drawRoundedRect(label.rect, _RADIUS, _RADIUS)
    painter.setPen(theme.colour("class_text"))
    painter.setFont(font())
    text = _metrics().elidedText(
        label.text, Qt.TextElideMode.ElideMiddle, label.rect.width() - _PADDING
    )
    painter.drawText(label.rect, Qt.AlignmentFlag.AlignCenter, text)


def font() -> QFont:
    """Return the font of labels: that of the application, smaller and bolder."""
    result = QFont()
    result.setPixelSize(FONT_PX)
    result.setWeight(QFont.Weight.DemiBold)
    return result


@functools.lru_cache(maxsize=4)
def _metrics_of(described: str) -> QFontMetricsF:
    result = QFont()
    result.fromString(described)
    return QFontMetricsF(result)


def _metrics() -> QFontMetricsF:
    return _metrics_of(font().toString())


@functools.lru_cache(maxsize=4096)
def _advance(text: str, described: str) -> float:
    return float(_metrics_of(described).horizontalAdvance(text))


def _width(text: str) -> float:
    return float(min(WIDEST, round(_advance(text, font().toString()) + 2 * _PADDING)))


def _choices(anchors: Float64, tips: Float64, widths: Float64, view: QSizeF) -> Float64:
    """Return the places [N, 5, 4] to choose from, in the view: right, left, above, below, inside.

    The part of an object that is out of view does not count.
    """
    limit = np.array((view.width(), view.height(), view.width(), view.height()))
    x1, y1, x2, y2 = np.clip(anchors, 0, limit).T
    right_tip, left_tip = np.clip(tips, y1[:, None], y2[:, None]).T - HEIGHT / 2
    left = np.stack((x2 + _LEADER, x1 - _LEADER - widths, x1, x1, x1 + 4), axis=1)
    top = np.stack((right_tip, left_tip, y1 - HEIGHT - 3, y2 + 3, y1 + 4), axis=1)
    left = np.clip(left, 0, np.maximum(view.width() - widths, 0)[:, None])
    top = np.clip(top, 0, max(view.height() - HEIGHT, 0))
    corners = np.stack((left, top, left + widths[:, None], top + HEIGHT), axis=2)
    return np.asarray(np.round(corners), np.float64)


def _overlap(places: Float64, others: Float64) -> Float64:
    """Return how much [N, P] each place [N, P, 4] covers of the others [M, 4] together."""
    x1, y1, x2, y2 = np.moveaxis(places, 2, 0)[..., None]
    left, top, right, bottom = others.T
    across = np.maximum(np.minimum(x2, right) - np.maximum(x1, left), 0)
    down = np.maximum(np.minimum(y2, bottom) - np.maximum(y1, top), 0)
    covered: Float64 = (across * down).sum(axis=-1)
    return covered


def _leader(anchor: Float64, rect: QRectF) -> QLineF | None:
    """Return the line from the side of an object to its tab, None where they touch."""
    x1, y1, x2, y2 = anchor.tolist()
    y = min(max(rect.center().y(), y1), y2)
    if rect.left() > x2:
        return QLineF(QPointF(x2, y), QPointF(rect.left(), y))
    if rect.right() < x1:
        return QLineF(QPointF(x1, y), QPointF(rect.right(), y))
    return None
