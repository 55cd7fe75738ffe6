"""The parts of the application without a window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from desktop.messages import Messages
from desktop.settings import Settings
from desktop.state import AppState
from engine.media import write_picture
from engine.scenes.tubes import render_tubes


@pytest.fixture
def state() -> AppState:
    return AppState()


@pytest.fixture
def settings(settings_path: Path) -> Settings:
    return Settings(settings_path)


@pytest.fixture
def messages() -> Messages:
    return Messages()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with five small pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(5):
        image = render_tubes(900_000 + number, (192, 128)).image
        write_picture(image, folder / f"p{number}.jpg")
    return folder


@pytest.fixture
def said(messages: Messages) -> Callable[[], str]:
    """Return a function that returns the last sentence said, empty for none."""
    return lambda: "" if messages.last is None else messages.last.text
