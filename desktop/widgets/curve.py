"""A curve of a plot: its name, its look, its values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PyQt6.QtGui import QColor

from desktop import theme
from desktop.widgets.plot import Values
from desktop.widgets.swatch import outline
from engine.colours import Colour

WIDTH, EDGE = 2.0, 3.5
NONE: Values = np.zeros(0)
Points = tuple[Values, Values]
"""Where values lie on the lower axis, ascending, and the values; [N] each."""


@dataclass(frozen=True, slots=True)
class Curve:
    """How a curve is called and looks.

    Attributes:
        key: Its values are given under this.
        row: Its name in the legend.
        column: Which of several of that name it is, may be empty.
        colour: A field of the theme, or that of a class.
        dashed: Whether its line is.
        width: Of its line.
        listed: Whether the legend names it.
    """

    key: str
    row: str
    column: str = ""
    colour: str | Colour = "accent"
    dashed: bool = False
    width: float = WIDTH
    listed: bool = True

    @property
    def shade(self) -> QColor:
        """Its colour in the theme in use."""
        if isinstance(self.colour, str):
            return theme.colour(self.colour)
        return QColor(*self.colour)

    @property
    def edge(self) -> QColor | None:
        """The colour around a line that could not be seen on white without, such as yellow."""
        light = theme.current() is theme.LIGHT
        return outline(self.colour) if light and not isinstance(self.colour, str) else None

    @property
    def around(self) -> float:
        """Width of the line and the colour around it."""
        return self.width + EDGE - WIDTH

    @property
    def dashes(self) -> tuple[float, float]:
        """Lengths of a dash and of the gap after it, in pixels.

        Square ends make each dash as much longer as its line is wide.
        """
        return 2 * self.width, 3 * self.width

    @property
    def title(self) -> str:
        """Its name with its column."""
        return f"{self.row}, {self.column}" if self.column else self.row
