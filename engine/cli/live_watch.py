"""A camera or stream on the command line: saying how it is, ending it in time."""

from __future__ import annotations

import time
from collections.abc import Callable

from engine.cli import output
from engine.i18n import translate as _
from engine.sources.live import LiveSource, LiveState


class LiveWatch:
    """Decides whether a run ends, and tells of a picture that was lost and came back.

    Args:
        source: The camera or stream, None for files.
        seconds: It ends so long after its first frame, None for never.
        stopped: Tells whether a person wants the end.
    """

    def __init__(
        self, source: LiveSource | None, seconds: float | None, stopped: Callable[[], bool]
    ) -> None:
        """Begin before the first frame."""
        self._source = source
        self._seconds = seconds
        self._stopped = stopped
        self._state = LiveState.CONNECTING
        self._began: float | None = None

    def should_stop(self) -> bool:
        """Tell whether the run is to end; asked many times a second."""
        source = self._source
        if source is not None:
            status, former = source.status, self._state
            self._state = status.state
            if status.state is LiveState.LIVE and self._began is None:
                self._began = time.monotonic()
            if status.state is LiveState.WAITING and former is not LiveState.WAITING:
                if status.error is not None:
                    output.complain(status.error)
                output.tell(_("The picture is lost; it is tried to get it back."))
            elif status.state is LiveState.LIVE and former is LiveState.WAITING:
                output.tell(_("The picture is back."))
        return self._stopped() or self._is_over()

    def _is_over(self) -> bool:
        if self._seconds is None or self._began is None:
            return False
        return time.monotonic() - self._began >= self._seconds
