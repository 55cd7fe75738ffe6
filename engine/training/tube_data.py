"""The data behind the default weights: photographs copied aside, rendered tubes beside them.

A person's folder is only read: ultralytics writes caches beside the labels it uses.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.cv import cv2
from engine.errors import EngineError
from engine.i18n import N_
from engine.scenes.tubes import CLASS_NAMES, Scene, render_tubes

SIZES = ((1024, 768), (1024, 768), (800, 800), (960, 600))
"""Width and height of rendered training pictures, taken in turn."""


def polygons(mask: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """Outline the parts of a mask, the largest first.

    Returns:
        Rings [N, 2] of corners in shares of width and height.
    """
    height, width = mask.shape
    found, _ = cv2.findContours(
        mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_TC89_KCOS
    )
    parts = sorted((ring for ring in found if len(ring) > 2), key=cv2.contourArea, reverse=True)
    scale = np.array([width, height], np.float64)
    return [(ring[:, 0] + 0.5) / scale for ring in parts]


def write_scene(scene: Scene, folder: Path, split: str, name: str) -> None:
    """Write a scene as one picture and one label file of a YOLO data set.

    A label holds one ring, so a region that is cut in two is marked by its larger part.
    """
    image = cv2.cvtColor(scene.image, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 92])
    for kind in ("images", "labels"):
        (folder / kind / split).mkdir(parents=True, exist_ok=True)
    (folder / "images" / split / f"{name}.jpg").write_bytes(data.tobytes())
    lines = [
        f"{index} " + " ".join(f"{value:.5f}" for value in ring.ravel()) + "\n"
        for mask, index in zip(scene.masks, scene.classes, strict=True)
        for ring in polygons(mask)[:1]
    ]
    (folder / "labels" / split / f"{name}.txt").write_text("".join(lines), encoding="utf-8")


def render_split(folder: Path, split: str, count: int, seed: int) -> None:
    """Render `count` scenes from `seed` on into a split of the data set in `folder`."""
    for index in range(count):
        scene = render_tubes(seed + index, SIZES[index % len(SIZES)])
        write_scene(scene, folder, split, f"rendered_{seed + index}")


def copy_split(data: Path, folder: Path, split: str) -> int:
    """Copy a split of a YOLO data set.

    Args:
        data: folder with data.yaml, only read.
        folder: data set to copy into.
        split: `train` or `val`.

    Returns:
        How many pictures there are.

    Raises:
        EngineError: the folder is no data set of three classes.
    """
    import yaml

    try:
        described = yaml.safe_load((data / "data.yaml").read_text(encoding="utf-8"))
    except OSError as error:
        raise EngineError(
            N_("This folder holds no data.yaml: {path}."),
            N_("Choose the folder of a data set in YOLO format."),
            path=data,
        ) from error
    if len(described["names"]) != len(CLASS_NAMES):
        raise EngineError(
            N_("The data set has {found} classes where {wanted} are expected."),
            N_("Choose a data set of blood-collection tubes: cells, gel, serum."),
            found=len(described["names"]),
            wanted=len(CLASS_NAMES),
        )
    source = data / described.get("path", "") / described[split]
    labels = source.parent.parent / "labels" / source.name
    pictures = sorted(path for path in source.iterdir() if path.is_file())
    for kind in ("images", "labels"):
        (folder / kind / split).mkdir(parents=True, exist_ok=True)
    for picture in pictures:
        shutil.copyfile(picture, folder / "images" / split / picture.name)
        label = labels / f"{picture.stem}.txt"
        if label.is_file():
            shutil.copyfile(label, folder / "labels" / split / label.name)
    return len(pictures)


def describe(folder: Path) -> Path:
    """Write the data set's description with our class names and return its path."""
    names = "".join(f"  {index}: {name}\n" for index, name in enumerate(CLASS_NAMES))
    described = folder / "data.yaml"
    described.write_text(
        f"path: {folder.as_posix()}\ntrain: images/train\nval: images/val\nnames:\n{names}",
        encoding="utf-8",
    )
    return described
