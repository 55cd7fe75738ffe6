"""Whether a window could be shown, without asking Qt, which would end the process."""

from __future__ import annotations

import sys

import pytest

from benchmarks.screen import virtual_screen
from engine import display

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs the system tool Xvfb")


@pytest.fixture(autouse=True)
def nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


def test_nothing_is_no_display() -> None:
    assert not display.available()


def test_a_server_that_does_not_answer_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":4711")
    assert not display.available()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-4711")
    assert not display.available()


@pytest.mark.tool("Xvfb")
def test_a_server_that_answers_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with virtual_screen() as environment:
        monkeypatch.setenv("DISPLAY", environment["DISPLAY"])
        assert display.available()


def test_a_platform_without_a_screen_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert display.available()
