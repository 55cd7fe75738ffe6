from __future__ import annotations

import ast
import contextlib
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import bootstrap

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project whose `.venv` was made, but has no stamp."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "requirements.txt").write_text("torch==2.13.0\ntorchvision==0.28.0\n", "utf-8")
    (tmp_path / "tests" / "requirements.txt").write_text("pytest==9.2.0\n", "utf-8")
    python = bootstrap.venv_python(tmp_path)
    python.parent.mkdir(parents=True)
    python.write_bytes(b"")
    return tmp_path


def fail(*arguments: object, **more: object) -> None:
    raise AssertionError(f"not to be called: {arguments}")


RUN = ["requirements.txt"]
TEST = ["requirements.txt", "tests/requirements.txt"]


def test_an_old_python_can_parse_the_file_and_learns_what_it_lacks() -> None:
    ast.parse((ROOT / "bootstrap.py").read_text("utf-8"), feature_version=(3, 7))
    assert bootstrap.too_old(3, 10) == "LabSight needs Python 3.11 or newer; this is Python 3.10."
    assert bootstrap.too_old(2, 7)
    assert [bootstrap.too_old(3, 11), bootstrap.too_old(3, 20), bootstrap.too_old(4, 0)] == [""] * 3


def test_only_the_standard_library_is_imported() -> None:
    code = "import bootstrap, sys; print(*sys.modules)"
    command = [sys.executable, "-S", "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    roots = {name.split(".")[0] for name in done.stdout.split()}
    assert roots <= {*sys.stdlib_module_names, "__main__", "bootstrap", "sitecustomize"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["runn"], "Unknown verb 'runn': use `run`, `test` or `--help`.\n"),
        (["--yes"], "A verb is missing: use `run`, `test` or `--help`.\n"),
        ([], "A verb is missing: use `run`, `test` or `--help`.\n"),
    ],
)
def test_other_verbs_are_refused_in_a_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert bootstrap.main(arguments) == 2
    assert capsys.readouterr() == ("", sentence)


def test_help_names_both_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert "run " in shown
    assert "test " in shown


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["run", "--help"], ("run", ["--help"], False)),
        (["run", "detect", "--yes"], ("run", ["detect", "--yes"], False)),
        (["--yes", "run", "a b"], ("run", ["a b"], True)),
        (["test", "--yes", "-m", ""], ("test", ["-m", ""], True)),
    ],
)
def test_arguments_go_on_untouched(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], expected: tuple[object, ...]
) -> None:
    seen: list[tuple[object, ...]] = []

    def perform(*given: object) -> int:
        seen.append(given)
        return 7

    monkeypatch.setattr(bootstrap, "perform", perform)
    monkeypatch.delenv("LABSIGHT_YES", raising=False)
    assert bootstrap.main(arguments) == 7
    assert seen == [expected]


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (KeyboardInterrupt(), 130, "Interrupted. Start again to go on.\n"),
        (bootstrap.Problem("No disk.\nFree some."), 1, "No disk.\nFree some.\n"),
        (OSError(28, "No space left on device"), 1, "[Errno 28] No space left on device\n"),
    ],
)
def test_failures_end_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    text: str,
) -> None:
    def perform(*given: object) -> int:
        raise error

    monkeypatch.setattr(bootstrap, "perform", perform)
    assert bootstrap.main(["run"]) == code
    assert capsys.readouterr().err == text


def test_the_stamp_says_what_is_installed(project: Path) -> None:
    assert not bootstrap.is_ready(project, RUN)
    bootstrap.write_stamp(project, RUN)
    assert bootstrap.is_ready(project, RUN)
    assert not bootstrap.is_ready(project, TEST)
    bootstrap.write_stamp(project, TEST)
    assert bootstrap.is_ready(project, TEST)
    assert bootstrap.is_ready(project, RUN)


def test_a_changed_requirement_is_noticed(project: Path) -> None:
    bootstrap.write_stamp(project, TEST)
    (project / "tests" / "requirements.txt").write_text("pytest==9.2.1\n", "utf-8")
    assert bootstrap.is_ready(project, RUN)
    assert not bootstrap.is_ready(project, TEST)


def test_another_python_is_noticed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bootstrap.write_stamp(project, RUN)
    monkeypatch.setattr(sys, "version", "3.12.1 (main)")
    assert not bootstrap.is_ready(project, RUN)


def test_a_stamp_cut_short_or_a_missing_interpreter_is_noticed(project: Path) -> None:
    bootstrap.write_stamp(project, TEST)
    stamp = project / ".venv" / bootstrap.STAMP
    stamp.write_text(stamp.read_text("utf-8")[:-1], "utf-8")
    assert not bootstrap.is_ready(project, TEST)
    assert bootstrap.is_ready(project, RUN)
    bootstrap.venv_python(project).unlink()
    assert not bootstrap.is_ready(project, RUN)


