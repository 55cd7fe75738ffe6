"""Preferences come back as they were, and a broken file costs nothing."""

from pathlib import Path

import pytest
from PyQt6.QtCore import QByteArray, QSettings

from desktop.settings import RECENT, Preferences, Settings


def test_preferences_come_back(settings_path: Path) -> None:
    settings = Settings(settings_path)
    settings.change(language="zh_CN", mask_opacity=0.5, columns=("x", "y"), welcomed=True)
    settings.remember("recent_sources", "/图片/a, b.jpg")
    settings.keep_layout("docks", QByteArray(b"\0\1"))
    settings.sync()
    again = Settings(settings_path)
    assert again.preferences == Preferences(
        language="zh_CN",
        mask_opacity=0.5,
        columns=("x", "y"),
        welcomed=True,
        recent_sources=("/图片/a, b.jpg",),
    )
    assert again.layout("docks") == QByteArray(b"\0\1")
    assert again.language() == "zh_CN"
    again.forget_layout()
    assert again.layout("docks") is None


def test_recent_ones_are_few_and_each_once(settings_path: Path) -> None:
    settings = Settings(settings_path)
    for number in range(RECENT + 5):
        settings.remember("recent_weights", f"{number}.pt")
    settings.remember("recent_weights", "9.pt")
    kept = settings.preferences.recent_weights
    assert len(kept) == len(set(kept)) == RECENT
    assert kept[:2] == ("9.pt", f"{RECENT + 4}.pt")


@pytest.mark.parametrize("text", ["", "{", "17", '["a"]', "null"])
def test_a_value_that_makes_no_sense_counts_as_never_set(settings_path: Path, text: str) -> None:
    store = QSettings(str(settings_path), QSettings.Format.IniFormat)
    for name in ("theme", "welcomed", "mask_opacity"):
        store.setValue(f"preferences/{name}", text)
    store.sync()
    found = Settings(settings_path).preferences
    assert found.theme == "system"
    assert found.welcomed is False
    assert found.mask_opacity == (17.0 if text == "17" else 0.2)
