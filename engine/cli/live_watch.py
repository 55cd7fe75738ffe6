"""A camera or stream on the command line: saying how it is, ending it in time."""

from __future__ import annotations

import time
from collections.abc import Callable

from engine.cli import output
from engine.i18n import translate as _
from engine.sources.live import LiveSource, LiveState
from engine.types import Result


class LiveWatch:
    """Decides whether a run ends, and tells of a picture that was lost and came back.

    Args:
        source: The camera or stream, None for files.
        seconds: It ends so long after its first frame, None for never.
        stopped: Tells whether a person wants the end.
        clock: What the frames' times of arrival are measured by.
    """

    def __init__(
        self,
        source: LiveSource | None,
        seconds: float | None,
        stopped: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin before the first frame."""
        self._source = source
        self._seconds = seconds
        self._stopped = stopped
        self._clock = clock
        self._lost = False
        self._began: float | None = None

    def on_result(self, result: Result, dropped: int) -> None:
        """Take note of the first frame, so that even the shortest run has one."""
        if self._began is None:
            self._began = result.frame.arrived

    def should_stop(self) -> bool:
        """Tell whether the run is to end; asked many times a second."""
        if self._source is not None:
            self._tell(self._source)
        return self._stopped() or self._is_over()

    def _tell(self, source: LiveSource) -> None:
        """Say once that the picture is lost, however often it is tried, and once it is back."""
        status = source.status
        if status.state is LiveState.WAITING and not self._lost:
            self._lost = True
            if status.error is not None:
                output.complain(status.error)
            output.tell(_("The picture is lost; trying to get it back."))
        elif status.state is LiveState.LIVE and self._lost:
            self._lost = False
            output.tell(_("The picture is back."))

    def _is_over(self) -> bool:
        if self._seconds is None or self._began is None:
            return False
        return self._clock() - self._began >= self._seconds
