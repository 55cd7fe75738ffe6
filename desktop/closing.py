"""What a person is asked before the window closes while something is under way."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QMessageBox, QWidget

from desktop.controller import Controller
from engine.i18n import translate as _

Answer = tuple[str, QMessageBox.ButtonRole, Callable[[], object]]


class Closing(QObject):
    """Asks about the run, then about the training, each only while it is under way.

    Args:
        controller: Knows what is under way.
        window: Returns the window that questions belong to.
        leave: Closes everything; a training goes on.
        parent: The owner.

    Attributes:
        unasked: The session of the computer ends: nothing is asked, and a training goes on.
    """

    def __init__(
        self,
        *,
        controller: Controller,
        window: Callable[[], QWidget | None],
        leave: Callable[[], object],
        parent: QObject | None = None,
    ) -> None:
        """Take the parts of the application."""
        super().__init__(parent)
        self._controller = controller
        self._window = window
        self._leave = leave
        self.unasked = False

    def ask(self) -> None:
        """Close now, or after the person has said what is to become of what is under way."""
        if self.unasked:
            self._leave()
        elif self._controller.front.engaged:
            self._put(
                _("A run is under way. Stop it and quit?"),
                _("What it has found so far is kept."),
                [
                    (
                        _("Stop and quit"),
                        QMessageBox.ButtonRole.AcceptRole,
                        self._ask_about_training,
                    ),
                    (_("Go on"), QMessageBox.ButtonRole.RejectRole, lambda: None),
                ],
            )
        else:
            self._ask_about_training()

    def _ask_about_training(self) -> None:
        runs = self._controller.training.runs
        if runs.under_way is None:
            self._leave()
            return
        self._put(
            _("A training is under way. Keep it training?"),
            _(
                "It needs no window: it goes on without this one, and the next window shows it"
                " again. What is stopped can go on later from its last epoch."
            ),
            [
                (_("Keep training"), QMessageBox.ButtonRole.AcceptRole, self._leave),
                (
                    _("Stop training and quit"),
                    QMessageBox.ButtonRole.DestructiveRole,
                    lambda: runs.end(self._leave),
                ),
                (_("Do not quit"), QMessageBox.ButtonRole.RejectRole, lambda: None),
            ],
        )

    def _put(self, text: str, more: str, answers: Sequence[Answer]) -> None:
        """Put a question; closing it is as its last answer."""
        question = QMessageBox(QMessageBox.Icon.Question, "LabSight", text, parent=self._window())
        question.setInformativeText(more)
        buttons = [(question.addButton(words, role), do) for words, role, do in answers]
        question.setDefaultButton(buttons[0][0])
        question.setEscapeButton(buttons[-1][0])

        def answer(code: int) -> None:
            pressed = question.clickedButton()
            for button, do in buttons:
                if button is pressed:
                    do()

        question.finished.connect(answer)
        question.finished.connect(question.deleteLater)
        question.open()
