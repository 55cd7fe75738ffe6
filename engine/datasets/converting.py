"""Objects in pixels as lines of a label file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.datasets import lines
from engine.datasets.headers import Header, turned
from engine.datasets.losses import Losses
from engine.datasets.rings import clipped, is_flat
from engine.datasets.samples import Object, Points, Read, Sample
from engine.i18n import N_

# Labels that reach out by so much of a picture were rounded; others are cut off at its border.
_ROUNDED = 0.002
# Sides that differ by so much in their ratio are not those of one picture.
_OTHER_SHAPE = 0.02


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the labels of one data set, all in one form.

    Attributes:
        classes: Class indices by name.
        rings: Whether boxes are written as rings of four corners, beside real rings.
        keypoints: How many keypoints an object has, 0 for none.
        losses: Takes what has no area.
    """

    classes: dict[str, int]
    rings: bool
    keypoints: int
    losses: Losses

    @classmethod
    def of(cls, read: Read, losses: Losses) -> Writer:
        """Return the writer for what a reader found."""
        objects = [each for sample in read.samples for each in sample.objects]
        keypoints = len(read.keypoint_names) or max(
            (len(each.keypoints) for each in objects if each.keypoints is not None), default=0
        )
        if not any(each.keypoints is not None for each in objects):
            keypoints = 0
        rings = not keypoints and any(not each.is_box for each in objects)
        return cls({name: i for i, name in enumerate(read.names)}, rings, keypoints, losses)

    def text(self, sample: Sample, header: Header) -> str:
        """Return the label file of a picture.

        Args:
            sample: The picture and its objects.
            header: What the picture itself says.
        """
        size = sample.size or header.size
        on_its_side = size != header.size and size == header.size[::-1] and header.orientation > 4
        if not on_its_side:
            self._check_shape(sample, size, header)
        orientation = header.orientation if on_its_side else 1
        found = (self._line(each, size, orientation) for each in sample.objects)
        return "".join(line for line in found if line is not None)

    def _check_shape(self, sample: Sample, size: Sequence[int], header: Header) -> None:
        stated, own = size[0] / size[1], header.size[0] / header.size[1]
        if abs(stated / own - 1) > _OTHER_SHAPE:
            self.losses.note(
                sample.name,
                N_("The labels are for {stated} pixels, the picture has {own}: look at it."),
                stated=f"{size[0]}×{size[1]}",
                own=f"{header.size[0]}×{header.size[1]}",
            )

    def _line(self, each: Object, size: tuple[int, int], orientation: int) -> str | None:
        ring = _inside(turned(each.ring / size, orientation), is_box=each.is_box)
        if not len(ring) or is_flat(ring):
            self.losses.counts["flat" if len(ring) else "outside"] += 1
            return None
        values = ring.ravel() if self.rings else lines.box_of(ring)
        if self.keypoints:
            values = np.concatenate((values, self._points(each, size, orientation)))
        return lines.written(self.classes[each.label], values)

    def _points(self, each: Object, size: tuple[int, int], orientation: int) -> Points:
        table = np.zeros((self.keypoints, 3))
        if each.keypoints is not None:
            given = each.keypoints[: self.keypoints]
            table[: len(given)] = given
            table[:, :2] = np.clip(turned(table[:, :2] / size, orientation), 0.0, 1.0)
            table[table[:, 2] == 0] = 0.0
        return table.ravel()


def _inside(ring: Points, *, is_box: bool) -> Points:
    """Return what of a ring is inside the picture; rounding changes no number of corners."""
    if is_box or (ring.min() >= -_ROUNDED and ring.max() <= 1 + _ROUNDED):
        within = np.clip(ring, 0.0, 1.0)
        outside = is_box and is_flat(within) and not is_flat(ring)
        return np.zeros((0, 2)) if outside else within
    return clipped(ring)
