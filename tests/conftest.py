"""The rails every test runs on: no network, no home, no surprise in the log, no silent skip.

To use them:
    `shared`                     the folder ../shared; skips where it is absent
    `@pytest.mark.tool("soffice")`  skips where that program (or "cjk-font") is not installed
    `@pytest.mark.gpu`           skips where torch sees no graphics card
    `caplog`                     a test that asks for it may cause warnings in our log
    `network_attempts`           a test that expects a refused connection empties this list
"""

from __future__ import annotations

import logging
import os
import random
import re
import shutil
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
OWN_LOGGERS = ("labsight", "engine", "desktop", "ops")
ALLOWED_SKIPS = (r"\.\./shared", r"^needs a GPU", r"^needs the system tool \S+$")
HOME = tempfile.TemporaryDirectory(prefix="labsight-tests-", ignore_cleanup_errors=True)


def isolate(home: Path) -> None:
    """Point every place a program may write to, or read settings from, into an empty folder."""
    for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"):
        os.environ[name] = str(home)
    for name in ("CACHE", "CONFIG", "DATA", "STATE"):
        os.environ[f"XDG_{name}_HOME"] = str(home / name.lower())
    os.environ |= {
        "LABSIGHT_HOME": str(home / "LabSight"),
        "LABSIGHT_DATA": str(home / "data" / "labsight"),
        "MPLCONFIGDIR": str(home / "config" / "matplotlib"),
        "ORT_DISABLE_TELEMETRY": "1",
        "TORCH_HOME": str(home / "cache" / "torch"),
        "YOLO_AUTOINSTALL": "false",
        "YOLO_CONFIG_DIR": str(home / "config" / "ultralytics"),
        "YOLO_OFFLINE": "true",
        "YOLO_VERBOSE": "false",
    }


isolate(Path(HOME.name))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
hypothesis.settings.register_profile("labsight", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("labsight")


class SkipLedger:
    """Counts the skips by reason, prints them, and fails a run that has one nobody allows."""

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()

    def unexpected(self) -> list[str]:
        """Return the reasons that are not of an allowed kind."""
        return [
            reason
            for reason in self.reasons
            if not any(re.search(pattern, reason) for pattern in ALLOWED_SKIPS)
        ]

    def note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        """Count a report that is a skip; an expected failure is not one."""
        if report.skipped and not hasattr(report, "wasxfail"):
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
            self.reasons[str(reason).removeprefix("Skipped: ")] += 1

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note skipped tests."""
        self.note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note skipped files."""
        self.note(report)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Turn an unexpected skip into a failed run."""
        if self.unexpected() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table of skips."""
        if not self.reasons:
            return
        terminalreporter.section("skips")
        for reason, count in self.reasons.most_common():
            verdict = "  NOT ALLOWED" if reason in self.unexpected() else ""
            terminalreporter.write_line(f"{count:6}  {reason}{verdict}")


def pytest_configure(config: pytest.Config) -> None:
    """Register the ledger of skips."""
    config.pluginmanager.register(SkipLedger(), "skip-ledger")


def pytest_unconfigure() -> None:
    """Remove the home of this run."""
    HOME.cleanup()


def has_tool(name: str) -> bool:
    """Tell whether a program of the system is installed, or the font that `cjk-font` stands for."""
    if name == "cjk-font" and sys.platform == "linux":
        return any(Path("/usr/share/fonts").rglob("*CJK*"))
    # Debian keeps Wine's programs out of the way.
    path = f"{os.environ['PATH']}{os.pathsep}/usr/lib/wine"
    return name == "cjk-font" or shutil.which(name, path=path) is not None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests whose program or graphics card is not here."""
    for marker in item.iter_markers("tool"):
        if not has_tool(marker.args[0]):
            pytest.skip(f"needs the system tool {marker.args[0]}")
    if item.get_closest_marker("gpu"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("needs a GPU")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return ../shared, where pictures and weights lie that are not part of the repository."""
    if not SHARED.is_dir():
        pytest.skip("needs ../shared beside the project")
    return SHARED


@pytest.fixture(autouse=True)
def seeds() -> None:
    """Start every test from the same random numbers."""
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(autouse=True)
def network_attempts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Refuse connections and name look-ups; one that was swallowed fails the test all the same."""
    attempts: list[str] = []
    plain_connect = socket.socket.connect

    def refuse(what: object) -> NoReturn:
        attempts.append(str(what))
        raise AssertionError(f"a test reached for the network: {what}")

    def connect(self: socket.socket, address: str) -> None:
        if self.family != getattr(socket, "AF_UNIX", None):
            refuse(address)
        plain_connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect)
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: refuse(host))
    yield attempts
    assert not attempts, f"a test reached for the network: {attempts}"


class WarningCollector(logging.Handler):
    """Keeps the records at WARNING and above."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record as text."""
        self.messages.append(f"{record.levelname} {record.name}: {record.getMessage()}")


@pytest.fixture(autouse=True)
def quiet_log(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that puts a warning into our log, unless it asks for `caplog` to look at it."""
    collector = WarningCollector()
    for name in OWN_LOGGERS:
        logging.getLogger(name).addHandler(collector)
    yield
    for name in OWN_LOGGERS:
        logging.getLogger(name).removeHandler(collector)
    if "caplog" not in request.fixturenames:
        assert not collector.messages, "\n".join(collector.messages)
