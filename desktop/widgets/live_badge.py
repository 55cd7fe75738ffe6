"""How a camera is, in one line: a dot, a word, and what there is to say."""

from __future__ import annotations

import math

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from desktop import icons
from desktop.figures import count, number, tabular
from desktop.widgets.elided_label import ElidedLabel
from engine.i18n import translate as _

HEIGHT = 28
_DOT = 16


class LiveBadge(QWidget):
    """Says whether a camera delivers, how fast and how late; what is too long is its tip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Say that nothing runs."""
        super().__init__(parent)
        self.setObjectName("live")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._token = ""
        self._dot = QLabel()
        self._word = QLabel()
        self._word.setProperty("role", "heading")
        self._details = ElidedLabel(mode=Qt.TextElideMode.ElideRight)
        self._details.setProperty("role", "muted")
        self._details.setFont(tabular(self._details.font()))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(_DOT // 2, 0, 12, 0)
        layout.setSpacing(4)
        layout.addWidget(self._dot)
        layout.addWidget(self._word)
        layout.addSpacing(4)
        layout.addWidget(self._details, 1)
        self.show_stopped()

    def show_live(
        self,
        *,
        rate_hz: float | None = None,
        latency_ms: float | None = None,
        dropped: int = 0,
        size: tuple[int, int] | None = None,
    ) -> None:
        """Say that pictures come.

        Args:
            rate_hz: Pictures a second that the camera delivers, None while unknown.
            latency_ms: From a picture to what was found in it, None while unknown.
            dropped: Pictures that were left out because newer ones had come.
            size: Width and height of the pictures in pixels.
        """
        details = []
        if rate_hz is not None and math.isfinite(rate_hz):
            details.append(_("{rate} fps").format(rate=number(rate_hz, 1)))
        if size is not None and all(size):
            details.append(f"{size[0]} × {size[1]}")
        if latency_ms is not None and math.isfinite(latency_ms):
            details.append(_("{time} ms").format(time=number(latency_ms)))
        if dropped:
            details.append(_("dropped {count}").format(count=count(dropped)))
        self._show("ok", _("Live"), " · ".join(details))

    def show_connecting(self) -> None:
        """Say that the camera is being opened."""
        self._show("warn", _("Connecting…"))

    def show_waiting(self, *, wait_s: float, attempt: int, reason: str = "") -> None:
        """Say that the connection is lost and when it is tried again.

        Args:
            wait_s: Seconds until then.
            attempt: How often it will have been tried.
            reason: A sentence on what went wrong, already translated.
        """
        words = _("Reconnecting in {seconds} s (attempt {attempt})").format(
            seconds=math.ceil(max(0.0, wait_s)), attempt=attempt
        )
        self._show("error", words, reason)

    def show_stopped(self) -> None:
        """Say that the camera does not run."""
        self._show("control", _("Stopped"))

    def _show(self, token: str, word: str, details: str = "") -> None:
        if token != self._token:
            self._token = token
            self._dot.setPixmap(icons.pixmap("dot", _DOT, token, self.devicePixelRatioF()))
        self._word.setText(word)
        self._details.setText(details)
        whole = f"{word} {details}".strip()
        self.setToolTip(whole)
        self.setAccessibleName(whole)
