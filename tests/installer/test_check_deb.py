"""The check of a package: what it says when something is missing, and how it looks at a window."""

import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from benchmarks.screen import virtual_screen
from engine.paths import ROOT
from engine.version import __version__
from installer import check_deb, person
from installer.deb import TEMPLATES
from installer.frozen import Failure
from installer.person import Person, holds, wait


def test_a_package_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert check_deb.main([str(tmp_path / "absent.deb")]) == 1
    assert "python -m installer.deb" in capsys.readouterr().err
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert check_deb.main([str(tmp_path / "absent.deb")]) == 1
    assert "only root" in capsys.readouterr().err
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert check_deb.main([str(tmp_path / "absent.deb")]) == 1
    assert "missing here: Xvfb, xdotool, apt-get, gio" in capsys.readouterr().err


def test_the_entry_of_the_menu_is_followed_where_nothing_else_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(check_deb, "ENTRY", TEMPLATES / "labsight.desktop")
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert check_deb._menu_entry() == ["/opt/labsight/LabSight"]
    picture = Path("/home/a b/样品.png")
    assert check_deb._menu_entry(picture) == ["/opt/labsight/LabSight", str(picture)]
    monkeypatch.setattr("shutil.which", lambda name: name)
    assert check_deb._menu_entry(picture) == ["gtk-launch", "labsight.desktop", str(picture)]


def test_all_that_is_in_a_place_is_found(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "c").touch()
    found = check_deb.found_in((f"{tmp_path}/a", f"{tmp_path}/absent"))
    assert found == {f"{tmp_path}/a/b", f"{tmp_path}/a/c"}


def test_what_does_not_come_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(person, "PATIENCE_S", 0.1)
    with pytest.raises(Failure, match="the window did not come"):
        wait("the window", lambda: False)
    wait("the window", lambda: True)


def test_an_open_file_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "session.labsight"
    process = psutil.Process()
    file.touch()
    assert not holds(process, file)
    with file.open():
        assert holds(process, file)


def test_somebody_has_nothing_of_this_python(tmp_path: Path) -> None:
    someone = Person(tmp_path, display=":0", program=tmp_path, title="LabSight")
    assert someone.run("pwd") == str(tmp_path)
    names = {line.partition("=")[0] for line in someone.run("env").splitlines()}
    assert not names & {"PYTHONPATH", "VIRTUAL_ENV", "LABSIGHT_HOME", "QT_QPA_PLATFORM"}
    with pytest.raises(Failure, match="false ended with 1"):
        someone.run("false")


@pytest.mark.tool("Xvfb")
@pytest.mark.tool("xdotool")
def test_a_window_is_started_seen_and_closed(tmp_path: Path) -> None:
    program = tmp_path / "program" / "LabSight"
    program.parent.mkdir()
    # The program is the one of this checkout: what is looked at is the looking.
    program.write_text(f'#!/bin/sh\n{sys.executable} {ROOT}/main.py "$@"\n', "utf-8")
    program.chmod(0o755)
    with virtual_screen() as screen:
        someone = Person(
            tmp_path / "home", display=screen["DISPLAY"], program=program.parent, title="LabSight"
        )
        someone.home.mkdir()
        assert someone.run(str(program), "--version") == f"LabSight {__version__}"
        with someone.window(str(program)) as process:
            assert process.is_running()
        until = time.monotonic() + 5
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < until
    assert os.listdir(someone.home / ".local" / "share" / "labsight" / "logs")
