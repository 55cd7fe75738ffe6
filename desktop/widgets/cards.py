"""Small cards over the picture: what is under the pointer, and the ranking of a classification."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QPointF, QRectF, QSizeF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from desktop import theme
from desktop.scene import Overlay
from desktop.widgets.labels import name_of
from engine.i18n import translate as _

RANKS = 5
_PADDING, _GAP, _ROW, _RADIUS = 12.0, 16.0, 20.0, 6.0
_SWATCH = 12.0
_BAR = 4.0
_RANKING_WIDTH = 240.0
_WIDEST = 260.0
_FROM_POINTER = 16.0


@dataclass(frozen=True, slots=True)
class Rank:
    """A line of a ranking: a class, its probability 0 to 1 and its colour."""

    name: str
    share: float
    colour: QColor


def ranking(overlay: Overlay) -> list[Rank]:
    """Return the most probable classes of a classified picture, empty for other tasks."""
    if overlay.probabilities is None:
        return []
    best = (-overlay.probabilities).argsort(kind="stable")[:RANKS].tolist()
    return [
        Rank(
            name_of(overlay, number),
            float(overlay.probabilities[number]),
            QColor(*overlay.colours[number])
            if number < len(overlay.colours)
            else theme.colour("control"),
        )
        for number in best
    ]


def facts(overlay: Overlay, position: int) -> list[tuple[str, str]]:
    """Return what there is to say of an object besides class and confidence: labels and values."""
    found = overlay.detections
    x1, y1, x2, y2 = found.boxes[position].tolist()
    size = _("{width} × {height} px").format(width=f"{x2 - x1:.0f}", height=f"{y2 - y1:.0f}")
    area = (x2 - x1) * (y2 - y1)
    if found.masks is not None:
        area = float(found.masks[position].area)
    lines = [(_("Box"), size), (_("Area"), _("{area} px²").format(area=f"{area:.0f}"))]
    if found.angles is not None:
        lines.append((_("Angle"), f"{math.degrees(found.angles[position]):.1f}°"))
    if found.ids is not None and found.ids[position]:
        lines.append((_("Track"), f"#{found.ids[position]}"))
    return lines


def paint_object(
    painter: QPainter, overlay: Overlay, position: int, colour: QColor, pointer: QPointF,
    view: QSizeF,
) -> None:  # fmt: skip
    """Paint the card of an object beside the pointer, inside the view.

    Args:
        painter: Of the view, in its coordinates and with its font.
        overlay: The objects.
        position: Which of them.
        colour: Of its class.
        pointer: Where the pointer is.
        view: Size of the view.
    """
    plain, bold = painter.font(), _bold(painter.font())
    number, score = f"# {position + 1}", f"{overlay.detections.scores[position]:.2f}"
    lines = facts(overlay, position)
    metrics, heavy = QFontMetricsF(plain), QFontMetricsF(bold)
    name = name_of(overlay, int(overlay.detections.classes[position]))
    widths = [metrics.horizontalAdvance(a) + metrics.horizontalAdvance(b) for a, b in lines]
    score_width, number_width = heavy.horizontalAdvance(score), metrics.horizontalAdvance(number)
    around = _SWATCH + 8 + score_width + number_width + 2 * 12
    inner = max(*(each + _GAP for each in widths), heavy.horizontalAdvance(name) + around)
    inner = min(inner, _WIDEST)
    size = QSizeF(inner + 2 * _PADDING, (len(lines) + 1) * _ROW + 2 * 8)
    card = _beside(pointer, size, view)
    _paint_panel(painter, card)
    row = QRectF(card.left() + _PADDING, card.top() + 8, inner, _ROW)
    _paint_swatch(painter, row, colour)
    painter.setFont(bold)
    painter.setPen(theme.colour("text"))
    room = inner - around
    name = heavy.elidedText(name, Qt.TextElideMode.ElideMiddle, room + 1)
    painter.drawText(row.adjusted(_SWATCH + 8, 0, 0, 0), _LEFT, name)
    painter.drawText(row.adjusted(0, 0, -number_width - 12, 0), _RIGHT, score)
    painter.setFont(plain)
    painter.setPen(theme.colour("muted"))
    painter.drawText(row, _RIGHT, number)
    for label, value in lines:
        row.translate(0, _ROW)
        painter.setPen(theme.colour("muted"))
        painter.drawText(row, _LEFT, label)
        painter.setPen(theme.colour("text"))
        painter.drawText(row, _RIGHT, value)


def paint_ranking(painter: QPainter, ranks: Sequence[Rank], corner: QPointF) -> None:
    """Paint names, probabilities and their bars on a card.

    Args:
        painter: Of the view, in its coordinates and with its font.
        ranks: The lines from top to bottom.
        corner: The upper left one of the card.
    """
    step = _ROW + _BAR + 6
    height = len(ranks) * step + 2 * 8
    card = QRectF(corner, QSizeF(_RANKING_WIDTH, height))
    _paint_panel(painter, card)
    inner = _RANKING_WIDTH - 2 * _PADDING
    row = QRectF(card.left() + _PADDING, card.top() + 8, inner, _ROW)
    plain, bold = painter.font(), _bold(painter.font())
    for place, rank in enumerate(ranks):
        painter.setFont(plain if place else bold)
        metrics = QFontMetricsF(painter.font())
        share = f"{rank.share:.2f}"
        room = inner - metrics.horizontalAdvance(share) - 8
        painter.setPen(theme.colour("text"))
        name = metrics.elidedText(rank.name, Qt.TextElideMode.ElideMiddle, room)
        painter.drawText(row, _LEFT, name)
        painter.drawText(row, _RIGHT, share)
        bar = QRectF(row.left(), row.bottom(), inner, _BAR)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("line"))
        painter.drawRoundedRect(bar, _BAR / 2, _BAR / 2)
        bar.setWidth(max(_BAR, inner * min(max(rank.share, 0.0), 1.0)))
        painter.setBrush(rank.colour)
        painter.drawRoundedRect(bar, _BAR / 2, _BAR / 2)
        row.translate(0, step)
    painter.setFont(plain)


_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def _beside(pointer: QPointF, size: QSizeF, view: QSizeF) -> QRectF:
    """Return the place of a card right below the pointer, or on its other sides near an edge."""
    x, y = pointer.x() + _FROM_POINTER, pointer.y() + _FROM_POINTER
    if x + size.width() > view.width() - 4:
        x = max(4.0, pointer.x() - _FROM_POINTER - size.width())
    if y + size.height() > view.height() - 4:
        y = max(4.0, pointer.y() - _FROM_POINTER - size.height())
    return QRectF(QPointF(round(x), round(y)), size)


def _paint_panel(painter: QPainter, rect: QRectF) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.colour("line"), 1.0))
    painter.setBrush(theme.colour("surface"))
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)


def _paint_swatch(painter: QPainter, row: QRectF, colour: QColor) -> None:
    painter.setPen(QPen(colour.darker(130), 1.0))
    painter.setBrush(colour)
    top = row.center().y() - _SWATCH / 2
    painter.drawRoundedRect(QRectF(row.left() + 0.5, top + 0.5, _SWATCH - 1, _SWATCH - 1), 3, 3)


def _bold(plain: QFont) -> QFont:
    result = QFont(plain)
    result.setWeight(QFont.Weight.DemiBold)
    return result
