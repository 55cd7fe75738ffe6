"""How a past session is painted: picture, name, when and with what, what was found."""

from __future__ import annotations

from datetime import datetime

from PyQt6.QtCore import QLocale, QModelIndex, QRect, QSize, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPixmap
from PyQt6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from desktop import icons, theme
from desktop.panels.history_model import CARD, THUMB, THUMBNAIL, is_written
from engine.colours import class_colours
from engine.history import SessionCard
from engine.i18n import N_, language
from engine.i18n import translate as _

ROW = 84
MARGIN, GAP = 12, 12
SWATCH = 10
MOST_CLASSES = 6
STATES = {
    "done": (N_("done"), "check", "ok"),
    "interrupted": (N_("interrupted"), "pause", "warn"),
    "failed": (N_("failed"), "error", "error"),
    "running": (N_("running"), "play", "accent"),
    "unfinished": (N_("cut short"), "warning", "warn"),
}


class HistoryDelegate(QStyledItemDelegate):
    """Paints a `SessionCard`."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Return the size of every row."""
        return QSize(400, ROW)

    def updateEditorGeometry(
        self, editor: QWidget | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Put the field for another name where the name stands."""
        if editor is not None:
            left = option.rect.left() + MARGIN + THUMB[0] + GAP - 8
            editor.setGeometry(left, option.rect.top() + 8, min(360, option.rect.width() // 2), 28)

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Paint one row."""
        card = index.data(CARD)
        if painter is None or not isinstance(card, SessionCard):
            return
        row: QRect = option.rect
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(row, theme.colour("selection" if chosen else "hover"))
        painter.setPen(theme.colour("line"))
        painter.drawLine(row.bottomLeft(), row.bottomRight())
        frame = QRect(row.left() + MARGIN, row.top() + (ROW - THUMB[1]) // 2, *THUMB)
        _paint_thumbnail(painter, frame, index.data(THUMBNAIL))
        text = row.adjusted(MARGIN + THUMB[0] + GAP, 10, -MARGIN, -10)
        font = QFont(option.font)
        line = text.height() // 3
        state_left = _paint_state(painter, text, card, font)
        bold = QFont(font)
        bold.setBold(True)
        name, facts, counts = (
            QRect(text.left(), text.top() + place * line, text.width(), line) for place in range(3)
        )
        name.setRight(state_left)
        _paint_line(painter, name, card.name, bold, "text")
        _paint_line(painter, facts, _facts(card), font, "muted")
        _paint_counts(painter, counts, card, font)


def _facts(card: SessionCard) -> str:
    """Return when, under what title and with what weights a session was made."""
    parts = [when(card.started), card.title, card.model_name]
    parts.append(_("{pictures} pictures").format(pictures=card.pictures))
    return " · ".join(part for part in parts if part)


def when(started: str) -> str:
    """Return an ISO 8601 time in the form of the system, or of the language where that differs."""
    try:
        moment = datetime.fromisoformat(started)
    except ValueError:
        return started
    locale, spoken = QLocale(), QLocale(language())
    if locale.language() != spoken.language():
        locale = spoken
    date = locale.toString(moment.date(), QLocale.FormatType.ShortFormat)
    clock = locale.toString(moment.time(), QLocale.FormatType.ShortFormat)
    return f"{date} {clock}"


def _paint_thumbnail(painter: QPainter, frame: QRect, thumbnail: object) -> None:
    if not isinstance(thumbnail, QPixmap):
        painter.fillRect(frame, theme.colour("sunken"))
        icon = QRect(0, 0, 20, 20)
        icon.moveCenter(frame.center())
        icons.icon("image", "muted").paint(painter, icon)
        return
    size = thumbnail.deviceIndependentSize().toSize()
    size = size.scaled(frame.size(), Qt.AspectRatioMode.KeepAspectRatio)
    target = QRect(0, 0, size.width(), size.height())
    target.moveCenter(frame.center())
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawPixmap(target, thumbnail)


def _paint_state(painter: QPainter, room: QRect, card: SessionCard, font: QFont) -> int:
    """Paint how a session ended at the right and return where that begins."""
    key = "unfinished" if card.unfinished else "running" if is_written(card) else card.state
    word, icon, token = STATES[key]
    words = _(word)
    metrics = QFontMetrics(font)
    left = room.right() - metrics.horizontalAdvance(words)
    line = room.height() // 3
    painter.setFont(font)
    painter.setPen(theme.colour(token))
    painter.drawText(
        QRect(left, room.top(), room.right() - left + 1, line), Qt.AlignmentFlag.AlignVCenter, words
    )
    place = QRect(left - 20, room.top() + (line - 16) // 2, 16, 16)
    icons.icon(icon, token).paint(painter, place)
    return place.left() - GAP


def _paint_line(painter: QPainter, room: QRect, text: str, font: QFont, token: str) -> None:
    painter.setFont(font)
    painter.setPen(theme.colour(token))
    shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, room.width())
    painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)


def _paint_counts(painter: QPainter, room: QRect, card: SessionCard, font: QFont) -> None:
    """Paint the most frequent classes with their colours, as many as there is room for."""
    painter.setFont(font)
    metrics = QFontMetrics(font)
    left = room.left()
    painter.setPen(theme.colour("text"))
    # Whole pictures that were told apart have no objects in them.
    if card.task != "classify":
        words = _("{count} objects").format(count=card.objects)
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, words)
        left += metrics.horizontalAdvance(words) + 2 * GAP
    colours = dict(zip(card.classes, class_colours(card.classes), strict=True))
    for name, count in card.counts[:MOST_CLASSES]:
        text = f"{name} {count}"
        width = SWATCH + 6 + metrics.horizontalAdvance(text)
        if left + width > room.right():
            return
        square = QRect(left, room.top() + (room.height() - SWATCH) // 2, SWATCH, SWATCH)
        painter.fillRect(square, QColor(*colours[name]))
        painter.drawText(
            QRect(left + SWATCH + 6, room.top(), width, room.height()),
            Qt.AlignmentFlag.AlignVCenter,
            text,
        )
        left += width + GAP
