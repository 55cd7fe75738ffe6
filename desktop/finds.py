"""What a run found in one picture, to be seen at any thresholds; outside the UI thread."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF
from PyQt6.QtGui import QPainterPath, QPolygonF

from desktop.scene import Overlay
from desktop.state import Place
from engine.colours import class_colours
from engine.config import RunConfig
from engine.types import Candidates, Detections, Float32, ModelInfo, Rle

if TYPE_CHECKING:
    from engine.inference.suppression import Suppression


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What is left at some thresholds.

    Attributes:
        detections: The objects.
        keys: A number for each, the same at all thresholds.
        without_mask: Objects left out because the run did not keep their masks.
    """

    detections: Detections
    keys: tuple[int, ...]
    without_mask: int = 0


class Finds:
    """Everything that one picture's result holds.

    Args:
        place: Of the picture.
        size: Its (height, width) in pixels.
        info: The weights that found it.
        detections: What the run itself reported.
        candidates: What was proposed before suppression, None where not kept.
        probabilities: [C] float32 for classification, None otherwise.
        frame_id: Of the frame in its session, None while its run is under way.
    """

    def __init__(
        self,
        *,
        place: Place,
        size: tuple[int, int],
        info: ModelInfo,
        detections: Detections,
        candidates: Candidates | None = None,
        probabilities: Float32 | None = None,
        frame_id: int | None = None,
    ) -> None:
        """Keep what was found."""
        self.info = info
        self._place = place
        self._size = size
        self._frame_id = frame_id
        self._own = detections
        self._candidates = candidates
        self._probabilities = probabilities
        self._suppression: Suppression | None = None
        self._masks = detections.masks if candidates is None else candidates.masks
        self._outlines: dict[float, dict[int, QPainterPath]] = {}

    def prepare(self) -> None:
        """Work out once what makes every later choice quick."""
        from engine.inference.suppression import Suppression

        if self._candidates is not None and self._suppression is None:
            self._suppression = Suppression(self._candidates)

    def choose(self, config: RunConfig, model: ModelInfo | None = None) -> Choice:
        """Return what is left at the thresholds of a config.

        At the run's own thresholds it is what the run reported; at others its own objects keep
        their track numbers, and the rest has none.

        Args:
            config: The thresholds.
            model: The weights that numbers in `config.classes` are of; names need none.
        """
        classes = class_numbers(config, model or self.info, self.info)
        if self._candidates is None:
            return self._filtered(config, classes)
        from engine.inference.candidates import detections
        from engine.inference.tracking import carried_ids

        chosen = self._positions(self._candidates, config, classes)
        without_mask = 0
        if self._masks is not None:
            without_mask = sum(self._masks[position] is None for position in chosen.tolist())
            chosen = np.array([each for each in chosen.tolist() if self._filled(each)], np.intp)
        found = detections(self._candidates, chosen, self._size)
        if _same(found, self._own):
            found = self._own
        elif self._own.ids is not None:
            found = dataclasses.replace(found, ids=carried_ids(found, self._own))
        return Choice(found, tuple(chosen.tolist()), without_mask)

    def overlay(self, choice: Choice, tolerance: float) -> Overlay:
        """Return a choice for the view, with the outlines that were traced so far."""
        traced = self._outlines.get(tolerance, {})
        has_masks = choice.detections.masks is not None
        return Overlay(
            place=self._place,
            frame_id=self._frame_id,
            detections=choice.detections,
            names=self.info.names,
            colours=class_colours(self.info.names),
            outlines=tuple(traced.get(key) for key in choice.keys) if has_masks else None,
            probabilities=self._probabilities,
            without_mask=choice.without_mask,
        )

    def untraced(self, choice: Choice, tolerance: float) -> bool:
        """Tell whether masks of a choice were not traced yet."""
        if choice.detections.masks is None:
            return False
        return not self._outlines.get(tolerance, {}).keys() >= set(choice.keys)

    def trace(self, choice: Choice, tolerance: float, should_stop: Callable[[], bool]) -> bool:
        """Trace the masks of a choice that were not traced yet.

        Args:
            choice: The objects.
            tolerance: How far an outline may be from the mask's edge, in pixels of the picture.
            should_stop: Asked after each mask; what was traced by then is kept.

        Returns:
            Whether all are traced now.
        """
        masks = choice.detections.masks
        if masks is None:
            return True
        traced = self._outlines.setdefault(tolerance, {})
        for key, mask in zip(choice.keys, masks, strict=True):
            if key not in traced:
                if should_stop():
                    return False
                traced[key] = outline(mask, tolerance)
        return True

    def _positions(
        self, known: Candidates, config: RunConfig, classes: tuple[int, ...] | None
    ) -> NDArray[np.intp]:
        from engine.inference.candidates import choose

        confidence, iou, most = config.confidence, config.iou, config.max_detections
        if self._suppression is None:
            return choose(known, confidence=confidence, iou=iou, classes=classes, most=most)
        return self._suppression.choose(confidence=confidence, iou=iou, classes=classes, most=most)

    def _filled(self, position: int) -> bool:
        mask = None if self._masks is None else self._masks[position]
        return mask is not None and mask.area > 0

    def _filtered(self, config: RunConfig, classes: tuple[int, ...] | None) -> Choice:
        """Choose among the run's own detections, where nothing else was kept."""
        wanted = self._own.scores > config.confidence
        if classes is not None:
            wanted &= np.isin(self._own.classes, classes)
        chosen = np.flatnonzero(wanted)[: config.max_detections]
        return Choice(_part(self._own, chosen), tuple(chosen.tolist()))


def class_numbers(config: RunConfig, model: ModelInfo, info: ModelInfo) -> tuple[int, ...] | None:
    """Return which classes of `info` the filter of a config wants, None for all.

    Classes are the same by name. What other weights do not know is passed over: the filter is of
    the weights in use, and those of a run that is looked at may be others.

    Args:
        config: Whose `classes` are names, or numbers of the classes of `model`.
        model: The weights that the filter is of.
        info: The weights that found the objects.
    """
    by_name = {name.casefold(): index for index, name in reversed(list(enumerate(info.names)))}
    found = []
    for entry in config.classes:
        name = entry.strip().casefold()
        if name not in by_name and name.isdecimal() and int(name) < len(model.names):
            name = model.names[int(name)].casefold()
        if name in by_name:
            found.append(by_name[name])
    return tuple(found) or None


def outline(mask: Rle, tolerance: float) -> QPainterPath:
    """Return a mask as a path with its holes, no further from its edges than `tolerance` pixels."""
    from engine.masks import rings

    path = QPainterPath()
    for outer, holes in rings(mask, tolerance):
        for ring in (outer, *holes):
            path.addPolygon(QPolygonF([QPointF(x, y) for x, y in ring.tolist()]))
            path.closeSubpath()
    return path


def _part(found: Detections, chosen: NDArray[np.intp]) -> Detections:
    """Return the detections at these positions."""
    arrays: dict[str, Any] = {
        field.name: None if (values := getattr(found, field.name)) is None else values[chosen]
        for field in dataclasses.fields(found)
        if field.name != "masks"
    }
    kept = found.masks
    masks = None if kept is None else tuple(kept[each] for each in chosen.tolist())
    return Detections(**arrays, masks=masks)


def _same(first: Detections, second: Detections) -> bool:
    return (
        np.array_equal(first.classes, second.classes)
        and np.array_equal(first.scores, second.scores)
        and np.array_equal(first.boxes, second.boxes)
    )
