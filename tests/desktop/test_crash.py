"""An exception that nobody expected is written down, shown, and does not end the program."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from desktop import crash
from engine.paths import ROOT

SCRIPT = """
import sys, threading
from pathlib import Path
from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication
from desktop import crash

data = Path(sys.argv[1])
shown = []
crash.install(data, lambda report: (shown.append(report), crash.shown()))
app = QApplication([])

def fail():
    raise ZeroDivisionError("in a slot")

def fail_elsewhere():
    raise KeyError("in a thread")

QTimer.singleShot(0, fail)
QTimer.singleShot(50, lambda: threading.Thread(target=fail_elsewhere).start())
QTimer.singleShot(400, app.quit)
app.exec()
print(len(shown), "in a slot" in shown[0], "in a thread" in shown[1])
"""


def run(script: str, data: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(data)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_program_lives_on_and_both_reports_are_kept(tmp_path: Path) -> None:
    done = run(SCRIPT, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["2", "True", "True"]
    reports = sorted((tmp_path / "crashes").glob("2*.txt"))
    assert len(reports) == 2
    text = reports[0].read_text(encoding="utf-8")
    assert "ZeroDivisionError: in a slot" in text
    assert "torch 2" in text
    # They were shown: the next start has nothing to tell.
    assert crash.previous_crash(tmp_path) is None


def test_a_crash_of_the_interpreter_is_told_at_the_next_start_and_once(tmp_path: Path) -> None:
    done = run(
        """
        import faulthandler, sys
        from pathlib import Path
        from desktop import crash
        crash.install(Path(sys.argv[1]))
        faulthandler._sigsegv()
        """,
        tmp_path,
    )
    assert done.returncode != 0
    report = crash.previous_crash(tmp_path)
    assert report is not None
    assert "Segmentation fault" in report.read_text(encoding="utf-8")
    crash.acknowledge(report)
    assert crash.previous_crash(tmp_path) is None


def test_the_same_crash_again_is_told_again(tmp_path: Path) -> None:
    script = """
        import faulthandler, sys
        from pathlib import Path
        from desktop import crash
        crash.install(Path(sys.argv[1]))
        faulthandler._sigsegv()
        """
    sizes = []
    for _ in range(2):
        run(script, tmp_path)
        report = crash.previous_crash(tmp_path)
        assert report is not None
        sizes.append(report.stat().st_size)
        crash.acknowledge(report)
    # What was told before is not told with it.
    assert sizes[0] == sizes[1]


def test_who_comes_to_an_end_has_not_crashed(tmp_path: Path) -> None:
    done = run(
        """
        import sys
        from pathlib import Path
        from desktop import crash
        crash.install(Path(sys.argv[1]))
        # As Windows does for an error that a dialog of its own handles.
        with open(Path(sys.argv[1]) / "crashes" / crash.FAULTS, "a") as file:
            file.write("Windows fatal exception: code 0x8001010d")
        """,
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert crash.previous_crash(tmp_path) is None


def test_a_failure_before_there_is_a_window_is_told_at_the_next_start(tmp_path: Path) -> None:
    done = run(
        """
        import sys
        from pathlib import Path
        from desktop import crash
        crash.install(Path(sys.argv[1]), lambda report: False)
        raise ValueError("no window")
        """,
        tmp_path,
    )
    assert done.returncode == 1
    report = crash.previous_crash(tmp_path)
    assert report is not None
    assert "ValueError: no window" in report.read_text(encoding="utf-8")


def test_what_fails_at_every_repaint_is_reported_once(tmp_path: Path) -> None:
    done = run(
        """
        import sys
        from pathlib import Path
        from PyQt6.QtCore import QTimer
        from PyQt6.QtWidgets import QApplication
        from desktop import crash
        shown = []
        crash.install(Path(sys.argv[1]), shown.append)
        app = QApplication([])
        def fail():
            raise ZeroDivisionError
        for moment in range(5):
            QTimer.singleShot(moment, fail)
        QTimer.singleShot(100, crash.shown)
        QTimer.singleShot(150, fail)
        QTimer.singleShot(300, app.quit)
        app.exec()
        print(len(shown))
        """,
        tmp_path,
    )
    assert done.stdout.split() == ["2"], done.stderr
    assert len(list((tmp_path / "crashes").glob("2*.txt"))) == 2


def test_a_report_holds_what_was_logged_before_it(tmp_path: Path) -> None:
    done = run(
        """
        import sys
        from pathlib import Path
        from PyQt6.QtCore import qWarning
        from desktop import crash
        data = Path(sys.argv[1])
        crash.install(data)
        crash.start_log(data / "logs")
        qWarning("no such font")
        class Torn:
            def __del__(self):
                raise KeyError("torn down")
        Torn()
        raise ValueError
        """,
        tmp_path,
    )
    assert done.returncode == 1
    (report,) = (tmp_path / "crashes").glob("2*.txt")
    logged = (tmp_path / "logs" / "labsight.log").read_text(encoding="utf-8")
    for text in (report.read_text(encoding="utf-8"), logged):
        assert "Qt: no such font" in text
        assert "KeyError: 'torn down'" in text


def test_an_interrupt_from_the_keyboard_is_no_crash(tmp_path: Path) -> None:
    done = run(
        """
        import sys
        from pathlib import Path
        from desktop import crash
        crash.install(Path(sys.argv[1]))
        raise KeyboardInterrupt
        """,
        tmp_path,
    )
    assert "KeyboardInterrupt" in done.stderr
    assert list((tmp_path / "crashes").glob("2*.txt")) == []


def test_a_folder_that_cannot_be_written_costs_the_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "crashes").write_text("a file where the folder should be", encoding="utf-8")
    done = run(SCRIPT, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["2", "True", "True"]
