"""The strip above the picture that says what happened: a sentence, a hint, what to do about it."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, Qt, QTimer
from PyQt6.QtGui import QEnterEvent, QGuiApplication, QKeyEvent
from PyQt6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop import icons
from desktop.background import Job, start
from desktop.messages import Kind, Message, Messages
from engine.i18n import translate as _

GONE_AFTER_MS = 8000
DETAILS_HEIGHT = 120
_LOOKS = {
    Kind.INFO: ("info", "accent"),
    Kind.WARNING: ("warning", "warn"),
    Kind.ERROR: ("error", "error"),
}


class MessageStrip(QFrame):
    """Shows the newest message until it is closed; mere news goes by itself after a while.

    Args:
        messages: Where messages come from.
        parent: The owner.
    """

    def __init__(self, *, messages: Messages, parent: QWidget | None = None) -> None:
        """Show what was said last, if it still holds."""
        super().__init__(parent)
        self._message: Message | None = None
        self._messages = messages
        self._versions = ""
        self.setObjectName("strip")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._icon = QLabel()
        self._text = QLabel()
        self._text.setWordWrap(True)
        # Names of files stand in it, which may look like markup.
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._act = QPushButton()
        self._act.clicked.connect(self._on_act)
        self._more = QPushButton(_("Details"))
        self._more.setProperty("role", "link")
        self._more.setCheckable(True)
        self._copy = QPushButton(_("Copy"))
        self._copy.setProperty("role", "link")
        self._copy.clicked.connect(self._on_copy)
        close = QToolButton()
        close.setIcon(icons.icon("close", "muted"))
        close.setToolTip(_("Close"))
        close.setAccessibleName(_("Close"))
        close.clicked.connect(messages.clear)
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        self._details.setFixedHeight(DETAILS_HEIGHT)
        self._details.setAccessibleName(_("Details"))
        self._details.hide()
        self._more.toggled.connect(self._details.setVisible)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._icon)
        row.addWidget(self._text, 1)
        for button in (self._act, self._more, self._copy, close):
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.setSpacing(8)
        layout.addLayout(row)
        layout.addWidget(self._details)
        self._gone = QTimer(self)
        self._gone.setSingleShot(True)
        self._gone.setInterval(GONE_AFTER_MS)
        self._gone.timeout.connect(messages.clear)
        messages.came.connect(self._on_came)
        messages.cleared.connect(self._on_cleared)
        self._on_cleared()
        if messages.last is not None:
            self._on_came(messages.last)

    def enterEvent(self, event: QEnterEvent | None) -> None:
        """Let what is being read stay."""
        self._gone.stop()

    def leaveEvent(self, event: QEvent | None) -> None:
        """Let it go again after a while."""
        if self._message is not None and _passes(self._message):
            self._gone.start()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Close on Escape."""
        if event is not None and event.key() == Qt.Key.Key_Escape:
            self._messages.clear()
            return
        super().keyPressEvent(event)

    def _on_came(self, message: Message) -> None:
        self._message = message
        icon, token = _LOOKS[message.kind]
        self._icon.setPixmap(icons.pixmap(icon, 20, token, self.devicePixelRatioF()))
        self._text.setText(f"{message.text} {message.hint}".strip())
        self._act.setVisible(message.act is not None)
        if message.act is not None:
            self._act.setText(message.act.text)
        self._more.setVisible(bool(message.details))
        self._more.setChecked(False)
        self._copy.setVisible(message.kind is not Kind.INFO)
        self._details.setPlainText(self._told())
        if message.kind is Kind.ERROR and not self._versions:
            start(self, _versions, done=self._on_versions)
        self.setProperty("kind", str(message.kind))
        style = self.style()
        if style is not None:
            style.unpolish(self)
            style.polish(self)
        self.setAccessibleName(self._text.text())
        self.show()
        self._gone.stop()
        if _passes(message) and not self.underMouse():
            self._gone.start()

    def _on_versions(self, versions: str) -> None:
        self._versions = versions
        self._details.setPlainText(self._told())

    def _told(self) -> str:
        """Return the details, for an error with the versions that a report needs."""
        message = self._message
        if message is None or message.kind is not Kind.ERROR:
            return message.details if message is not None else ""
        return "\n\n".join(part for part in (message.details, self._versions) if part)

    def _on_cleared(self) -> None:
        self._message = None
        self._gone.stop()
        self.hide()

    def _on_act(self) -> None:
        message = self._message
        self._messages.clear()
        if message is not None and message.act is not None:
            message.act.do()

    def _on_copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        message = self._message
        if clipboard is not None and message is not None:
            lines = (message.text, message.hint, self._told())
            clipboard.setText("\n".join(line for line in lines if line))


def _versions(job: Job) -> str:
    from engine.device import versions

    return ", ".join(f"{name} {version}" for name, version in versions().items())


def _passes(message: Message) -> bool:
    """Tell whether a message goes away by itself."""
    return message.kind is Kind.INFO and message.act is None
