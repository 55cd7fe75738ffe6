"""The dialog for an exception that nobody expected: say so, keep the report, go on or quit."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from desktop.background import Job, start
from desktop.widgets.buttons import text_button
from engine.errors import writing_failed
from engine.i18n import translate as _


class CrashDialog(QDialog):
    """A sentence, the report, and what can be done with it.

    Args:
        report: What is known of the exception.
        parent: The owner.
    """

    def __init__(self, *, report: str, parent: QWidget | None = None) -> None:
        """Show a report."""
        super().__init__(parent)
        self.setWindowTitle(_("Something went wrong"))
        self.resize(560, 400)
        self._report = report
        said = QLabel(
            _("Something nobody expected went wrong. What was stored is safe; you can go on.")
        )
        said.setWordWrap(True)
        said.setProperty("role", "heading")
        self._note = QLabel(
            _("The report below stays on this machine. Send it to whoever looks after LabSight.")
        )
        self._note.setWordWrap(True)
        self._note.setTextFormat(Qt.TextFormat.PlainText)
        self._note.setProperty("role", "muted")
        text = QPlainTextEdit(report)
        text.setReadOnly(True)
        text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        text.setAccessibleName(_("Report"))
        buttons = QDialogButtonBox()
        for words, icon, do in (
            (_("Copy"), "copy", self._on_copy),
            (_("Save report…"), "export", self._on_save),
        ):
            button = text_button(icon, words)
            button.clicked.connect(do)
            buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        leave = buttons.addButton(_("Quit"), QDialogButtonBox.ButtonRole.DestructiveRole)
        go_on = buttons.addButton(_("Go on"), QDialogButtonBox.ButtonRole.AcceptRole)
        assert leave is not None
        assert go_on is not None
        leave.clicked.connect(QApplication.closeAllWindows)
        leave.clicked.connect(self.reject)
        go_on.setProperty("role", "primary")
        go_on.setDefault(True)
        go_on.clicked.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        for widget in (said, self._note, text, buttons):
            layout.addWidget(widget)

    def _on_copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self._report)

    def _on_save(self) -> None:
        dialog = QFileDialog(self, _("Save report"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("txt")
        dialog.selectFile("labsight-report.txt")
        dialog.fileSelected.connect(self._write)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _write(self, path: str) -> None:
        def work(job: Job) -> None:
            try:
                with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
                    file.write(self._report)
            except OSError as error:
                raise writing_failed(error, path) from error

        def done(nothing: None) -> None:
            self._note.setText(_("Written: {path}").format(path=path))

        start(self, work, done=done, failed=lambda error: self._note.setText(str(error)))
