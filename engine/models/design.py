"""The description of a network before anything is built: its lines, its scale, its task."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from engine.models.layers import LAYERS, Arguments, Scale


@dataclass(frozen=True, slots=True)
class Row:
    """One line: where its input comes from, how often, which module, with which arguments.

    Attributes:
        sources: Indices of lines; negative ones count back from this line.
        repeats: Before the scale multiplies them.
        layer: A key of `engine.models.layers.LAYERS`.
        arguments: As in Ultralytics' YAML files; `nc` and `kpt_shape` stand for what is trained.
    """

    sources: tuple[int, ...]
    repeats: int
    layer: str
    arguments: Arguments


@dataclass(frozen=True, slots=True)
class Design:
    """A network as Ultralytics' YAML files describe one.

    Attributes:
        name: Such as `yolo11n-seg`.
        task: What its head is for.
        scale: Its size.
        backbone: The lines that extract features.
        neck: The lines after them; the last one is the head.
        classes: How many.
        keypoints: Number of keypoints and values of each, for pose.
        bins: Bins of the distribution of each side of a box.
        end_to_end: Whether the head chooses its boxes itself.
        class_width: Channels inside the class branches of the head, 0 for as many as Ultralytics
            gives them for so many classes; YAML files cannot say it.
        activation: Name of a class of torch.nn, empty for the usual one.
    """

    name: str
    task: str
    scale: Scale
    backbone: tuple[Row, ...]
    neck: tuple[Row, ...]
    classes: int = 80
    keypoints: tuple[int, int] = (17, 3)
    bins: int = 16
    end_to_end: bool = False
    class_width: int = 0
    activation: str = ""

    def trained_for(
        self,
        classes: int | None = None,
        keypoints: tuple[int, int] | None = None,
        class_width: int = 0,
    ) -> Design:
        """Return the same network for other classes or keypoints; None leaves them."""
        return replace(
            self,
            classes=self.classes if classes is None else classes,
            keypoints=self.keypoints if keypoints is None else keypoints,
            class_width=class_width,
        )

    def to_yaml(self) -> dict[str, Any]:
        """Return what `ultralytics.nn.tasks.parse_model` takes."""
        scale = self.scale
        content: dict[str, Any] = {"nc": self.classes, "yaml_file": f"{self.name}.yaml"}
        if scale.name:
            content["scale"] = scale.name
        if math.isfinite(scale.most):
            content["scales"] = {scale.name: [scale.depth, scale.width, scale.most]}
        else:
            content |= {"depth_multiple": scale.depth, "width_multiple": scale.width}
        if self.task == "pose":
            content["kpt_shape"] = list(self.keypoints)
        if self.bins != 16:
            content["reg_max"] = self.bins
        if self.end_to_end:
            content["end2end"] = True
        if self.activation:
            content["activation"] = f"torch.nn.{self.activation}()"
        content["backbone"] = [_line(row) for row in self.backbone]
        content["head"] = [_line(row) for row in self.neck]
        return content


def _line(row: Row) -> list[Any]:
    """Return a row as a line of a YAML file."""
    several = len(row.sources) > 1 or LAYERS[row.layer].joins
    sources = list(row.sources) if several else row.sources[0]
    arguments = [list(each) if isinstance(each, tuple) else each for each in row.arguments]
    return [sources, row.repeats, row.layer, arguments]