def test_a_ready_environment_is_started_at_once(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bootstrap.write_stamp(project, RUN)
    started: list[list[str]] = []

    def start(command: list[str]) -> int:
        started.append(command)
        return 5

    monkeypatch.setattr(bootstrap, "ROOT", project)
    monkeypatch.setattr(bootstrap, "run", fail)
    monkeypatch.setattr(bootstrap, "start", start)
    assert bootstrap.main(["run", "detect", "a b.png"]) == 5
    python, script = str(bootstrap.venv_python(project)), str(project / "main.py")
    assert started == [[python, script, "detect", "a b.png"]]


def test_a_kept_environment_forgets_half_installed_packages(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bootstrap.write_stamp(project, RUN)
    packages = project / ".venv" / "lib" / "python3.11" / "site-packages"
    for name in ("whole-1.dist-info", "half-1.dist-info"):
        (packages / name).mkdir(parents=True)
    (packages / "whole-1.dist-info" / "INSTALLER").write_text("pip", "utf-8")
    answer = f"{sys.version} {platform.machine()}"
    monkeypatch.setattr(bootstrap, "run", lambda command: (0, answer))
    bootstrap.make_venv(project)
    assert [path.name for path in packages.iterdir()] == ["whole-1.dist-info"]
    assert not bootstrap.is_ready(project, RUN)


@pytest.mark.parametrize("answer", [(103, "No Python"), (0, "3.12.1 (main) x86_64")])
def test_an_environment_that_does_not_fit_is_made_again(
    project: Path, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, str]
) -> None:
    asked: list[list[str]] = []

    def run(command: list[str]) -> tuple[int, str]:
        asked.append(command)
        return answer if "-c" in command else (0, "")

    monkeypatch.setattr(bootstrap, "run", run)
    bootstrap.make_venv(project)
    assert not bootstrap.venv_python(project).exists()
    assert asked[-1] == [bootstrap.BASE_PYTHON, "-m", "venv", str(project / ".venv")]


def test_a_second_bootstrap_says_so_and_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.ExitStack() as first:
        first.enter_context(bootstrap.locked(tmp_path))
        monkeypatch.setattr(time, "sleep", lambda seconds: first.close())
        with bootstrap.locked(tmp_path):
            said = capsys.readouterr().out
    assert said == (
        f"Another bootstrap is installing in {tmp_path}; waiting for it (Ctrl+C leaves).\n"
    )


def test_the_lock_ends_with_its_holder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = "import bootstrap, os, pathlib, sys\n"
    code += "with bootstrap.locked(pathlib.Path(sys.argv[1])): os._exit(9)"
    command = [sys.executable, "-c", code, str(tmp_path)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 9
    with bootstrap.locked(tmp_path):
        assert capsys.readouterr().out == ""


def test_newer_catalogues_are_compiled(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = project / "resources" / "i18n" / "zh_CN" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "labsight.po").write_text("", "utf-8")
    compiled: list[str] = []

    def run(command: list[str]) -> tuple[int, str]:
        compiled.append(command[command.index("-i") + 1])
        Path(command[-1]).write_bytes(b"compiled")
        return 0, ""

    monkeypatch.setattr(bootstrap, "run", run)
    bootstrap.compile_translations(project)
    bootstrap.compile_translations(project)
    assert compiled == [str(folder / "labsight.po")]
    assert sorted(path.name for path in folder.iterdir()) == ["labsight.mo", "labsight.po"]


def test_operators_are_compiled_when_they_changed(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[list[str], dict[str, str]]] = []
    source, made = project / "ops" / "scan" / "cpu.cpp", project / "ops" / "lib" / "manifest.json"
    for file in (source, made):
        file.parent.mkdir(parents=True)
    source.write_text("", "utf-8")

    def run(command: list[str], watch: Callable[[str], None], **rest: str) -> tuple[int, str]:
        asked.append((command[1:], rest))
        watch("a sentence\n")
        made.write_text("{}", "utf-8")
        return 3, ""

    monkeypatch.setattr(bootstrap, "run", run)
    bootstrap.compile_operators(project)
    bootstrap.compile_operators(project)
    assert asked == [(["-m", "ops.build"], {"PYTHONPATH": str(project)})]
    assert capsys.readouterr().out == "      a sentence\n"
    later = made.stat().st_mtime + 1
    os.utime(source, (later, later))
    bootstrap.compile_operators(project)
    assert len(asked) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="needs the system tool exec")
def test_the_exit_code_is_the_programs_own() -> None:
    code = "import bootstrap, sys; bootstrap.start([sys.executable, '-c', 'raise SystemExit(42)'])"
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 42


def test_requirements_are_exact() -> None:
    for name in TEST:
        lines = (ROOT / name).read_text("utf-8").splitlines()
        pins = [line for line in lines if line and not line.startswith("#")]
        assert [line for line in pins if line.count("==") != 1] == []
        assert len({line.split("==")[0].lower() for line in pins}) == len(pins)
