"""Small data sets to train on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

BOX = "0 0.5 0.5 0.2 0.2\n"
RING = "1 0.1 0.1 0.9 0.1 0.9 0.9\n"
PERSON = "0 0.5 0.5 0.2 0.2 " + "0.5 0.5 2 " * 3 + "\n"


def make(folder: Path, label: str = BOX, places: str = "images/{split}", **values: object) -> Path:
    """Make a data set of one picture a split; return its description."""
    for split in ("train", "val"):
        pictures = folder / places.format(split=split)
        labels = Path(str(pictures).replace("images", "labels"))
        pictures.mkdir(parents=True)
        labels.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((64, 64), 80).convert("RGB").save(pictures / "1.png")
        (labels / "1.txt").write_text(label)
    content = {"train": places.format(split="train"), "val": places.format(split="val")}
    path = folder / "data.yaml"
    named = content | {"names": ["clear", "浑浊"]} | values
    text = yaml.safe_dump({key: value for key, value in named.items() if value is not None})
    path.write_text(text, encoding="utf-8")
    return path


def tubes(folder: Path, train: int, val: int) -> Path:
    """Render blood tubes with masks in three classes; return the description."""
    from engine.scenes.tubes import CLASS_NAMES, render_tubes
    from engine.training.tube_data import write_scene

    for split, first, count in (("train", 0, train), ("val", 1000, val)):
        for seed in range(first, first + count):
            write_scene(render_tubes(seed, (320, 320)), folder, split, f"tube_{seed}")
    path = folder / "data.yaml"
    content = {"train": "images/train", "val": "images/val", "names": list(CLASS_NAMES)}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def picture(path: Path, seed: int, size: tuple[int, int] = (96, 64)) -> Path:
    """Write a picture that no other seed resembles; return its path."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8))
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse.resize(size, Image.Resampling.BICUBIC).save(path)
    return path


def write_set(
    folder: Path,
    splits: Mapping[str, Mapping[str, str | None]],
    names: Sequence[str] = ("a", "b", "c"),
    **rest: object,
) -> Path:
    """Write a data set of YOLO; return its description.

    Args:
        folder: Where to.
        splits: Labels by the name of their picture, by split; None for no label file.
        names: Class names.
        rest: What else the description says.
    """
    seed = 0
    for split, pictures in splits.items():
        for name, label in pictures.items():
            seed += 1
            picture(folder / "images" / split / name, seed)
            if label is not None:
                path = (folder / "labels" / split / name).with_suffix(".txt")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(label, encoding="utf-8")
    content = {split: f"images/{split}" for split in splits} | {"names": list(names)} | rest
    path = folder / "data.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


def listing(folder: Path) -> list[tuple[str, int, int]]:
    """Return every file of a folder with its size and time."""
    found = []
    for path in sorted(folder.rglob("*")):
        about = path.stat()
        found.append((str(path.relative_to(folder)), about.st_size, about.st_mtime_ns))
    return found
