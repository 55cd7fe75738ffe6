"""What a person may set to their liking; everything applies at once."""

from __future__ import annotations

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QImage, QPixmap
from PyQt6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop.background import Job, start
from desktop.settings import Preferences
from engine.i18n import LANGUAGES, N_
from engine.i18n import translate as _

PREVIEW = QSize(160, 90)
THEMES = {"system": N_("Like the system"), "light": N_("Light"), "dark": N_("Dark")}


class PreferencesDialog(QDialog):
    """Title, background, theme and language.

    Args:
        preferences: What is in force.
        parent: The owner.

    Signals:
        changed: dict of fields of `Preferences` and their new values.
        layout_reset_requested: Windows and docks go back to where they were at first.
    """

    changed = pyqtSignal(object)
    layout_reset_requested = pyqtSignal()

    def __init__(self, *, preferences: Preferences, parent: QWidget | None = None) -> None:
        """Show what is in force."""
        super().__init__(parent)
        self.setWindowTitle(_("Preferences"))
        self.resize(460, 300)
        self._background = preferences.background
        self._title = QLineEdit(preferences.title)
        self._title.setPlaceholderText(_("such as the name of your lab"))
        self._title.editingFinished.connect(
            lambda: self.changed.emit({"title": self._title.text().strip()})
        )
        self._theme = _combo(
            {key: _(words) for key, words in THEMES.items()}, preferences.theme
        )
        self._theme.activated.connect(
            lambda row: self._restyle({"theme": self._theme.itemData(row)})
        )
        self._language = _combo({"": _("Like the system"), **LANGUAGES}, preferences.language)
        self._language.activated.connect(
            lambda row: self._restyle({"language": self._language.itemData(row)})
        )
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(12)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for words, field in (
            (_("Title"), self._title),
            (_("Theme"), self._theme),
            (_("Language"), self._language),
        ):
            field.setAccessibleName(words)
            form.addRow(words, field)
        form.addRow(_("Background"), self._background_row())
        reset = QPushButton(_("Reset layout"))
        reset.setToolTip(_("Put windows and docks back to where they were at first"))
        reset.clicked.connect(self.layout_reset_requested)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(reset, QDialogButtonBox.ButtonRole.ResetRole)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(16)
        layout.addLayout(form)
        layout.addWidget(buttons)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        assert close is not None
        # Without a default, Enter in the title would press the first button and ask for a picture.
        close.setDefault(True)
        self._show_background()

    def _background_row(self) -> QWidget:
        row = QWidget()
        self._preview = QLabel()
        self._preview.setObjectName("preview")
        self._preview.setFixedSize(PREVIEW)
        self._preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._preview.setProperty("role", "caption")
        self._preview.setWordWrap(True)
        choose = QPushButton(_("Choose…"))
        choose.clicked.connect(self._on_choose)
        self._clear = QPushButton(_("None"))
        self._clear.clicked.connect(lambda: self._set_background(""))
        buttons = QVBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(choose)
        buttons.addWidget(self._clear)
        buttons.addStretch(1)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        layout.addWidget(self._preview)
        layout.addLayout(buttons)
        layout.addStretch(1)
        return row

    def _restyle(self, changes: dict[str, object]) -> None:
        """Close first: the window that this dialog belongs to is about to be replaced."""
        self.accept()
        self.changed.emit(changes)

    def _on_choose(self) -> None:
        dialog = QFileDialog(self, _("Choose a background picture"))
        dialog.setNameFilter(_("Pictures (*.png *.jpg *.jpeg *.webp *.bmp)"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self._set_background)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _set_background(self, path: str) -> None:
        self._background = path
        self.changed.emit({"background": path})
        self._show_background()

    def _show_background(self) -> None:
        self._clear.setEnabled(bool(self._background))
        self._preview.clear()
        path = self._background
        if not path:
            self._preview.setText(_("A picture behind the empty canvas"))
            return

        def read(job: Job) -> QImage:
            image = QImage(path)
            if image.isNull():
                return image
            return image.scaled(
                PREVIEW * 2,
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )

        start(self, read, done=self._on_read)

    def _on_read(self, image: QImage) -> None:
        if image.isNull():
            self._preview.setText(_("This picture cannot be read."))
            return
        pixmap = QPixmap.fromImage(image)
        pixmap.setDevicePixelRatio(2)
        self._preview.setPixmap(pixmap)


def _combo(choices: dict[str, str], chosen: str) -> QComboBox:
    combo = QComboBox()
    for key, words in choices.items():
        combo.addItem(words, key)
    combo.setCurrentIndex(max(combo.findData(chosen), 0))
    return combo
