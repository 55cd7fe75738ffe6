"""`self-test` tries every part and tells in one line which one fails."""

import tempfile
from pathlib import Path

import pytest

from engine.errors import WeightsError
from engine.store import SessionReader
from tests.helpers.catalogue import catalogue
from tests.helpers.command_line import Command, Said

PARTS = {"translations", "catalogue", "detection"}


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that all temporary files go to."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def run(command: Command, folder: Path, texts: dict[str, str]) -> Said:
    with catalogue(folder / "i18n", texts):
        return command("self-test")


def test_a_sound_installation(command: Command, tmp_path: Path, nowhere: Path) -> None:
    said = run(command, tmp_path, {"Confidence": "置信度"})
    (line,) = said.objects
    assert set(line) == {"ok", "parts", "seconds"}
    assert line["parts"] == dict.fromkeys(PARTS, "ok")
    assert line["ok"] is True
    assert (said.code, said.err) == (0, "")
    assert list(nowhere.iterdir()) == []


def test_a_part_that_fails_is_named_and_the_others_are_tried(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(config: object) -> None:
        raise WeightsError("{path} is damaged.", path="x.pt")

    monkeypatch.setattr("engine.inference.detector.open_detector", refuse)
    said = run(command, tmp_path, {"Confidence": "置信度"})
    (line,) = said.objects
    assert line["parts"] == {
        "translations": "ok",
        "catalogue": "ok",
        "detection": "WeightsError: x.pt is damaged.",
    }
    assert line["ok"] is False
    assert said.code == 1


def test_a_catalogue_that_is_not_compiled_is_noticed(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(config: object) -> None:
        raise WeightsError("There are none.")

    monkeypatch.setattr("engine.inference.detector.open_detector", refuse)
    (line,) = run(command, tmp_path, {}).objects
    assert line["parts"]["translations"] == "zh_CN is not compiled"


def test_rows_that_get_lost_are_noticed(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SessionReader, "object_count", lambda reader: 0)
    (line,) = run(command, tmp_path, {"Confidence": "置信度"}).objects
    assert "0 objects stored" in line["parts"]["detection"]
