"""Moving runs to the bin: asked for first, refused while they are under way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PyQt6.QtCore import QFile, Qt
from PyQt6.QtWidgets import QMessageBox, QWidget

from desktop.background import Job, start
from engine.errors import EngineError, TrainingError
from engine.i18n import N_
from engine.i18n import translate as _
from engine.training.folder import RunFolder
from engine.training.runs import Run


def ask_for_bin(
    parent: QWidget,
    chosen: Sequence[Run],
    *,
    done: Callable[[list[Path]], object],
    failed: Callable[[EngineError], object],
) -> None:
    """Ask, then move runs to the bin of the system, from where they can be taken back.

    Args:
        parent: What the question belongs to.
        chosen: The runs.
        done: Called with the folders that are gone.
        failed: Called with the error where one stays.
    """
    busy = next((run for run in chosen if run.stage.busy), None)
    if busy is not None:
        failed(_under_way(busy.name))
        return
    if not chosen:
        return
    words = _("Move the training {name} to the bin?").format(name=chosen[0].name)
    if len(chosen) > 1:
        words = _("Move {count} trainings to the bin?").format(count=len(chosen))
    question = QMessageBox(QMessageBox.Icon.Question, "LabSight", words, parent=parent)
    question.setTextFormat(Qt.TextFormat.PlainText)
    question.setInformativeText(_("Their weights and curves go with them."))
    yes = question.addButton(_("Move to the bin"), QMessageBox.ButtonRole.AcceptRole)
    question.addButton(_("Keep"), QMessageBox.ButtonRole.RejectRole)
    folders = [RunFolder(run.path) for run in chosen]

    def answered(code: int) -> None:
        if question.clickedButton() is yes:
            _move(parent, folders, done, failed)

    question.finished.connect(answered)
    question.finished.connect(question.deleteLater)
    question.open()


def _move(
    parent: QWidget,
    folders: Sequence[RunFolder],
    done: Callable[[list[Path]], object],
    failed: Callable[[EngineError], object],
) -> None:
    gone: list[Path] = []

    def work(job: Job) -> None:
        for folder in folders:
            # It may have gone on since the list was read.
            if folder.is_running():
                raise _under_way(folder.about().name)
            moved, _where = QFile.moveToTrash(str(folder.path))
            if not moved:
                raise TrainingError(
                    N_("{path} could not be moved to the bin."),
                    N_("Delete the folder by hand, or check its permissions."),
                    path=folder.path,
                )
            gone.append(folder.path)

    start(parent, work, failed=failed, ended=lambda: done(gone))


def _under_way(name: str) -> TrainingError:
    return TrainingError(N_("The training {name} is under way."), N_("Stop it first."), name=name)
