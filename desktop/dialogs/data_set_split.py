"""The question how a data set is to be split anew."""

from __future__ import annotations

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from engine.i18n import translate as _

SHARE = 20
LEAST, MOST = 1, 90
_HIGHEST_SEED = 2**31 - 1


class SplitDialog(QDialog):
    """Asks for the share of pictures that are to validate, and for a seed.

    Args:
        parent: The owner.

    Signals:
        asked: Share above 0 and below 1, and the seed.
    """

    asked = pyqtSignal(float, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Ask for a fifth."""
        super().__init__(parent)
        self.setWindowTitle(_("Split anew"))
        said = QLabel(
            _(
                "Makes a copy with the same pictures and labels. Pictures that belong together,"
                " such as those of one film, stay in one split."
            )
        )
        said.setWordWrap(True)
        said.setProperty("role", "muted")
        self.share = QSpinBox()
        self.share.setRange(LEAST, MOST)
        self.share.setValue(SHARE)
        self.share.setSuffix(" %")
        self.share.setAccessibleName(_("Pictures to validate with"))
        self.seed = QSpinBox()
        self.seed.setRange(0, _HIGHEST_SEED)
        self.seed.setAccessibleName(_("Seed"))
        self.seed.setToolTip(_("The same seed gives the same split."))
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(8)
        form.addRow(_("Pictures to validate with"), self.share)
        form.addRow(_("Seed"), self.seed)
        buttons = QDialogButtonBox()
        go = QPushButton(_("Split"))
        go.setProperty("role", "primary")
        go.setDefault(True)
        buttons.addButton(go, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QPushButton(_("Cancel")), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self._on_accepted)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(16)
        layout.addWidget(said)
        layout.addLayout(form)
        layout.addWidget(buttons)
        self.setMinimumWidth(380)

    def _on_accepted(self) -> None:
        self.accept()
        self.asked.emit(self.share.value() / 100, self.seed.value())
