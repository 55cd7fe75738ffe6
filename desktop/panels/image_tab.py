"""The tab of pictures: a list of files, stepped through."""

from __future__ import annotations

from PyQt6.QtWidgets import QWidget

from desktop.panels.detection_tab import DetectionTab
from desktop.panels.picture_bar import PictureBar
from desktop.panels.source_list import SourceList
from desktop.scene import Picture
from desktop.state import Place
from desktop.widgets.empty_state import EmptyState
from engine.i18n import translate as _


class ImageTab(DetectionTab):
    """Pictures and what was found in them."""

    def close_threads(self) -> None:
        """End the threads of the panels; the tab is of no use afterwards."""
        self._sources.close_threads()
        super().close_threads()

    def empty(self) -> QWidget:
        """Return the hint to open something, with a welcome at the first start."""
        first = not self._settings.preferences.welcomed
        drop = _("Drop pictures, videos or folders here")
        empty = EmptyState(
            icon="image",
            text=_("Welcome to LabSight") if first else drop,
            hint=_(
                "It finds, counts and measures things in your pictures. Drop some here, or try the"
                " samples first; everything stays on this machine."
            )
            if first
            else _("or paste a picture; everything stays on this machine"),
            primary=_("Open pictures…"),
            secondary=_("Try sample pictures"),
        )
        empty.pressed.connect(self._on_empty_pressed)
        return empty

    def above(self) -> list[QWidget]:
        """Return the bar of the picture."""
        self._bar = PictureBar(state=self._state, actions=self._actions)
        self.view.zoom_changed.connect(self._bar.show_zoom)
        return [self._bar]

    def setup(self) -> list[QWidget]:
        """Return the list of files."""
        dialogs = self._controller.dialogs
        self._sources = SourceList(state=self._state)
        self._sources.pictures_requested.connect(dialogs.open_pictures)
        self._sources.folder_requested.connect(dialogs.open_folder)
        return [self._sources]

    def picture_shown(self, picture: Picture | None) -> None:
        """Name the picture in the bar."""
        self._bar.show_picture(picture)
        self._bar.show_zoom(self.view.zoom)

    def _on_place(self, place: Place | None) -> None:
        self._bar.setVisible(place is not None)
        super()._on_place(place)

    def _on_empty_pressed(self, name: str) -> None:
        if name == "primary":
            self._controller.dialogs.open_pictures()
        else:
            self._controller.try_samples()
