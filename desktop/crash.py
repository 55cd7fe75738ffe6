"""What happens when something nobody expected goes wrong: it is written down and shown.

PyQt ends the process when a slot raises and no exception hook of ours is there, so the hooks are
installed before the first widget.
"""

from __future__ import annotations

import atexit
import contextlib
import faulthandler
import logging
import platform
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType

from PyQt6.QtCore import (
    QMessageLogContext,
    QObject,
    QtMsgType,
    pyqtSignal,
    qInstallMessageHandler,
)

from engine.version import __version__

FOLDER = "crashes"
FAULTS = "faults.txt"
SEEN = ".seen"
KEPT_REPORTS = 20
LOG_BYTES = 500_000
LOG_LINES_TOLD = 40

log = logging.getLogger("labsight")

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class _Bridge(QObject):
    """Carries a report and its file, or None, from any thread into the UI thread."""

    came = pyqtSignal(str, object)


class _Recent(logging.Handler):
    """Remembers what was logged last, for reports."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: deque[str] = deque(maxlen=LOG_LINES_TOLD)

    def emit(self, record: logging.LogRecord) -> None:
        self.entries.append(self.format(record))


_bridge: _Bridge | None = None
_recent = _Recent()
# The report on screen, empty without one.
_on_screen = ""


def install(data: Path, show: Callable[[str], object] | None = None) -> None:
    """Write down every exception that nobody catches, in any thread, and show it.

    Args:
        data: The application's data folder; reports go to `crashes` in it.
        show: Called in the UI thread with a report, one at a time until `shown` is called. It
            returns False where it cannot show anything yet: the next start tells of the report.
    """
    global _bridge
    folder = data / FOLDER
    _watch_faults(folder)
    _bridge = _Bridge()
    if show is not None:
        _bridge.came.connect(lambda report, path: _show(show, report, path))
    sys.excepthook = lambda kind, error, trace: _on_exception(folder, kind, error, trace)
    threading.excepthook = lambda args: _on_exception(
        folder, args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
    )
    sys.unraisablehook = _on_unraisable
    qInstallMessageHandler(_on_qt_message)


def shown() -> None:
    """Say that the person has closed the report, so that another one may be shown."""
    global _on_screen
    _on_screen = ""


def previous_crash(data: Path) -> Path | None:
    """Return a report that the person has not seen yet, the newest first; None without any."""
    folder = data / FOLDER
    try:
        reports = sorted(folder.glob("*.txt"), key=lambda path: path.stat().st_mtime, reverse=True)
    except OSError:
        return None
    for path in reports:
        if path.stat().st_size and not _seen(path):
            return path
    return None


def acknowledge(report: Path) -> None:
    """Remember that the person has seen a report, and the older ones with it."""
    for path in report.parent.glob("*.txt"):
        _mark(path)


def report_text(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> str:
    """Return what a report says of an exception, with what was logged before it."""
    from engine.device import versions

    lines = [
        f"LabSight {__version__}, {datetime.now().astimezone().isoformat(timespec='seconds')}",
        f"{platform.platform()}, thread {threading.current_thread().name}",
        ", ".join(f"{name} {version}" for name, version in versions().items()),
        "",
        "".join(traceback.format_exception(kind, error, trace)),
        *_recent.entries,
    ]
    return "\n".join(lines)


def _watch_faults(folder: Path) -> None:
    """Let the interpreter write down where it was when a library takes the process down."""
    faults = folder / FAULTS
    try:
        folder.mkdir(parents=True, exist_ok=True)
        seen = _seen(faults)
        faults.with_suffix(SEEN).unlink(missing_ok=True)
        # It stays open as long as the process: the handler writes to its descriptor.
        faulthandler.enable(faults.open("w" if seen else "a", encoding="utf-8"))
    except OSError:
        # A windowed program on Windows has no stderr to fall back on.
        with contextlib.suppress(OSError, RuntimeError):
            faulthandler.enable()
        return
    # Windows reports errors there that its own dialogs handle; who comes to an end has not crashed.
    atexit.register(_mark, faults)


def _on_exception(
    folder: Path,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    said = "".join(traceback.format_exception(kind, error, trace))
    if said in _on_screen:
        return  # What fails in a paint event fails at every repaint: the first report tells.
    report = report_text(kind, error, trace)
    log.error("%s", said)
    path = _write(folder, report)
    if _bridge is not None:
        _bridge.came.emit(report, path)


def _write(folder: Path, report: str) -> Path | None:
    """Write a report down and drop the oldest ones; return its file, None where that fails."""
    path = folder / f"{datetime.now():%Y-%m-%d-%H%M%S-%f}.txt"
    try:
        path.write_text(report, encoding="utf-8", errors="backslashreplace")
        for old in sorted(folder.glob("2*.txt"))[:-KEPT_REPORTS]:
            old.unlink(missing_ok=True)
            old.with_suffix(SEEN).unlink(missing_ok=True)
    except OSError:
        log.error("the report could not be written to %s", folder)
        return None
    return path


def _show(show: Callable[[str], object], report: str, path: Path | None) -> None:
    """Show a report unless another one is on screen; the next start need not tell of either."""
    global _on_screen
    if not _on_screen:
        _on_screen = report
        if show(report) is False:
            _on_screen = ""
            return
    if path is not None:
        _mark(path)


def _mark(path: Path) -> None:
    """Remember what has been seen of a file."""
    with contextlib.suppress(OSError):
        path.with_suffix(SEEN).write_text(str(path.stat().st_size), encoding="ascii")


def _seen(path: Path) -> bool:
    try:
        return path.with_suffix(SEEN).read_text(encoding="ascii") == str(path.stat().st_size)
    except OSError:
        return False


def start_log(folder: Path) -> None:
    """Write the log into a folder, half a megabyte a file and three of them at most."""
    import logging.handlers

    log.setLevel(logging.INFO)
    log.addHandler(_recent)
    if sys.stderr is not None and sys.stderr.isatty():
        log.addHandler(logging.StreamHandler())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            folder / "labsight.log", maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8"
        )
    except OSError:
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)


def _on_unraisable(failure: sys.UnraisableHookArgs) -> None:
    # Nobody waits for what fails while an object is taken down: the log is the place for it.
    said = traceback.format_exception(
        failure.exc_type, failure.exc_value, failure.exc_traceback
    )
    log.warning("%s %r\n%s", failure.err_msg or "Ignored in", failure.object, "".join(said))


def _on_qt_message(kind: QtMsgType, context: QMessageLogContext, text: str | None) -> None:
    log.log(_LEVELS.get(kind, logging.INFO), "Qt: %s", text)
