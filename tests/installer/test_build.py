"""The command that builds: its steps, its environment, and what it says when one fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import bootstrap
from engine.paths import ROOT
from engine.version import NAME
from installer import build, sizes
from installer.build import Order

Calls = list[tuple[str, ...]]


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Return what would have been run, in a checkout that has everything."""
    made: Calls = []

    def run(command: list[str], watch: object, **variables: str) -> tuple[int, str]:
        made.append((*command[1:3], *(word for word in command[3:] if word.startswith("--"))))
        assert variables["PYTHONPATH"].split(os.pathsep)[0] == str(build.HEADLESS)
        if "PyInstaller" in command:
            (tmp_path / NAME / sizes.INNER).mkdir(parents=True)
            (tmp_path / NAME / NAME).write_bytes(b"x" * 2_000_000)
        return 0, ""

    monkeypatch.setattr(bootstrap, "run", run)
    monkeypatch.setattr(bootstrap, "is_ready", lambda root, files: True)
    monkeypatch.setattr(build, "HEADLESS", tmp_path / "headless")
    monkeypatch.setattr(build, "WORK", tmp_path / "work")
    monkeypatch.setattr(build, "OPERATORS", tmp_path / "manifest.json")
    monkeypatch.setattr(bootstrap, "compile_translations", lambda root: None)
    monkeypatch.setattr(bootstrap, "compile_operators", lambda root: build.OPERATORS.touch())
    monkeypatch.setattr(
        bootstrap, "pip_install", lambda root, words: made.append(("pip", *words[-1:]))
    )
    return made


def test_it_takes_its_steps_and_prints_the_parts(
    calls: Calls, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build.main(["--into", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert out.count("[") == 6
    assert f"| {sizes.CODE} | 2.0 |" in out
    assert "| **total** | **2.0** |" in out
    run = [" ".join(call[:2]) for call in calls]
    assert run[:2] == ["-m installer.notices", "-m installer.icons"]
    assert run[-1] == "-m PyInstaller"
    if sys.platform == "linux":
        assert run[2].startswith("pip opencv-python-headless==")


def test_a_release_compiles_the_operators_for_every_machine(calls: Calls, tmp_path: Path) -> None:
    build.OPERATORS.touch()
    build._compile(Order(tmp_path, release=True, agreed=False))
    assert calls == [("-m", "ops.build", "--release")]


def test_a_bundle_without_operators_is_not_made(
    calls: Calls,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(bootstrap, "compile_operators", lambda root: None)
    assert build.main(["--into", str(tmp_path)]) == 1
    assert "install g++ or clang" in capsys.readouterr().err
    assert calls == []


def test_the_twin_of_opencv_is_fetched_once_and_on_linux_alone(
    calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    order = Order(tmp_path, release=False, agreed=False)
    build._take_headless(order)
    assert calls == []
    monkeypatch.setattr(sys, "platform", "linux")
    build._take_headless(order)
    ((_, wanted),) = calls
    version = wanted.partition("==")[2]
    assert f"opencv-python=={version}" in (ROOT / "requirements.txt").read_text().splitlines()
    (build.HEADLESS / f"opencv_python_headless-{version}.dist-info").mkdir(parents=True)
    build._take_headless(order)
    assert len(calls) == 1


def test_the_environment_is_made_where_it_is_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[list[str], bool]] = []
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "is_ready", lambda root, files: False)
    monkeypatch.setattr(
        bootstrap, "prepare", lambda root, files, agreed: made.append((files, agreed))
    )
    build._prepare(Order(tmp_path, release=False, agreed=True))
    assert made == [(["requirements.txt", "installer/requirements.txt"], True)]


def test_a_step_that_fails_says_why(
    calls: Calls,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = "\n".join(f"line {number}" for number in range(100))
    monkeypatch.setattr(bootstrap, "run", lambda command, watch, **variables: (2, said))
    assert build.main(["--into", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert "line 99\n\n-m installer.notices failed with 2." in error
    assert "line 10\n" not in error


def test_it_begins_with_the_standard_library_alone() -> None:
    code = (
        "import sys, installer.build; "
        "print(sorted(name for name in sys.modules if 'site-packages' in "
        "(getattr(sys.modules[name], '__file__', None) or '')))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() in ("[]", "['_distutils_hack']")
