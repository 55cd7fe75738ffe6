"""What happens when something nobody expected goes wrong: it is written down and shown.

PyQt ends the process when a slot raises and no exception hook of ours is there, so the hooks are
installed before the first widget.
"""

from __future__ import annotations

import faulthandler
import logging
import platform
import sys
import threading
import traceback
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

log = logging.getLogger("labsight")

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class _Bridge(QObject):
    """Carries a report from any thread into the UI thread."""

    came = pyqtSignal(str)


_bridge: _Bridge | None = None
_showing = False


def install(data: Path, show: Callable[[str], object] | None = None) -> None:
    """Write down every exception that nobody catches, in any thread, and show it.

    Args:
        data: The application's data folder; reports go to `crashes` in it.
        show: Called in the UI thread with a report, one at a time until `shown` is called.
    """
    global _bridge
    folder = data / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # It stays open as long as the process: the handler writes to its descriptor.
        faulthandler.enable((folder / FAULTS).open("a", encoding="utf-8"))
    except OSError:
        faulthandler.enable()
    _bridge = _Bridge()
    if show is not None:
        _bridge.came.connect(lambda report: _show(show, report))
    sys.excepthook = lambda kind, error, trace: _on_exception(folder, kind, error, trace)
    threading.excepthook = lambda args: _on_exception(
        folder, args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
    )
    qInstallMessageHandler(_on_qt_message)


def shown() -> None:
    """Say that the person has closed the report, so that another one may be shown."""
    global _showing
    _showing = False


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
        mark = path.with_suffix(SEEN)
        try:
            mark.write_text(str(path.stat().st_size), encoding="ascii")
        except OSError:
            continue


def report_text(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> str:
    """Return what a report says of an exception."""
    from engine.device import versions

    lines = [
        f"LabSight {__version__}, {datetime.now().astimezone().isoformat(timespec='seconds')}",
        f"{platform.platform()}, thread {threading.current_thread().name}",
        ", ".join(f"{name} {version}" for name, version in versions().items()),
        "",
        "".join(traceback.format_exception(kind, error, trace)),
    ]
    return "\n".join(lines)


def _on_exception(
    folder: Path,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    report = report_text(kind, error, trace)
    log.error("%s", report)
    try:
        moment = datetime.now().strftime("%Y-%m-%d-%H%M%S-%f")
        path = folder / f"{moment}.txt"
        path.write_text(report, encoding="utf-8", errors="backslashreplace")
        # It is shown right now: the next start need not offer it.
        acknowledge(path)
        for old in sorted(folder.glob("2*.txt"))[:-KEPT_REPORTS]:
            old.unlink(missing_ok=True)
            old.with_suffix(SEEN).unlink(missing_ok=True)
    except OSError:
        log.error("the report could not be written to %s", folder)
    if _bridge is not None:
        _bridge.came.emit(report)


def _show(show: Callable[[str], object], report: str) -> None:
    global _showing
    if not _showing:
        _showing = True
        show(report)


def _seen(path: Path) -> bool:
    try:
        return path.with_suffix(SEEN).read_text(encoding="ascii") == str(path.stat().st_size)
    except OSError:
        return False


def start_log(folder: Path) -> None:
    """Write the log into a folder, half a megabyte a file and three of them at most."""
    import logging.handlers

    log.setLevel(logging.INFO)
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


def _on_qt_message(kind: QtMsgType, context: QMessageLogContext, text: str | None) -> None:
    log.log(_LEVELS.get(kind, logging.INFO), "Qt: %s", text)
