"""Verbs for a training: start, stop early, cancel, go on, and look at any of them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from desktop.background import Job, start
from desktop.messages import Act, Kind, Message, Messages
from desktop.training_state import TrainingState
from engine.errors import EngineError, TrainingError
from engine.i18n import N_
from engine.i18n import translate as _
from engine.training.config import TrainConfig
from engine.training.events import Event
from engine.training.folder import RunFolder
from engine.training.launch import Training
from engine.training.record import RunRecord, Stage
from engine.training.session import Watch

PULL_EVERY_MS = 100
# A story of thousands of epochs is read without holding the window.
TURN_S = 0.008


class TrainingVerbs(QObject):
    """Owns the training that is under way, and reads along with the run on show.

    A training is a process of its own and lives on when the window is closed. The run on show may
    be another one.

    Args:
        state: Gets the run on show and whether a training is under way.
        messages: Told how trainings end and what keeps them from beginning.
        parent: The owner.

    Signals:
        grew: The record of the run on show has got more of its story.
        tab_wanted: The tab that trains is to be shown.
        weights_wanted: Path of weights to detect with.
    """

    grew = pyqtSignal()
    tab_wanted = pyqtSignal()
    weights_wanted = pyqtSignal(object)

    def __init__(
        self, *, state: TrainingState, messages: Messages, parent: QObject | None = None
    ) -> None:
        """Take the parts of the application."""
        super().__init__(parent)
        self._state = state
        self._messages = messages
        self._training: Training | None = None
        self._watch: Watch | None = None
        self._offer: Message | None = None
        self._events: deque[Event] = deque()
        self._timer = QTimer(self)
        self._timer.setInterval(PULL_EVERY_MS)
        self._timer.timeout.connect(self._pull)

    @property
    def under_way(self) -> RunFolder | None:
        """The run that is trained at this moment, None for none."""
        return None if self._training is None else self._training.folder

    def start(self) -> None:
        """Take the training that a former window left under way, if there is one."""

        def look(job: Job) -> Training | None:
            return _under_way()

        start(self, look, done=self._on_found, failed=self._messages.error)

    def begin(self) -> None:
        """Start a training with the settings of the form."""
        state = self._state
        if state.data is None:
            self._messages.info(_("There is no data set yet."), _("Choose one first."))
            return
        if state.recipe.error is not None:
            self._messages.error(state.recipe.error)
            return
        config = state.config
        self._launch(lambda: Training.begin(RunFolder.create(config)))

    def go_on(self, folder: RunFolder, epochs: int | None = None) -> None:
        """Go on with a run where it stopped.

        Args:
            folder: Of the run.
            epochs: All that are wanted now, by default as many as before.
        """
        self._launch(lambda: Training.go_on(folder, epochs))

    def go_on_shown(self) -> None:
        """Go on with the run on show."""
        if self._state.run is not None:
            self.go_on(self._state.run)

    def stop_early(self) -> None:
        """Let the training end after this batch and keep its best weights."""
        training = self._training
        if training is not None:
            self._state.change(told="stop")
            start(self, lambda job: training.stop(), failed=self._messages.error)

    def cancel(self) -> None:
        """End the training at once; what was kept to go on from stays."""
        training = self._training
        if self._state.engaged:
            # One that is only about to begin is ended as soon as its process is there.
            self._state.change(told="cancel")
        if training is not None:
            start(self, lambda job: training.cancel(), failed=self._messages.error)

    def end(self, then: Callable[[], object]) -> None:
        """End the training with all its processes, then call something."""
        training = self._training
        if training is None:
            then()
            return
        self._state.change(told="cancel")
        self._messages.info(_("The training is being ended …"))
        start(self, lambda job: training.cancel(), ended=then)

    def watch(self, folder: RunFolder) -> None:
        """Show a run: its story so far, and what comes while it is under way."""
        self._leave()
        if self.under_way is not None and self.under_way.path == folder.path:
            folder = self.under_way
        self._state.change(
            run=folder,
            run_name=_plain_name(folder),
            run_config=None,
            record=RunRecord(),
            stage=Stage.WAITING,
        )
        watch = Watch(folder, self)
        watch.failed.connect(self._on_unreadable)
        self._watch = watch
        watch.start()
        self._timer.start()

        def read(job: Job) -> tuple[RunFolder, str, TrainConfig]:
            return folder, folder.about().name, folder.config()

        start(self, read, done=self._on_told, failed=self._messages.error)

    def show_under_way(self) -> None:
        """Show the run that is trained at this moment."""
        if self._training is not None:
            self.watch(self._training.folder)

    def forget_offer(self) -> None:
        """Take back the offer to show the training that goes on: it is on show."""
        if self._offer is not None and self._messages.last is self._offer:
            self._messages.clear()
        self._offer = None

    def use_best(self, path: Path | None = None) -> None:
        """Detect with the best weights of a run from now on.

        Args:
            path: The weights; those of the run on show when left out.
        """
        run = self._state.run
        if path is None and run is not None:
            path = run.best
        if path is not None:
            self.weights_wanted.emit(path)

    def close(self) -> None:
        """End the reading along; the training goes on."""
        self._timer.stop()
        self._watch = None
        for watch in self.findChildren(Watch):
            watch.close()

    def _launch(self, begin: Callable[[], Training]) -> None:
        """Start a process in another thread, unless one trains on this machine already."""
        if self._state.engaged:
            self._messages.info(_("A training is under way."), _("Wait for its end or stop it."))
            return
        self._messages.clear()
        self._state.change(engaged=True, told="")

        def work(job: Job) -> tuple[Training, bool]:
            former = _under_way()
            if former is not None:
                return former, False
            try:
                return begin(), True
            except OSError as error:
                raise TrainingError(
                    N_("The training cannot be started: {reason}."),
                    N_("Check the disk and the folder's permissions."),
                    reason=error,
                ) from error

        start(self, work, done=self._on_launched, failed=self._on_refused)

    def _on_refused(self, error: EngineError) -> None:
        self._state.change(engaged=False, told="")
        self._messages.error(error)

    def _on_told(self, found: tuple[RunFolder, str, TrainConfig]) -> None:
        folder, name, config = found
        if self._state.run is folder:
            self._state.change(run_name=name, run_config=config)

    def _on_launched(self, found: tuple[Training, bool]) -> None:
        training, new = found
        if not new:
            # What was meant for a new one does not concern the one that is there.
            self._state.change(told="")
            self._on_found(training)
            self._messages.info(
                _("The training {name} is under way on this machine.").format(
                    name=_plain_name(training.folder)
                ),
                _("Wait for its end or stop it."),
            )
            return
        self._take(training)

    def _on_found(self, training: Training | None) -> None:
        if training is None or self._training is not None:
            return
        self._take(training)
        self._offer = Message(
            _("A training goes on: {name}.").format(name=_plain_name(training.folder)),
            Kind.INFO,
            act=Act(_("Show it"), self.tab_wanted.emit),
        )
        self._messages.show(self._offer)

    def _take(self, training: Training) -> None:
        self._training = training
        self._state.change(engaged=True)
        self.watch(training.folder)
        if self._state.told == "cancel":
            self.cancel()

    def _pull(self) -> None:
        watch, record = self._watch, self._state.record
        # Asked first: what it says before its end is taken below.
        ended = watch is not None and watch.isFinished()
        if watch is not None:
            self._events.extend(watch.take())
        if self._events and record is not None:
            until = time.monotonic() + TURN_S
            while self._events and time.monotonic() < until:
                record.add(self._events.popleft())
            self._state.change(stage=record.stage)
            self.grew.emit()
        if watch is not None and ended and not self._events:
            self._watch = None
            watch.deleteLater()
        wait = 0 if self._events else PULL_EVERY_MS
        if wait != self._timer.interval():
            self._timer.setInterval(wait)
        self._look_at_process()
        if self._watch is None and self._training is None:
            self._timer.stop()

    def _look_at_process(self) -> None:
        training = self._training
        # The run on show is told of once its last words were read.
        shown = training is not None and self._state.run is training.folder
        if training is None or training.alive or (shown and self._watch is not None):
            return
        record = self._state.record
        if shown and record is not None and self._state.told == "cancel":
            self._own_up(record)
        self._training = None
        self._state.change(engaged=False, told="")
        if shown and record is not None:
            self._tell_end(training.folder, record)

    def _own_up(self, record: RunRecord) -> None:
        """Let a process that was ended before it could say so have been cancelled."""
        if record.stage is Stage.INTERRUPTED:
            record.add({"event": "cancelled"})
            self._state.change(stage=record.stage)
            self.grew.emit()

    def _tell_end(self, folder: RunFolder, record: RunRecord) -> None:
        name = self._state.run_name
        use = Act(_("Use this model now"), lambda: self.use_best(folder.best))
        again = Act(_("Go on training"), lambda: self.go_on(folder))
        match record.stage:
            case Stage.FINISHED:
                said = Message(_("The training {name} is finished.").format(name=name), act=use)
            case Stage.STOPPED:
                said = Message(
                    _("The training {name} was stopped early.").format(name=name),
                    hint=_("Its best weights are kept."),
                    act=use,
                )
            case Stage.FAILED:
                said = Message(record.message, Kind.ERROR, record.hint)
            case Stage.CANCELLED:
                said = Message(
                    _("The training {name} was cancelled.").format(name=name),
                    hint=_("It can go on where it stopped."),
                    act=again,
                )
            case _:
                said = Message(
                    _("The training {name} was interrupted.").format(name=name),
                    Kind.WARNING,
                    _("It can go on where it stopped."),
                    act=again,
                )
        if record.stage in (Stage.CANCELLED, Stage.INTERRUPTED) and not record.epochs:
            # Nothing was kept before the end of the first epoch.
            said = Message(said.text, said.kind)
        self._messages.show(said)

    def _leave(self) -> None:
        """Let the thread that reads along end by itself."""
        self._events.clear()
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.finished.connect(watch.deleteLater)
            watch.requestInterruption()
            if watch.isFinished():
                watch.deleteLater()

    def _on_unreadable(self, error: Exception) -> None:
        self._messages.error(
            TrainingError(N_("This training cannot be read: {reason}."), reason=error)
        )


def _plain_name(folder: RunFolder) -> str:
    """Return what a run is called until its own name was read: its folder without the time."""
    return folder.name.split("-", 1)[-1]


def _under_way() -> Training | None:
    """Return the training that a process of this machine works on, None for none."""
    from engine.training.runs import running

    found = (Training.attach(folder) for folder in running())
    return next((training for training in found if training is not None), None)
