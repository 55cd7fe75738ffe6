"""One piece of work in a thread of its own, whose outcome is collected later."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Errand(threading.Thread, Generic[T]):
    """Runs `work` once; it starts at once.

    Args:
        name: Of the thread, after `labsight-`.
        work: Given a function that says True once the work is to end early.
        on_ready: Called in the thread when the outcome can be collected.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[Callable[[], bool]], T],
        on_ready: Callable[[], None],
    ) -> None:
        """Start the thread."""
        super().__init__(name=f"labsight-{name}", daemon=True)
        self._work = work
        self._on_ready = on_ready
        self._cancelled = threading.Event()
        self._ready = threading.Event()
        self._value: T | None = None
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        """Work in the thread."""
        try:
            self._value = self._work(self._cancelled.is_set)
        except BaseException as error:  # noqa: BLE001 - raised again for who collects the outcome
            self._error = error
        self._ready.set()
        self._on_ready()

    @property
    def ready(self) -> bool:
        """Tell whether the outcome can be collected."""
        return self._ready.is_set()

    def cancel(self) -> None:
        """Ask the work to end early; it may have an outcome all the same."""
        self._cancelled.set()

    def outcome(self) -> T | None:
        """Return what the work returned, waiting for it, or raise what it raised."""
        self.join()
        if self._error is not None:
            raise self._error
        return self._value
