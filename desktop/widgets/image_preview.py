"""The picture view alone, with a rendered picture and what is in it, to be tried by hand.

`python -m desktop.widgets.image_preview`; L draws a line, Z a zone.
"""

from __future__ import annotations

import numpy as np
from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtWidgets import QApplication

from desktop import theme
from desktop.finds import Finds
from desktop.scene import Picture
from desktop.state import Place
from desktop.widgets.counter_shape import CounterShape, Point
from desktop.widgets.image_view import ImageView
from engine import masks
from engine.config import RunConfig
from engine.inference.fake import FakeDetector
from engine.scenes.tubes import render_tubes
from engine.types import Detections, Frame


def main() -> None:
    """Show the view."""
    scene = render_tubes(7, (2400, 1350))
    shapes = tuple(masks.encode(mask, 0, 0, *mask.shape) for mask in scene.masks)
    found = Detections(
        np.array([masks.bounds(shape) for shape in shapes], np.float32),
        np.linspace(0.97, 0.61, len(shapes), dtype=np.float32),
        np.array(scene.classes, np.int32),
        shapes,
    )
    place = Place("tubes.jpg")
    finds = Finds(
        place=place,
        size=scene.image.shape[:2],
        info=FakeDetector(names=scene.names).info,
        detections=found,
    )
    choice = finds.choose(RunConfig())
    finds.trace(choice, 1.0, lambda: False)
    app = QApplication(["preview"])
    theme.apply(app, "system")
    view = ImageView()
    view.set_picture(Picture.of(Frame(scene.image, 0, None, place.path), place))
    view.set_overlay(finds.overlay(choice, 1.0))
    view.object_clicked.connect(view.select)
    shapes_drawn: list[CounterShape] = []

    def add(kind: str, points: tuple[Point, ...]) -> None:
        shapes_drawn.append(CounterShape(kind, f"{kind} {len(shapes_drawn) + 1}", points))
        view.set_counters(tuple(shapes_drawn))

    view.counter_drawn.connect(add)
    for key, kind in (("L", "line"), ("Z", "zone")):
        shortcut = QShortcut(QKeySequence(key), view)
        shortcut.activated.connect(lambda kind=kind: view.begin_counter(kind))
    view.resize(1000, 700)
    view.show()
    app.exec()


if __name__ == "__main__":
    main()
