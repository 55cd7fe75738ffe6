"""What belongs to the tab that trains: its state and the verbs that work on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QWidget

from desktop.messages import Messages
from desktop.settings import Settings
from desktop.training_state import TrainingState
from desktop.verbs.training import TrainingVerbs
from desktop.verbs.training_checks import CheckVerbs
from desktop.verbs.training_dialogs import TrainingDialogVerbs
from desktop.verbs.training_setup import SetupVerbs


@dataclass(frozen=True, slots=True)
class TrainingWorkspace:
    """The state of the tab that trains, and its verbs.

    Attributes:
        state: What the tab shows.
        setup: What is to be trained.
        checks: What that would be.
        runs: The training under way, and the run on show.
        dialogs: What asks in a window of its own.
    """

    state: TrainingState
    setup: SetupVerbs
    checks: CheckVerbs
    runs: TrainingVerbs
    dialogs: TrainingDialogVerbs

    @classmethod
    def of(
        cls,
        *,
        settings: Settings,
        messages: Messages,
        window: Callable[[], QWidget | None],
        parent: QObject,
    ) -> TrainingWorkspace:
        """Make the state and its verbs."""
        state = TrainingState(parent)
        setup = SetupVerbs(state=state, settings=settings, messages=messages, parent=parent)
        runs = TrainingVerbs(state=state, messages=messages, parent=parent)
        return cls(
            state=state,
            setup=setup,
            checks=CheckVerbs(state=state, messages=messages, parent=parent),
            runs=runs,
            dialogs=TrainingDialogVerbs(
                state=state,
                settings=settings,
                messages=messages,
                setup=setup,
                runs=runs,
                window=window,
                parent=parent,
            ),
        )

    def start(self) -> None:
        """Bring back the settings, and a training that a former window left under way."""
        self.setup.start()
        self.runs.start()

    def close(self) -> None:
        """End everything but the training, which is a process of its own."""
        self.dialogs.close()
        self.setup.close()
        self.checks.close()
        self.runs.close()
