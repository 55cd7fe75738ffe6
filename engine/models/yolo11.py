"""YOLO11 by Ultralytics (2024, software without a paper): its networks for five tasks.

The line-up follows the published YAML files; parameter counts and outputs are equal to them by
test. `-p2` adds a level of stride 4 for small objects, `-p6` one of stride 64 for large ones, as
Ultralytics' files for YOLOv8 do.
"""

from __future__ import annotations

from engine.models.design import Design, Row
from engine.models.layers import Scale

SCALES = {
    "n": Scale("n", 0.5, 0.25, 1024),
    "s": Scale("s", 0.5, 0.5, 1024),
    "m": Scale("m", 0.5, 1.0, 512),
    "l": Scale("l", 1.0, 1.0, 512),
    "x": Scale("x", 1.0, 1.5, 512),
}
LEVELS = {"": (3, 5), "-p2": (2, 5), "-p6": (3, 6)}
TASKS = {"": "detect", "-seg": "segment", "-pose": "pose", "-obb": "obb", "-cls": "classify"}

_HEADS = {
    "detect": ("Detect", ("nc",)),
    "segment": ("Segment", ("nc", 32, 256)),
    "pose": ("Pose", ("nc", "kpt_shape")),
    "obb": ("OBB", ("nc", 1)),
}


def names() -> list[str]:
    """Return the names of all networks of the family."""
    return [
        f"yolo11{scale}{levels}{task}"
        for task in TASKS
        for levels in (LEVELS if task != "-cls" else ("",))
        for scale in SCALES
    ]


def design(name: str) -> Design | None:
    """Return the network of a name such as `yolo11n-p2-seg`, None where it is none of YOLO11's."""
    if name not in names():
        return None
    scale = SCALES[name[6]]
    suffix = name[7:]
    levels = next(key for key in ("-p2", "-p6", "") if suffix.startswith(key))
    task = TASKS[suffix[len(levels) :]]
    if task == "classify":
        head = Row((-1,), 1, "Classify", ("nc",))
        return Design(name, task, scale, _backbone(5, of_boxes=False), (head,), classes=1000)
    lowest, highest = LEVELS[levels]
    backbone = _backbone(highest)
    neck = _neck(len(backbone), lowest, highest, task)
    return Design(name, task, scale, backbone, neck)


def _channels(level: int, highest: int) -> int:
    """Return the nominal channels at a level of stride 2^level."""
    if level == highest:
        return 1024
    return 768 if level == 5 else 2 ** (level + 5)


def _backbone(highest: int, *, of_boxes: bool = True) -> tuple[Row, ...]:
    """Return the lines up to a level; networks that classify have no pooling at the end."""
    rows = [_conv(64), _conv(128), _block(256, False, 0.25)]
    rows += [_conv(256), _block(512, False, 0.25)]
    for level in range(4, highest + 1):
        width = _channels(level, highest)
        rows += [_conv(width), _block(width, True)]
    if of_boxes:
        rows.append(Row((-1,), 1, "SPPF", (1024, 5)))
    rows.append(Row((-1,), 2, "C2PSA", (1024,)))
    return tuple(rows)


def _neck(first: int, lowest: int, highest: int, task: str) -> tuple[Row, ...]:
    """Return the lines that carry features down to the lowest level and up again, and the head.

    Args:
        first: Index of the first of these lines.
        lowest: Level with the smallest stride.
        highest: Level with the largest stride.
        task: Whose head.
    """
    rows: list[Row] = []
    # The last line of each level: in the backbone the block of level L is line 2(L - 1).
    at = {level: 2 * (level - 1) for level in range(lowest, highest)} | {highest: first - 1}
    for level in range(highest - 1, lowest - 1, -1):
        rows.append(Row((-1,), 1, "nn.Upsample", (None, 2, "nearest")))
        rows += [_join(at[level]), _block(_channels(level, highest), False)]
        at[level] = first + len(rows) - 1
    for level in range(lowest + 1, highest + 1):
        rows += [_conv(_channels(level - 1, highest)), _join(at[level])]
        rows.append(_block(_channels(level, highest), level == highest))
        at[level] = first + len(rows) - 1
    layer, arguments = _HEADS[task]
    outputs = tuple(at[level] for level in range(lowest, highest + 1))
    return (*rows, Row(outputs, 1, layer, arguments))


def _conv(channels: int) -> Row:
    return Row((-1,), 1, "Conv", (channels, 3, 2))


def _block(channels: int, *arguments: bool | float) -> Row:
    return Row((-1,), 2, "C3k2", (channels, *arguments))


def _join(other: int) -> Row:
    return Row((-1, other), 1, "Concat", (1,))
