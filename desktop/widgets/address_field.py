"""A field for the address of a network camera, whose password is seen only while it is typed."""

from __future__ import annotations

import re

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QFocusEvent
from PyQt6.QtWidgets import QLineEdit, QWidget

from engine.i18n import translate as _

_HIDDEN = "••••••"
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#]+\S*", re.IGNORECASE)
# A password may hold any character, an at sign too: all up to the last one counts as password.
_PASSWORD = re.compile(r"(://[^:@/\s]*:)\S*(?=@)")
_PASSWORD_VALUE = re.compile(
    r"([?&](?:pass|password|passwd|pwd|token|key)=)[^&#\s]+", re.IGNORECASE
)


class AddressField(QLineEdit):
    """Holds an address such as `rtsp://user:password@host/path`.

    Signals:
        entered: str, another address, after Enter or when the keyboard goes elsewhere.
    """

    entered = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Hold no address."""
        super().__init__(parent)
        self._address = ""
        self.setPlaceholderText(_("rtsp://… or http://…"))
        self.setAccessibleName(_("Network address"))
        self.setToolTip(_("Address of a network camera, such as rtsp://name:password@host/path"))
        self.returnPressed.connect(self._take)
        self.textEdited.connect(self._on_edited)

    @property
    def address(self) -> str:
        """The whole address, with its password."""
        return self._address

    def set_address(self, address: str) -> None:
        """Show an address without saying that it was entered."""
        self._address = address
        self._mark(valid=True)
        self.setText(address if self.hasFocus() else masked(address))

    def focusInEvent(self, event: QFocusEvent | None) -> None:
        """Show the whole address to change it."""
        super().focusInEvent(event)
        # What could not be an address is still there to be put right.
        if self.property("invalid") != "true":
            self.setText(self._address)

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        """Take what was typed, and hide its password."""
        super().focusOutEvent(event)
        self._take()
        if self.property("invalid") != "true":
            self.setText(masked(self._address))

    def _take(self) -> None:
        typed = self.text().strip()
        valid = not typed or _ADDRESS.fullmatch(typed) is not None
        self._mark(valid=valid)
        if valid and typed != self._address:
            self._address = typed
            if typed:
                self.entered.emit(typed)

    def _on_edited(self) -> None:
        self._mark(valid=True)

    def _mark(self, *, valid: bool) -> None:
        wanted = "" if valid else "true"
        if (self.property("invalid") or "") != wanted:
            self.setProperty("invalid", wanted)
            style = self.style()
            if style is not None:
                style.unpolish(self)
                style.polish(self)


def masked(address: str) -> str:
    """Return an address with its password hidden."""
    hidden = _PASSWORD.sub(rf"\g<1>{_HIDDEN}", address)
    return _PASSWORD_VALUE.sub(rf"\g<1>{_HIDDEN}", hidden)
