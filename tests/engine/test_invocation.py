"""Arguments that are files open the window, all others are for the command line."""

from pathlib import Path

import pytest

from engine.cli.arguments import parser
from engine.invocation import COMMANDS, Window, window


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Start in a folder that holds a picture and folders, one of them named like a command."""
    (tmp_path / "样品 1.jpg").touch()
    (tmp_path / "rack").mkdir()
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_are_those_of_the_parser() -> None:
    (actions,) = (each for each in parser()._actions if each.dest == "command")
    assert set(actions.choices or ()) == COMMANDS


def test_nothing_asks_for_the_window() -> None:
    assert window([]) == Window()
    assert window(["--lang", "zh_CN"]) == Window(language="zh_CN")


def test_files_and_folders_open_in_the_window(here: Path) -> None:
    picture = here / "样品 1.jpg"
    assert window(["样品 1.jpg"]) == Window((picture,))
    assert window([str(picture), "rack", "gone.png"]) == Window(
        (picture, here / "rack", here / "gone.png")
    )
    assert window(["--lang", "en", "./data"]) == Window((here / "data",), "en")


@pytest.mark.parametrize(
    "arguments",
    [
        ["detect", "样品 1.jpg"],
        ["data"],
        ["data", "rack"],
        ["detct", "gone.jpg"],
        ["gone.jpg"],
        ["--version"],
        ["--lang"],
        ["--lang", "zh_CN", "doctor"],
        ["--lang=zh_CN"],
        ["rack", "--json"],
    ],
)
def test_everything_else_is_a_command_line(arguments: list[str]) -> None:
    assert window(arguments) is None
