"""Verbs for cameras and streams: choose, start, snapshot, record."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, pyqtSignal

from desktop.background import Job, start
from desktop.messages import Act, Messages
from desktop.settings import Settings
from desktop.state import AppState
from desktop.verbs.exports import reveal
from desktop.workspace import Workspace
from engine.counting import counter_text
from engine.errors import EngineError
from engine.i18n import translate as _
from engine.session import Phase
from engine.sources.addresses import parse_address
from engine.sources.live import LiveSettings, open_live
from engine.types import Result

if TYPE_CHECKING:
    from engine.recording import RecordingSwitch

DEVICES_KEPT = 20


class CameraVerbs(QObject):
    """Owns the list of cameras and what is recorded of the one that runs.

    Args:
        workspace: Of the tab of cameras.
        settings: Remembers the device and how each was set.
        messages: Told what was written and what went wrong.
        parent: The owner.

    Signals:
        devices_changed: tuple of (spec, words), the cameras there are.
        mode_changed: `LiveSettings` of the device that was chosen.
    """

    devices_changed = pyqtSignal(object)
    mode_changed = pyqtSignal(object)

    def __init__(
        self,
        *,
        workspace: Workspace,
        settings: Settings,
        messages: Messages,
        parent: QObject | None = None,
    ) -> None:
        """Choose the device of the last time."""
        super().__init__(parent)
        self._workspace = workspace
        self._state: AppState = workspace.state
        self._settings = settings
        self._messages = messages
        self._recording: RecordingSwitch | None = None
        self._wanted_s: float | None = None
        self._waits_to_record = False
        self._newest: Result | None = None
        self._looking = False
        self.devices: tuple[tuple[str, str], ...] = ()
        self._state.change(device=settings.preferences.device)
        workspace.runs.result_came.connect(self._on_result)
        self._state.phase_changed.connect(self._on_phase)

    def refresh(self) -> None:
        """Look which cameras there are."""
        if self._looking:
            return
        self._looking = True
        start(self, lambda job: _devices(), done=self._on_devices, ended=self._on_looked)

    def choose(self, spec: str) -> None:
        """Take a camera or an address for the next run."""
        if self._state.phase.busy or spec == self._state.device:
            return
        self._state.change(device=spec)
        self.mode_changed.emit(self.mode)
        if not _is_secret(spec):
            self._settings.change(device=spec)

    @property
    def mode(self) -> LiveSettings:
        """How the chosen device was set the last time."""
        for text in self._settings.preferences.device_modes:
            spec, _between, mode = text.rpartition("|")
            if spec == self._state.device:
                return _mode_of(mode)
        return LiveSettings()

    def set_mode(self, width: int | None, height: int | None, rate_hz: float | None) -> None:
        """Ask the chosen device for a size and a rate, None for its own."""
        spec = self._state.device
        if not spec or _is_secret(spec):
            return
        others = [
            text
            for text in self._settings.preferences.device_modes
            if text.rpartition("|")[0] != spec
        ]
        mode = f"{width or 0}x{height or 0}@{rate_hz or 0:g}"
        self._settings.change(device_modes=(f"{spec}|{mode}", *others)[:DEVICES_KEPT])

    def start(self) -> None:
        """Detect what the chosen device shows."""
        from engine.recording import RecordingSwitch

        if not self._state.device:
            self._messages.info(_("No camera is chosen."), _("Choose one in the list."))
            return
        try:
            source = open_live(self._state.device, self.mode)
        except EngineError as error:
            self._messages.error(error)
            return
        switch = RecordingSwitch()
        if self._workspace.runs.begin(source, (source.origin,), recording=switch):
            self._recording, self._newest = switch, None

    def snapshot(self) -> None:
        """Keep the picture on screen, as it is and with what was found in it."""
        result, model, session = self._newest, self._state.model, self._state.session
        if result is None or model is None or session is None:
            self._messages.info(_("There is no picture yet."), _("Start the camera first."))
            return

        config = dataclasses.replace(
            self._state.config, counters=tuple(map(counter_text, self._state.counters))
        )

        def keep(job: Job) -> Path:
            from engine.recording import save_snapshot

            return save_snapshot(result, model, session.parent, config)

        start(self, keep, done=self._on_kept, failed=self._messages.error)

    def record(self, seconds: float | None = None) -> None:
        """Record from now on, for so many seconds or until it is ended; start where need be."""
        if self._state.phase is Phase.RUNNING and self._recording is not None:
            self._recording.start(seconds)
            return
        self._waits_to_record, self._wanted_s = True, seconds
        if not self._state.phase.busy:
            self.start()
            # A start that failed leaves nothing to wait for.
            self._waits_to_record = self._state.phase.busy

    def stop_recording(self) -> None:
        """Record no more; detection goes on."""
        self._waits_to_record = False
        if self._recording is not None:
            self._recording.stop()

    def record_or_stop(self) -> None:
        """Record, or end the recording under way."""
        if self._recording is not None and self._recording.active:
            self.stop_recording()
        else:
            self.record()

    @property
    def newest(self) -> Result | None:
        """The last picture of the run that was last, with what was found in it."""
        return self._newest

    @property
    def recording(self) -> RecordingSwitch | None:
        """The switch of the run under way."""
        return self._recording

    def close(self) -> None:
        """Forget the picture."""
        self._newest = None

    def _on_result(self, result: Result) -> None:
        self._newest = result

    def _on_phase(self, phase: Phase) -> None:
        if phase is Phase.RUNNING and self._waits_to_record:
            self._waits_to_record = False
            self.record(self._wanted_s)
        elif not phase.busy:
            self._waits_to_record = False
            self._recording = None

    def _on_devices(self, devices: tuple[tuple[str, str], ...]) -> None:
        self.devices = devices
        self.devices_changed.emit(devices)
        if not self._state.device and devices:
            self.choose(devices[0][0])

    def _on_looked(self) -> None:
        self._looking = False

    def _on_kept(self, path: Path) -> None:
        self._messages.info(
            _("Written: {path}").format(path=path), act=Act(_("Open"), lambda: reveal(path))
        )


def _devices() -> tuple[tuple[str, str], ...]:
    """Return the cameras there are and the simulated one; for a background thread."""
    from engine.sources.cameras import list_cameras

    found = [(f"camera:{each.name}", each.name) for each in list_cameras()]
    return (*found, ("sim:", _("Simulated camera")))


def _is_secret(spec: str) -> bool:
    """Tell whether a spec may hold a password, which is not for a file of settings."""
    if "://" not in spec:
        return False
    try:
        return parse_address(spec).origin != spec
    except EngineError:
        return True


def _mode_of(text: str) -> LiveSettings:
    """Return the settings that `set_mode` wrote."""
    try:
        size, _between, rate = text.partition("@")
        width, height = (int(side) or None for side in size.split("x"))
        return LiveSettings(width, height, float(rate) or None)
    except ValueError:
        return LiveSettings()
