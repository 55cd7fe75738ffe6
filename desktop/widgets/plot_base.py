"""What all plots share: pyqtgraph in the colours of the theme, loaded late.

pyqtgraph takes a third of a second to import. That happens in another thread when a plot is first
seen; what it is to show waits until then.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from PyQt6.QtCore import QPointF, QSize, Qt
from PyQt6.QtGui import QFont
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from desktop import theme
from desktop.background import Job, start
from desktop.widgets.savable import Savable

FONT_PX = 12


class BasePlot(Savable):
    """One plot, drawn only while it is on screen; what is in it is for its kinds to say.

    Args:
        name: What it shows, for screen readers and file names.
        across: What stands along the lower axis, with its unit.
        up: What stands along the upright axis, with its unit.
        side: Of the upright axis, "left" or "right".
        parent: The owner.

    Signals:
        failed: EngineError, a file could not be written.
    """

    def __init__(
        self,
        *,
        name: str,
        across: str,
        up: str,
        side: str = "left",
        parent: QWidget | None = None,
    ) -> None:
        """Show nothing yet."""
        super().__init__(name=name, parent=parent)
        self._side = side
        self._labels = {"bottom": across, side: up}
        self._loading = False
        self._changed = True
        self._widget: Any = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)

    @property
    def built(self) -> bool:
        """Whether there is something to see."""
        return self._widget is not None

    def set_labels(self, *, across: str, up: str) -> None:
        """Name the axes anew."""
        self._labels = {"bottom": across, self._side: up}
        if self._widget is not None:
            self._label_axes()

    def sizeHint(self) -> QSize:
        """Return a small plot."""
        return QSize(220, 140)

    def minimumSizeHint(self) -> QSize:
        """Return the least that can be read."""
        return QSize(96, 96)

    def prepare(self) -> None:
        """Load what draws, before it is needed: that takes a moment in which nothing else goes."""
        if self._widget is None and not self._loading:
            self._loading = True
            start(self, _load, done=self._build)

    def showEvent(self, event: object) -> None:
        """Load what draws, the first time; draw what came meanwhile."""
        self.prepare()
        if self._widget is not None and self._changed:
            self._draw()

    def _change(self) -> None:
        self._changed = True
        if self._widget is not None and self.isVisible():
            self._draw()

    def _build(self, loaded: ModuleType) -> None:
        self._pg, self._ours = loaded.pg, loaded
        pg = loaded.pg
        pg.setConfigOptions(antialias=True)
        axes = {side: loaded.EdgeAxis(side) for side in self._labels}
        widget = pg.PlotWidget(background=theme.colour("surface"), axisItems=axes)
        widget.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._widget, self._plot = widget, widget.getPlotItem()
        self._plot.hideButtons()
        self._plot.setMenuEnabled(False)
        # Its own way to export speaks English alone; ours is in the menu of this widget.
        for action in widget.sceneObj.contextMenu or ():
            # Out of the window at once, where nobody is to find words that are not translated.
            action.setParent(None)
            action.deleteLater()
        widget.sceneObj.contextMenu = None
        self._plot.setMouseEnabled(False, False)
        self._font = QFont(self.font())
        self._font.setPixelSize(FONT_PX)
        if self._side != "left":
            self._plot.showAxis(self._side)
            self._plot.hideAxis("left")
        for side in self._labels:
            self._dress_axis(self._plot.getAxis(side))
        # Room for the first or last figure of the lower axis.
        left, right = (2, 18) if self._side == "left" else (14, 2)
        self._plot.layout.setContentsMargins(left, 8, right, 2)
        self._label_axes()
        self._fill()
        widget.scene().sigMouseMoved.connect(self._on_mouse)
        self._layout.addWidget(widget, 1)
        if self.isVisible():
            self._draw()

    def _dress_axis(self, axis: Any) -> None:  # noqa: ANN401 - pyqtgraph's
        axis.enableAutoSIPrefix(False)
        axis.setPen(theme.colour("control"))
        axis.setTextPen(theme.colour("muted"))
        axis.setTickPen(self._pg.mkPen(theme.colour("grid"), width=1))
        axis.setStyle(
            tickFont=self._font, tickLength=0, tickTextOffset=4, hideOverlappingLabels=False
        )
        # The grid belongs to the axes and would lie over bars.
        axis.setZValue(-1)

    def _label_axes(self) -> None:
        style = {"color": theme.current().muted, "font-size": f"{FONT_PX}px"}
        for side, text in self._labels.items():
            self._plot.getAxis(side).setLabel(text, **style)

    def _fill(self) -> None:
        """Put into the plot what is always in it."""

    def _draw(self) -> None:
        """Draw what it is to show and note that nothing is changed since."""
        raise NotImplementedError

    def _on_mouse(self, at: QPointF) -> None:
        """Answer a pointer that moves over the plot."""


def _load(job: Job) -> ModuleType:
    from desktop.widgets import plot_items

    return plot_items
