"""Starting the process that exports weights, listening to it, ending it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from engine.conversion.config import ConversionConfig
from engine.conversion.job import Job
from engine.i18n import N_, translate
from engine.process import Process
from engine.training.events import LAST, Event, follow

FLAG = "--export-worker"


class Export:
    """A process that exports weights; it ends with this one.

    Args:
        config: The settings.

    Attributes:
        target: The file or folder that it writes.

    Raises:
        WeightsError: There are no such weights.
        ExportError: The format or the target cannot be written.
    """

    def __init__(self, config: ConversionConfig) -> None:
        """Start the process."""
        self._job = Job.create(config)
        self.target = self._job.target
        self._cancelled = False
        self._process = Process.start(FLAG, self._job.folder, self._job.log)

    def events(self) -> Iterator[Event | None]:
        """Yield what it tells as it comes, None now and then where nothing came.

        The last event is one of `engine.training.events.LAST`, also where the process was killed.
        After it nothing but the target is left, and the log where a hint names it.
        """
        last: Event | None = None
        # Another thread that cancels takes the file away while it is read here.
        with suppress(FileNotFoundError):
            for event in follow(self._job.events, lambda: self._process.alive):
                if event is not None and event["event"] in LAST:
                    last = event
                else:
                    yield event
        code = self._process.wait()
        if self._cancelled:
            last = {"event": "cancelled", "run": self._job.name}
        last = last or self._silent_end(code)
        self._job.clear(keep_log=str(self._job.log) in last.get("hint", ""))
        yield last

    def cancel(self) -> None:
        """End it within two seconds, with all processes that it started, and leave nothing."""
        self._cancelled = True
        with suppress(FileNotFoundError):
            self._job.cancel()
        self._process.end()
        self._job.clear()

    def wait(self) -> int | None:
        """Wait for its end; return its exit code."""
        return self._process.wait()

    def _silent_end(self, code: int | None) -> Event:
        message = N_("The process that exported ended without a word (code {code}).")
        return {
            "event": "failed",
            "run": self._job.name,
            "message": translate(message).format(code=code),
            "hint": translate(N_("{log} tells more.")).format(log=self._job.log),
        }
