"""A camera that comes or goes is heard of; a system that cannot tell is no failure."""

import builtins
from collections.abc import Mapping, Sequence

import pytest
from PyQt6.QtCore import QObject, pyqtSlot
from PyQt6.QtWidgets import QApplication

from desktop.hotplug import watch_cameras


class Listener(QObject):
    """Counts what it hears."""

    heard = 0

    @pyqtSlot()
    def changed(self) -> None:
        self.heard += 1


def test_a_change_of_the_cameras_is_told_as_long_as_the_owner_lives(qapp: QApplication) -> None:
    owner, listener = QObject(), Listener()
    assert watch_cameras(listener.changed, owner)
    from PyQt6.QtMultimedia import QMediaDevices

    (devices,) = owner.findChildren(QMediaDevices)
    devices.videoInputsChanged.emit()
    assert listener.heard == 1


def test_a_system_without_the_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> object:
        if name == "PyQt6.QtMultimedia":
            raise ImportError("libpulse.so.0: cannot open shared object file")
        return real(name, globals, locals, fromlist, level)

    monkeypatch.setattr(builtins, "__import__", refuse)
    assert not watch_cameras(lambda: None, QObject())
