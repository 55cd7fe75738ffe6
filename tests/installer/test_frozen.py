"""The place that a bundle is tried in: what the program finds there and what it may say."""

import json
import subprocess
from pathlib import Path

import pytest

from engine.version import NAME
from installer import frozen
from installer.frozen import Failure, Frozen, refuse_others, until, without_network

SCRIPT = """#!/bin/sh
case "$1" in
    environment) /usr/bin/env ;;
    json) echo '{"a": 1}'; echo '{"b": 2}' ;;
    words) echo words ;;
    nothing) ;;
    complain) echo '{}'; echo 'a warning' >&2 ;;
    fail) echo 'a reason' >&2; exit 2 ;;
    *) echo started; exec /bin/sleep 60 ;;
esac
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Frozen:
    """Return a bundle that is a script, with whatever network this machine has."""
    monkeypatch.setattr(frozen, "without_network", list)
    folder, home = tmp_path / "bundle", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    path = folder / NAME
    path.write_text(SCRIPT)
    path.chmod(0o755)
    return Frozen(folder, home, ":7")


def test_it_finds_a_home_a_screen_and_no_programs(program: Frozen) -> None:
    lines = program.say("environment").splitlines()
    # The shell adds two or three of its own.
    found = {
        line for line in lines if line.partition("=")[0] not in ("PWD", "OLDPWD", "SHLVL", "_")
    }
    assert found == {
        "DISPLAY=:7",
        f"HOME={program.home}",
        "LANG=C.UTF-8",
        "PATH=/nonexistent",
        f"TMPDIR={program.home / 'tmp'}",
    }


def test_what_it_prints_as_json(program: Frozen) -> None:
    assert program.tell("json") == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("words", "printed"),
        ("nothing", "printed nothing"),
        ("complain", "standard error: a warning"),
        ("fail", "fail ended with 2: a reason"),
    ],
)
def test_what_counts_as_a_failure(program: Frozen, word: str, reason: str) -> None:
    with pytest.raises(Failure, match=reason):
        program.tell(word)


def test_a_window_is_killed_and_what_it_left_is_swept_away(program: Frozen) -> None:
    log, left = program.home / "log", program.scratch / "left"
    left.mkdir()
    with program.started(log) as process:
        until("its word", lambda: log.read_text() == "started\n")
    assert process.returncode == -9
    assert list(program.scratch.iterdir()) == []


def test_only_lines_that_are_allowed_pass() -> None:
    refuse_others(["", "  ", "one of 3"], "the log", allowed=(r"one of \d",))
    with pytest.raises(Failure, match="the log: another"):
        refuse_others(["one of 3", "another"], "the log", allowed=(r"one of \d",))
    with pytest.raises(Failure):
        refuse_others(["one of 3 and more"], "the log", allowed=(r"one of \d",))


def test_patience_ends() -> None:
    with pytest.raises(Failure, match="the end did not come within 0 s"):
        until("the end", lambda: False, seconds=0)


@pytest.mark.tool("unshare")
def test_there_is_no_network() -> None:
    command = [*without_network(), "/bin/cat", "/proc/net/dev"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("needs the system tool unshare")
    names = [line.partition(":")[0].strip() for line in done.stdout.splitlines() if ":" in line]
    assert names == ["lo"]


def test_the_list_of_what_may_be_said_is_short() -> None:
    assert len(frozen.ALLOWED) <= 5
    assert json.dumps(frozen.ALLOWED)
