"""Verbs for the video on screen: play, seek, step, and working through the whole of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from desktop.messages import Messages
from desktop.state import AppState, Place
from desktop.verbs.runs import FRAME_EVERY_MS
from desktop.workspace import Workspace
from engine.config import RunConfig
from engine.counting import counter_text
from engine.errors import EngineError
from engine.inference.shelf import DetectorShelf
from engine.player import Player, PlayerState, PlayerStatus
from engine.sources.listing import is_video
from engine.types import Result


class VideoVerbs(QObject):
    """Owns the player of the video on screen.

    It is there while a video is on screen and no run is under way in the tab: a run shows what it
    is at itself.

    Args:
        workspace: Of the tab of videos.
        messages: Told what cannot be played.
        shelf: Lends the detector for detection while playing.
        parent: The owner.

    Signals:
        result_came: The newest `Result` of the player, at most every 16 ms.
        status_changed: `PlayerStatus`, whenever it is another.
    """

    result_came = pyqtSignal(object)
    status_changed = pyqtSignal(object)

    def __init__(
        self,
        *,
        workspace: Workspace,
        messages: Messages,
        shelf: DetectorShelf,
        parent: QObject | None = None,
    ) -> None:
        """Play nothing."""
        super().__init__(parent)
        self._workspace = workspace
        self._state: AppState = workspace.state
        self._messages = messages
        self._shelf = shelf
        self._player: Player | None = None
        # Those that were told to end and may still be at their last frame.
        self._leaving: list[Player] = []
        self._told = -1
        self._said: EngineError | None = None
        self._wanted: int | None = None
        self._detecting = False
        self._pull = QTimer(self)
        self._pull.setInterval(FRAME_EVERY_MS)
        self._pull.timeout.connect(self._on_pull)
        self._state.config_changed.connect(self._on_config)
        self._state.counters_changed.connect(self._on_config)
        self._state.phase_changed.connect(self._on_phase)
        self._state.view_changed.connect(self._on_view)
        self._state.engaged_changed.connect(self._on_config)

    @property
    def status(self) -> PlayerStatus | None:
        """How the player is, None where no video is open."""
        return None if self._player is None else self._player.status

    def show(self, place: Place) -> None:
        """Bring a frame of a video on screen, and hold it."""
        player = self._player
        if player is None or str(player.path) != place.path:
            player = self._open(Path(place.path))
        if player is None:
            return
        self._wanted = place.index
        if place.index or player.status.index is not None:
            player.pause()
            player.seek(place.index)

    def toggle(self) -> None:
        """Play, or hold the frame on screen."""
        status = self.status
        if status is None:
            return
        if status.state is PlayerState.PLAYING:
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        """Play from the frame on screen on, from the start where that is the last one."""
        if self._player is not None:
            self._wanted = None
            status = self._player.status
            if status.index is not None and status.index + 1 == status.frames:
                self._player.seek(0)
            self._player.play()

    def pause(self) -> None:
        """Hold the frame on screen."""
        if self._player is not None:
            self._player.pause()

    def seek(self, index: int) -> None:
        """Go to a frame."""
        if self._player is not None:
            self._wanted = None
            self._player.seek(index)

    def seek_time(self, time_s: float) -> None:
        """Go to the frame that is shown at a time."""
        if self._player is not None:
            self._wanted = None
            self._player.seek_time(time_s)

    def step(self, by: int) -> None:
        """Go so many frames on, or back."""
        if self._player is not None:
            self._wanted = None
            self._player.step(by)

    def step_on(self) -> None:
        """Go one frame on."""
        self.step(1)

    def step_back(self) -> None:
        """Go one frame back."""
        self.step(-1)

    def set_speed(self, speed: float) -> None:
        """Play so many times as fast as the video says."""
        if self._player is not None:
            self._player.set_speed(speed)

    def set_loop(self, on: bool) -> None:
        """Begin again at the end, or stop there."""
        if self._player is not None:
            self._player.set_loop(on)

    def set_detecting(self, on: bool) -> None:
        """Detect in the frames that are shown, or show them as they are."""
        self._detecting = on
        self._on_config()

    @property
    def detecting(self) -> bool:
        """Whether frames that are shown are detected in."""
        return self._detecting

    def process(self) -> None:
        """Work through the videos of the list from start to end."""
        sources, runs = self._workspace.sources, self._workspace.runs
        files = self._state.sources
        if not files:
            return
        from engine.sources.listing import SourceList

        status = self.status
        # The frames of a video on screen were counted; no header is believed.
        total = status.frames if status is not None and len(files) == 1 else None
        asked = sources.asked or tuple(str(path) for path in files[:1])
        runs.begin(SourceList(files), asked, total=total)

    def close(self) -> None:
        """End the player and wait for its thread."""
        self._leave()
        for player in self._leaving:
            player.close()
        self._leaving.clear()

    def _leave(self) -> None:
        """End the player without waiting: the network may be at a frame, or weights be loaded."""
        self._pull.stop()
        self._leaving = [each for each in self._leaving if not each.over]
        if self._player is not None:
            self._player.close(wait=False)
            self._leaving.append(self._player)
            self._player = None

    def _open(self, path: Path) -> Player | None:
        self._leave()
        if self._state.phase.busy or not is_video(path):
            return None
        self._player = Player(path, shelf=self._shelf)
        self._told, self._said = -1, None
        self._on_view()
        self._on_config()
        self._pull.start()
        return self._player

    def _on_pull(self) -> None:
        player = self._player
        if player is None:
            return
        status = player.status
        result = player.latest.take()
        if result is not None and self._is_wanted(result, status):
            if result.counted is not None:
                self._state.change(counted=result.counted)
            self.result_came.emit(result)
        if status.version != self._told:
            self._told = status.version
            if status.error is not None and status.error is not self._said:
                self._messages.error(status.error)
            self._said = status.error
            self.status_changed.emit(status)

    def _is_wanted(self, result: Result, status: PlayerStatus) -> bool:
        """Tell whether a frame is to be shown: not one that was on its way before `show`."""
        index, wanted = result.frame.index, self._wanted
        clipped = status.frames is not None and index + 1 == status.frames
        if wanted is None or index == wanted or (clipped and index < wanted):
            self._wanted = None
            return True
        return False

    def _on_config(self) -> None:
        if self._player is None:
            return
        wanted = self._detecting and not self._state.engaged
        self._player.detect_with(self._config() if wanted else None)

    def _config(self) -> RunConfig:
        counters = tuple(map(counter_text, self._state.counters))
        config = self._state.config
        return dataclasses.replace(config, counters=counters if config.track != "off" else ())

    def _on_view(self) -> None:
        view = self._state.view
        if self._player is not None:
            shown = None if view is None or view.growing else view.path
            self._player.show_session(shown)

    def _on_phase(self) -> None:
        if self._state.phase.busy:
            self._leave()
