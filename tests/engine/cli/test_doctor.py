"""`doctor` says what the machine has, and every problem it knows of."""

import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine import cards, device, fonts, i18n
from engine.cli import doctor
from engine.config import BACKENDS
from engine.errors import DeviceError
from tests.helpers.command_line import Command

KEYS = {"versions", "devices", "backends", "operators", "problems"}


@pytest.fixture(autouse=True)
def healthy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take away what may be wrong with the machine that the tests run on."""
    monkeypatch.setenv("LABSIGHT_HOME", str(tmp_path / "not made yet" / "sessions"))
    monkeypatch.setattr(cards, "unused", lambda: "")
    monkeypatch.setattr(fonts, "cjk_font", lambda: "a font")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=50e9))


def test_a_healthy_machine_as_json(command: Command, tmp_path: Path) -> None:
    said = command("doctor", "--json")
    (report,) = said.objects
    assert (said.code, said.err) == (0, "")
    assert set(report) == KEYS
    assert report["problems"] == []
    assert report["versions"] == device.versions()
    assert report["backends"] == dict.fromkeys(BACKENDS, "ok")
    scans = report["operators"]["selective_scan"]
    assert set(scans["cpu"]) == {"rung", "better"}
    assert all(set(each) == {"rung", "reason", "detail"} for each in scans["cpu"]["better"])
    assert report["devices"][0]["device"] == "cpu"
    assert all(set(entry) == {"device", "name", "state"} for entry in report["devices"])
    assert {entry["state"] for entry in report["devices"]} == {"ok"}
    # Looking must not make anything.
    assert list(tmp_path.iterdir()) == []


def test_a_healthy_machine_in_words(command: Command) -> None:
    said = command("doctor")
    assert (said.code, said.err) == (0, "")
    for name, version in device.versions().items():
        assert f"{name}: {version}\n" in said.out
    assert "cpu: cpu (" in said.out
    assert "operator selective_scan on cpu: " in said.out
    assert "No problems found" in said.out
    assert "PROBLEM" not in said.out


def problem(command: Command) -> str:
    """Return the one problem, told alike in both forms, that the machine has."""
    said = command("doctor", "--json")
    assert said.code == 1
    (report,) = said.objects
    (found,) = report["problems"]
    assert isinstance(found, str)
    words = command("doctor")
    assert words.code == 1
    assert f"PROBLEM: {found}\n" in words.out
    assert "No problems found" not in words.out
    return found


def test_weights_that_are_missing(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    absent = SimpleNamespace(weights=tmp_path / "absent.pt")
    monkeypatch.setattr(doctor, "RunConfig", lambda: absent)
    assert str(absent.weights) in problem(command)


def test_a_disk_that_is_nearly_full(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=0.4e9))
    assert "0.4 GB" in problem(command)


def test_a_home_that_cannot_be_written(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(dir: Path) -> None:  # noqa: A002
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    found = problem(command)
    assert str(tmp_path) in found
    assert "Permission denied" in found


def test_a_home_that_is_a_file(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv("LABSIGHT_HOME", str(tmp_path / "file" / "sessions"))
    assert str(tmp_path / "file") in problem(command)


def test_a_torch_that_cannot_be_imported(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OSError("[WinError 1114] A DLL failed to load")

    monkeypatch.setattr(device, "prepare", refuse)
    assert "WinError 1114" in problem(command)
    (report,) = command("doctor", "--json").objects
    assert report["devices"] == []
    assert report["operators"] == {}
    assert report["backends"] == dict.fromkeys(BACKENDS, "missing")


def test_a_card_beside_a_torch_for_the_processor(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.prepare()
    import torch

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(cards, "unused", lambda: "There is an NVIDIA card.")
    assert "NVIDIA" in problem(command)


def test_a_card_that_torch_cannot_use(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.prepare()
    import torch

    def refuse(name: str) -> torch.device:
        if name == "cpu":
            return torch.device(name)
        raise DeviceError("This torch cannot use {name}.", name=name)

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(device, "choose", refuse)
    monkeypatch.setattr(device, "describe", str)
    assert problem(command) == "This torch cannot use cuda:0."
    (report,) = command("doctor", "--json").objects
    assert [entry["state"] for entry in report["devices"]] == ["ok", "unusable"]


def test_translations_that_are_not_compiled(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(i18n, "resource", lambda name: tmp_path)
    monkeypatch.setenv("LABSIGHT_LANG", "zh_CN")
    assert "not compiled" in problem(command)


def test_a_missing_font(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "cjk_font", lambda: None)
    assert "font" in problem(command)
