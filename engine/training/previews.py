"""A few validation pictures with what the network finds in them, as it learns."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from engine import masks
from engine.cv import cv2
from engine.draw import DrawStyle, annotate
from engine.media import write_picture
from engine.training.folder import RunFolder
from engine.types import Detections, Frame, Result, Rle

COUNT = 6
_GROWTH = 1.1
_SHARE = 0.03
_QUALITY = 85
# Labels would cover most of so small a picture; the colours tell the classes.
_STYLE = DrawStyle(show_labels=False)


class Previews:
    """Chooses the pictures and draws what a validation has caught of them.

    Their cost stays below a fixed share of the time between two of them, and their number grows
    with the logarithm of the epochs.

    Args:
        folder: Of the run.
        names: Class names by index.

    Attributes:
        cost_s: Seconds that the newest ones took.
    """

    def __init__(self, folder: RunFolder, names: tuple[str, ...]) -> None:
        """Choose nothing yet."""
        self._folder = folder
        self._names = names
        self._last_epoch = 0
        self._ended = 0.0
        self.cost_s = 0.0

    def choose(self, dataset: Any) -> frozenset[str]:  # noqa: ANN401 - ultralytics is not typed
        """Return files with labelled objects, evenly spread over a data set of ultralytics."""
        files = [
            file
            for file, label in zip(dataset.im_files, dataset.labels, strict=True)
            if len(label["cls"])
        ]
        places = np.unique(np.linspace(0, len(files) - 1, min(COUNT, len(files))).round())
        return frozenset(files[int(place)] for place in places)

    def is_due(self, epoch: int, *, last: bool) -> bool:
        """Tell whether an epoch is to be shown, before its validation.

        Args:
            epoch: From 1.
            last: No epoch follows; it is always shown.
        """
        waited = time.monotonic() - self._ended
        return last or (
            epoch >= self._last_epoch * _GROWTH and self.cost_s <= waited * _SHARE
        )

    def write(self, epoch: int, caught: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
        """Draw what was caught and return what the event tells of it.

        Raises:
            StoreError: The pictures cannot be written.
        """
        began = time.monotonic()
        place = self._folder.previews / f"{epoch:05d}"
        place.mkdir(parents=True, exist_ok=True)
        told = []
        for number, file in enumerate(sorted(caught)):
            path = place / f"{number}.jpg"
            write_picture(draw(caught[file], self._names), path, _QUALITY)
            right = int(caught[file]["right"].sum())
            told.append(
                {
                    "name": Path(file).name,
                    "path": str(path),
                    "found": right,
                    "labelled": caught[file]["labelled"],
                    "false": len(caught[file]["right"]) - right,
                }
            )
        self._ended = time.monotonic()
        self.cost_s = self._ended - began
        self._last_epoch = epoch
        return told


def draw(caught: dict[str, Any], names: tuple[str, ...]) -> Any:  # noqa: ANN401
    """Return what a validator has caught as a picture, [H, W, 3] uint8 RGB, without padding.

    Args:
        caught: See `engine.training.validator.Watched.caught`.
        names: Class names by index.
    """
    padded = np.ascontiguousarray((caught["image"].numpy() * 255).round().astype(np.uint8))
    left, top = (round(float(each)) for each in caught["ratio_pad"][1])
    _, height, width = padded.shape
    image = np.ascontiguousarray(
        padded[:3, top : height - top or None, left : width - left or None].transpose(1, 2, 0)
    )
    boxes = caught["bboxes"].float().numpy()
    angles = None
    if boxes.shape[1] == 5:
        angles = boxes[:, 4].astype(np.float32)
        centre, half = boxes[:, :2], boxes[:, 2:4] / 2
        boxes = np.concatenate((centre - half, centre + half), axis=1)
    keypoints = caught.get("keypoints")
    detections = Detections(
        boxes=(boxes[:, :4] - (left, top, left, top)).astype(np.float32),
        scores=caught["conf"].float().numpy().astype(np.float32),
        classes=caught["cls"].numpy().astype(np.int32),
        masks=_masks(caught.get("masks"), (height, width), (left, top), image.shape[:2]),
        keypoints=None
        if keypoints is None
        else _moved(keypoints.float().numpy(), left, top),
        angles=angles,
    )
    return annotate(Result(Frame(image, 0, None, ""), detections), names, style=_STYLE)


def _moved(keypoints: Any, left: int, top: int) -> Any:  # noqa: ANN401
    moved = keypoints.astype(np.float32)
    moved[..., :2] -= (left, top)
    return moved


def _masks(
    coarse: Any,  # noqa: ANN401
    padded: tuple[int, int],
    corner: tuple[int, int],
    size: tuple[int, ...],
) -> tuple[Rle, ...] | None:
    """Return masks at a quarter of the padded input as masks of the picture without padding."""
    if coarse is None:
        return None
    (height, width), (left, top) = padded, corner
    found = []
    for each in coarse.numpy():
        fine = cv2.resize(each.astype(np.float32), (width, height)) > 0.5
        inside = fine[top : top + size[0], left : left + size[1]]
        found.append(masks.encode(inside, 0, 0, size[0], size[1]))
    return tuple(found)
