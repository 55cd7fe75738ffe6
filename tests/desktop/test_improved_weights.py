"""Weights of an improved network in the window: opened, read and used like any other."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.app import Application
from desktop.settings import Settings
from engine.media import write_picture
from engine.scenes.tubes import render_tubes
from tests.engine.models.test_weights import NAMES, made, write
from tests.helpers.tour import LONG_MS, detect

RECIPE = "yolo11n-seg:block=faster@neck,attention=cbam@p3+p4+p5,up=dysample,conv=repconv@backbone"


@pytest.fixture
def best(tmp_path: Path) -> Path:
    """Return weights that see something everywhere."""
    network = made(RECIPE)
    for branch in network.model[-1].cv3:
        branch[-1].bias.data.fill_(0.5)
    path = tmp_path / "最好 best.pt"
    write(path, network)
    return path


def test_they_detect_in_the_window(
    qtbot: QtBot,
    qapp: QApplication,
    tmp_path: Path,
    best: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LABSIGHT_HOME", str(tmp_path / "sessions"))
    monkeypatch.setenv("LABSIGHT_DATA", str(tmp_path / "data"))
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(2):
        image = render_tubes(900_000 + number, (192, 128)).image
        write_picture(image, folder / f"p{number}.jpg")
    application = Application(qapp, Settings(tmp_path / "settings.ini"))
    application.show()
    try:
        state, controller = application.state, application.controller
        qtbot.waitUntil(lambda: state.model is not None and not state.model_busy, timeout=LONG_MS)
        controller.weights.choose(best)
        qtbot.waitUntil(lambda: not state.model_busy, timeout=LONG_MS)
        assert state.model is not None
        assert state.model.names == tuple(NAMES.values())
        assert state.model.task == "segment"
        assert state.model.card is not None
        assert state.model.card["recipe"].startswith("yolo11n-seg:block=faster@neck")
        detect(qtbot, application, folder)
        totals = [outcome.total or 0 for outcome in state.outcomes.values()]
        assert len(totals) == 2
        assert all(total > 0 for total in totals)
    finally:
        application.close()
