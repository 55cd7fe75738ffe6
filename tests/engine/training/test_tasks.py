"""Every task trains, and what it writes is what other programs or this one open."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from engine.models import checkpoint
from tests.helpers.command_line import finish, start
from tests.helpers.datasets import BOX, RING, make

PERSON = "0 0.5 0.5 0.2 0.2 " + "0.5 0.5 2 " * 3 + "\n"
CORNERS = "1 0.1 0.1 0.6 0.1 0.6 0.7 0.1 0.7\n"


def data(folder: Path, task: str) -> Path:
    """Make a small data set for a task; return its folder."""
    if task != "classify":
        labels = {"detect": BOX, "segment": RING, "pose": PERSON, "obb": CORNERS}
        shape = {"kpt_shape": [3, 3]} if task == "pose" else {}
        make(folder, labels[task], "images/{split}", **shape)
        return folder
    for split in ("train", "val"):
        for name in ("clear", "浑浊"):
            (folder / split / name).mkdir(parents=True)
            for number in range(3):
                noise = Image.effect_noise((64, 64), 80).convert("RGB")
                noise.save(folder / split / name / f"{number}.png")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "recipe"),
    [
        ("detect", "yolo11n:iou=wiou3"),
        ("segment", "yolo11n-p2-seg"),
        ("pose", "yolo11n-pose:block=faster@neck"),
        ("obb", "yolo11n-obb:attention=cbam"),
        ("classify", "yolo11n-cls"),
        ("classify", "yolo11n-cls:attention=eca"),
    ],
)
def test_a_task_is_trained_from_its_data_to_its_weights(
    tmp_path: Path, task: str, recipe: str
) -> None:
    said = finish(
        start("train", "--json", "--data", data(tmp_path / "data", task), "--model", recipe,
              "--epochs", 1, "--imgsz", 64, "--batch", 2,
              variables={"LABSIGHT_HOME": str(tmp_path / "home")})
    )  # fmt: skip
    assert said.code == 0, said.err
    last = said.objects[-1]
    assert last["event"] == "finished"
    read = checkpoint.read(Path(last["best"]))
    assert read.info.task == task
    assert read.info.names == ("clear", "浑浊")
    assert read.info.input_size == 64
    assert read.info.card is not None
    assert read.info.card["recipe"] == recipe
    from engine.models.recipe import parse

    if parse(recipe).is_stock:
        from ultralytics import YOLO

        model = YOLO(last["best"])
        assert model.task == task
        assert tuple(model.names.values()) == ("clear", "浑浊")


@pytest.mark.slow
def test_what_roboflow_exports_is_trained_on_where_it_lies(shared: Path, tmp_path: Path) -> None:
    folder = shared / "awkward" / "datasets" / "roboflow_export_as_is"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    said = finish(
        start("train", "--json", "--data", folder, "--model", "yolo11n", "--epochs", 1,
              "--imgsz", 64, "--batch", 4, variables={"LABSIGHT_HOME": str(tmp_path)})
    )  # fmt: skip
    assert said.code == 0, said.err
    assert said.objects[-1]["event"] == "finished"
    (started,) = (each for each in said.objects if each["event"] == "started")
    assert started["pictures"] == len(list((folder / "train" / "images").iterdir()))
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
