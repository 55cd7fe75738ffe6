"""The tab of cameras and streams."""

from __future__ import annotations

import time
from collections import deque

from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QWidget

from desktop.panels.counter_drawing import CounterDrawing
from desktop.panels.counting import CountingPanel
from desktop.panels.detection_tab import DetectionTab
from desktop.scene import Picture
from desktop.state import Place
from desktop.widgets.camera_bar import CameraBar
from desktop.widgets.empty_state import EmptyState
from desktop.widgets.live_badge import LiveBadge
from engine.i18n import translate as _
from engine.session import Phase
from engine.sources.live import LiveSettings, LiveState, LiveStatus
from engine.types import Result

READ_EVERY_MS = 250
RECENT = 60


class CameraTab(DetectionTab):
    """What a camera shows, and what is found in it."""

    _new = True
    _revived = False

    def close_threads(self) -> None:
        """End the threads of the panels; the tab is of no use afterwards."""
        self._read.stop()
        super().close_threads()

    def empty(self) -> QWidget:
        """Return the hint to start a camera."""
        empty = EmptyState(
            icon="camera",
            text=_("Choose a camera and press Start"),
            hint=_("Cameras of this machine, network cameras (RTSP, MJPEG) or a simulated one."),
            primary=_("Start"),
        )
        empty.pressed.connect(self._controller.cameras.start)
        return empty

    def above(self) -> list[QWidget]:
        """Return the bar of the device and the line that says how it is."""
        cameras = self._controller.cameras
        bar = self._bar = CameraBar()
        bar.device_chosen.connect(cameras.choose)
        bar.address_entered.connect(self._on_address)
        bar.refresh_requested.connect(cameras.refresh)
        bar.mode_changed.connect(cameras.set_mode)
        bar.snapshot_pressed.connect(cameras.snapshot)
        bar.record_pressed.connect(cameras.record)
        bar.record_stopped.connect(cameras.stop_recording)
        cameras.devices_changed.connect(self._on_devices)
        cameras.mode_changed.connect(self._on_mode)
        self._badge = LiveBadge()
        self._latencies: deque[float] = deque(maxlen=RECENT)
        self._read = QTimer(self)
        self._read.setInterval(READ_EVERY_MS)
        self._read.timeout.connect(self._on_read)
        self._state.live_changed.connect(self._on_live)
        self._state.device_changed.connect(self._on_device)
        self._workspace.runs.result_came.connect(self._on_newest)
        self._on_devices(cameras.devices)
        self._on_device(self._state.device)
        self._on_mode(cameras.mode)
        # The window may be made anew while a camera runs.
        self._show_phase(self._state.phase)
        cameras.refresh()
        return [bar, self._badge]

    def setup(self) -> list[QWidget]:
        """Return tracking with its lines and zones."""
        self._counting = CountingPanel(state=self._state)
        CounterDrawing(state=self._state, view=self.view, panel=self._counting, parent=self)
        return [self._counting, QWidget()]

    def picture_shown(self, picture: Picture | None) -> None:
        """Take what was found in a picture of the former window from its session."""
        if self._revived and picture is not None:
            self._revived = False
            super()._show(picture.place)

    def _show(self, place: Place) -> None:
        new, self._new = self._new, False
        newest = self._controller.cameras.newest
        known = newest is not None and newest.frame.origin == place.path
        if new and newest is not None and known and not self._state.phase.busy:
            # The window is another one, and no file holds the picture that was on screen.
            self._revived = self._following = True
            self._presenter.show_result(newest, self._state.model)
        else:
            super()._show(place)

    def _on_place(self, place: Place | None) -> None:
        super()._on_place(place)
        busy = self._state.phase.busy
        self._badge.setVisible(place is not None or busy)
        self._empty.setVisible(place is None and not busy)

    def _on_phase(self, phase: Phase) -> None:
        super()._on_phase(phase)
        if phase is Phase.LOADING:
            self._latencies.clear()
        self._show_phase(phase)

    def _show_phase(self, phase: Phase) -> None:
        self._bar.set_running(phase.busy)
        if phase.busy:
            self._empty.hide()
            self._badge.show()
            self._read.start()
        else:
            self._read.stop()
            self._empty.setVisible(self._state.place is None)
        self._on_read()

    def _on_devices(self, devices: tuple[tuple[str, str], ...]) -> None:
        self._bar.set_devices(devices)

    def _on_device(self, spec: str) -> None:
        self._bar.set_device(spec)

    def _on_mode(self, mode: LiveSettings) -> None:
        self._bar.set_mode(mode.width, mode.height, mode.rate_hz)

    def _on_address(self, address: str) -> None:
        self._controller.cameras.choose(address)

    def _on_newest(self, result: Result) -> None:
        if result.frame.arrived is not None:
            self._latencies.append(1000 * (time.monotonic() - result.frame.arrived))

    def _on_live(self, status: LiveStatus | None) -> None:
        self._show_live(status)

    def _on_read(self) -> None:
        """Show what changes by the second: the rate, the wait, the length of the recording."""
        self._show_live(self._state.live)
        switch = self._controller.cameras.recording
        if switch is None or not switch.active:
            self._bar.show_recording(None, None)
        else:
            self._bar.show_recording(switch.elapsed_s, switch.left_s)

    def _show_live(self, status: LiveStatus | None) -> None:
        if status is None or not self._state.phase.busy:
            self._badge.show_stopped()
            return
        if status.state is LiveState.LIVE:
            latencies = sorted(self._latencies)
            self._badge.show_live(
                rate_hz=status.rate_hz,
                latency_ms=latencies[len(latencies) // 2] if latencies else None,
                dropped=self._workspace.runs.dropped,
                size=(status.width, status.height),
            )
        elif status.state is LiveState.WAITING:
            wait_s = max(0.0, (status.retry_at or 0.0) - time.monotonic())
            reason = "" if status.error is None else status.error.message
            self._badge.show_waiting(wait_s=wait_s, attempt=status.attempt, reason=reason)
        else:
            self._badge.show_connecting()
