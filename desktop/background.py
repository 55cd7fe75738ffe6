"""Leaving the UI thread, in two ways and no other.

`start` runs something that ends by itself, such as an export. A `Lane` answers a stream of
requests of which only the newest counts, such as the picture to show. Neither ever calls a widget
from its thread: what it has to say arrives as a signal in the UI thread.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from PyQt6.QtCore import QObject, QRunnable, QThreadPool, pyqtSignal

from engine.errors import Cancelled, EngineError
from engine.types import Progress

PROGRESS_EVERY_S = 0.1
Operation = Callable[["Job"], Any]


class Job(QObject):
    """One piece of work outside the UI thread. Lives in the UI thread; made by `start`.

    Signals:
        done: What the operation returned.
        failed: The EngineError that ended it.
        progressed: A `Progress`, at most ten times a second.
        ended: Always the last, also after a cancel.
    """

    done = pyqtSignal(object)
    failed = pyqtSignal(object)
    progressed = pyqtSignal(object)
    ended = pyqtSignal()
    _crashed = pyqtSignal(object)

    def __init__(self, parent: QObject) -> None:
        """Make a job that dies with its parent."""
        super().__init__(parent)
        self._cancelled = threading.Event()
        self._told = 0.0
        self._crashed.connect(self._raise)

    def cancel(self) -> None:
        """Ask the operation to end; it raises `Cancelled`, which nobody is told of."""
        self._cancelled.set()

    def should_stop(self) -> bool:
        """Tell the operation whether it was cancelled; for any thread."""
        return self._cancelled.is_set()

    def report(self, progress: Progress) -> None:
        """Pass on how far the operation is; for its thread."""
        now = time.monotonic()
        if now - self._told >= PROGRESS_EVERY_S or progress.done == progress.total:
            self._told = now
            self.progressed.emit(progress)

    def _raise(self, error: BaseException) -> None:
        sys.excepthook(type(error), error, error.__traceback__)


class _Run(QRunnable):
    def __init__(self, job: Job, operation: Operation) -> None:
        super().__init__()
        self._job = job
        self._operation = operation

    def run(self) -> None:
        job = self._job
        try:
            self._carry_out(job)
            job.ended.emit()
        except RuntimeError:
            # Its parent, and so the job, was deleted meanwhile: nobody waits for the answer.
            return

    def _carry_out(self, job: Job) -> None:
        try:
            result = self._operation(job)
        except Cancelled:
            return
        except EngineError as error:
            job.failed.emit(error)
        except Exception as error:  # noqa: BLE001 - shown by the exception hook of the UI thread
            job._crashed.emit(error)
        else:
            if not job.should_stop():
                job.done.emit(result)


def start(
    parent: QObject,
    operation: Operation,
    *,
    done: Callable[[Any], object] = lambda result: None,
    failed: Callable[[EngineError], object] = lambda error: None,
    progressed: Callable[[Progress], object] = lambda progress: None,
    ended: Callable[[], object] = lambda: None,
) -> Job:
    """Run an operation outside the UI thread.

    Everything is called in the UI thread but the operation. Connecting to the job's signals
    afterwards would be too late for an operation that is done at once.

    Args:
        parent: The job is forgotten when this object is deleted.
        operation: Called with the job, in another thread.
        done: Called with what the operation returned.
        failed: Called with the error that ended it.
        progressed: Called with how far it is.
        ended: Called last, whatever happened.
    """
    job = Job(parent)
    job.done.connect(done)
    job.failed.connect(failed)
    job.progressed.connect(progressed)
    job.ended.connect(ended)
    job.ended.connect(job.deleteLater)
    pool = QThreadPool.globalInstance()
    assert pool is not None
    pool.start(_Run(job, operation))
    return job


class Lane(QObject):
    """A thread that carries out the newest request and forgets those that it overtook.

    Everything that the work opens (a session, a network) belongs to that thread alone. Call
    `close` before dropping a lane; it waits for the request under way.

    Signals:
        answered: What the work returned, unless it was None.
        failed: The EngineError of a request.
    """

    answered = pyqtSignal(object)
    failed = pyqtSignal(object)
    _crashed = pyqtSignal(object)

    def __init__(
        self,
        name: str,
        work: Callable[[Any], Any],
        *,
        at_end: Callable[[], object] = lambda: None,
        parent: QObject | None = None,
    ) -> None:
        """Start the thread.

        Args:
            name: Of the thread, for reports.
            work: Called in the thread with each request; `superseded` tells it to hurry.
            at_end: Called in the thread before it ends.
            parent: The owner.
        """
        super().__init__(parent)
        self.setObjectName(name)
        self._work = work
        self._at_end = at_end
        self._changed = threading.Condition()
        self._request: Any = None
        self._closed = False
        self._busy = False
        self._crashed.connect(self._raise)
        self._thread = threading.Thread(target=self._run, name=f"labsight-{name}", daemon=True)
        self._thread.start()

    def ask(self, request: object) -> None:
        """Ask for something, not None; a request that still waits is dropped."""
        with self._changed:
            self._request = request
            self._changed.notify()

    def superseded(self) -> bool:
        """Tell the work whether a newer request waits, or the lane is closing."""
        return self._request is not None or self._closed

    def idle(self) -> bool:
        """Tell whether nothing is asked for or under way."""
        with self._changed:
            return self._request is None and not self._busy

    def close(self) -> None:
        """End the thread after the request under way."""
        with self._changed:
            self._closed = True
            self._request = None
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.wait_for(lambda: self._closed or self._request is not None)
                if self._closed:
                    break
                request, self._request = self._request, None
                self._busy = True
            self._answer(request)
        self._at_end()

    def _answer(self, request: object) -> None:
        try:
            answer = self._work(request)
            if answer is not None:
                self.answered.emit(answer)
        except Cancelled:
            return
        except EngineError as error:
            self.failed.emit(error)
        except Exception as error:  # noqa: BLE001 - shown by the exception hook of the UI thread
            self._crashed.emit(error)

    def _raise(self, error: BaseException) -> None:
        sys.excepthook(type(error), error, error.__traceback__)
