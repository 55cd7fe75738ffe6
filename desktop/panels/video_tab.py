"""The tab of videos: playing, detecting while it plays, and what was counted over time."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtWidgets import QWidget

from desktop.panels.counter_drawing import CounterDrawing
from desktop.panels.counting import CountingPanel
from desktop.panels.detection_tab import DetectionTab
from desktop.panels.picture_bar import PictureBar
from desktop.panels.source_list import SourceList
from desktop.panels.time_counts import TimeCounts
from desktop.scene import Picture
from desktop.state import Place
from desktop.widgets.empty_state import EmptyState
from desktop.widgets.transport import Transport
from engine.i18n import translate as _
from engine.player import PlayerState, PlayerStatus
from engine.types import Result


class VideoTab(DetectionTab):
    """A video, played or worked through."""

    _asked: tuple[Place, Path | None] | None = None
    _plays = False
    _new = True

    def close_threads(self) -> None:
        """End the threads of the panels; the tab is of no use afterwards."""
        self._sources.close_threads()
        self._times.close_threads()
        super().close_threads()

    def empty(self) -> QWidget:
        """Return the hint to open a video."""
        empty = EmptyState(
            icon="film",
            text=_("Drop a video here"),
            hint=_("It plays with what is found in it; everything stays on this machine."),
            primary=_("Open videos…"),
        )
        empty.pressed.connect(self._controller.dialogs.open_pictures)
        return empty

    def above(self) -> list[QWidget]:
        """Return the bar of the picture."""
        self._bar = PictureBar(state=self._state, actions=self._actions)
        self.view.zoom_changed.connect(self._bar.show_zoom)
        return [self._bar]

    def below(self) -> list[QWidget]:
        """Return the transport, with what it asks for done."""
        videos = self._controller.videos
        bar = self._transport = Transport()
        bar.play_pressed.connect(videos.play)
        bar.pause_pressed.connect(videos.pause)
        bar.seek_requested.connect(self._on_seek)
        bar.time_requested.connect(self._on_seek_time)
        bar.step_requested.connect(videos.step)
        bar.speed_chosen.connect(videos.set_speed)
        bar.loop_toggled.connect(videos.set_loop)
        bar.detect_toggled.connect(videos.set_detecting)
        videos.status_changed.connect(self._on_status)
        videos.result_came.connect(self._on_played)
        if videos.status is not None:
            self._show_status(videos.status)
        return [bar]

    def setup(self) -> list[QWidget]:
        """Return tracking and the list of videos."""
        self._counting = CountingPanel(state=self._state)
        CounterDrawing(state=self._state, view=self.view, panel=self._counting, parent=self)
        dialogs = self._controller.dialogs
        self._sources = SourceList(state=self._state)
        self._sources.pictures_requested.connect(dialogs.open_pictures)
        self._sources.folder_requested.connect(dialogs.open_folder)
        return [self._counting, self._sources]

    def more_docks(self) -> list[tuple[str, str, QWidget]]:
        """Return the counts over time."""
        self._times = TimeCounts(state=self._state)
        self._times.seek_requested.connect(self._on_seek_time)
        return [("times", _("Counts over time"), self._times)]

    def picture_shown(self, picture: Picture | None) -> None:
        """Name the picture in the bar, and ask what a finished run has found in it."""
        self._bar.show_picture(picture)
        self._bar.show_zoom(self.view.zoom)
        if picture is None:
            return
        self._times.show_frame(picture.place)
        self._hold(picture.place)

    def _hold(self, place: Place) -> None:
        """Show a frame that is held as the session has it.

        Its objects can then be chosen, and follow the sliders.
        """
        status = self._controller.videos.status
        held = status is not None and status.state is not PlayerState.PLAYING
        asked = place, self._state.session
        if held and self._state.session is not None and asked != self._asked:
            self._asked = asked
            self._presenter.show(*asked)

    def _show(self, place: Place) -> None:
        videos = self._controller.videos
        new, self._new = self._new, False
        self._shown = place
        self._overlay = None
        self._presenter.set_thresholds(self._state.config, self._state.model)
        if self._state.phase.busy:
            return
        if new and videos.status is not None and videos.status.state is PlayerState.PLAYING:
            # The window is another one, the video plays on.
            return
        videos.show(place)
        if videos.status is None:
            # A picture among the videos.
            super()._show(place)

    def _on_place(self, place: Place | None) -> None:
        for part in (self._bar, self._transport):
            part.setVisible(place is not None)
        super()._on_place(place)

    def _on_played(self, result: Result) -> None:
        if self._state.phase.busy:
            return
        status = self._controller.videos.status
        # Where a frame was asked for, nothing that is still on its way may take its place.
        here = Place(result.frame.origin, result.frame.index)
        self._following, self._asked = here != self._state.place, None
        self._presenter.show_result(result, None if status is None else status.model)

    def _on_seek(self, index: int) -> None:
        self._controller.videos.seek(index)

    def _on_seek_time(self, time_s: float) -> None:
        self._controller.videos.seek_time(time_s)

    def _on_status(self, status: PlayerStatus) -> None:
        self._show_status(status)
        if status.state is PlayerState.FAILED and status.index is None and status.error:
            self._on_unreadable(status.error)
        played, self._plays = self._plays, status.state is PlayerState.PLAYING
        if played and not self._plays and self._state.place is not None:
            self._hold(self._state.place)

    def _show_status(self, status: PlayerStatus) -> None:
        self._transport.show_status(
            playing=status.state is PlayerState.PLAYING,
            index=status.index,
            time_s=status.time_s,
            frames=status.frames,
            duration_s=status.duration_s,
            speed=status.speed,
            loop=status.loop,
            detecting=self._controller.videos.detecting,
        )
