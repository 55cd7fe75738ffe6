"""What a check calls an error is what ultralytics leaves out, and the other way round."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import device
from engine.datasets import DataSet, check, find, fixed_copy, pictures
from engine.datasets.dataset import label_of
from tests.helpers.datasets import write_set

TOLERATED = {"mixed", "other_task", "suffix_case"}
"""Errors that ultralytics passes over: it learns something wrong instead, or sees no label."""

LINES = [
    "0 0.5 0.5 0.2 0.2",
    "0 1.005 0.5 0.2 0.2",
    "0 1.02 0.5 0.2 0.2",
    "0 -0.005 0.5 0.2 0.2",
    "0 -0.02 0.5 0.2 0.2",
    "0 0.5 0.5 -0.001 0.2",
    "0 0.5 0.5 0 0.2",
    "0 0.5 0.5 1.005 0.2",
    "0 0.5 0.5 1.2 0.2",
    "0 0.9 0.9 0.6 0.6",
    "2 0.5 0.5 0.2 0.2",
    "3 0.5 0.5 0.2 0.2",
    "1.0 0.5 0.5 0.2 0.2",
    "1.5 0.5 0.5 0.2 0.2",
    "-1 0.5 0.5 0.2 0.2",
    "0 0.5 0.5 0.2",
    "0 0.5 0.5 0.2 0.2 0.9",
    "0 nan 0.5 0.2 0.2",
    "0 0.1 0.1 0.5 0.1 0.5 0.5",
    "0 0.1 0.1 0.5 0.1 0.5 1.02",
    "0 0.1 0.1 0.5 0.1 0.5 1.005",
    "0 0.1 0.1 0.5 0.1 0.5 0.5 0.1",
    "0 0.1 0.1 0.1 0.1 0.1 0.1",
    "0 0.5 0.5 0.2 0.2\n0 0.5 0.5 0.2 0.2",
    "0 0.5 0.5 0.2 0.2\n0 0.1 0.1 0.5 0.1 0.5 0.5",
    "0,0.5,0.5,0.2,0.2",
    "x 0.5 0.5 0.2 0.2",
    "",
    "\n\n",
    "\ufeff0 0.5 0.5 0.2 0.2",
]


def left_out(data: DataSet) -> set[str]:
    """Return the names of the pictures that ultralytics leaves out."""
    device.prepare()
    from ultralytics.data import utils

    names = set()
    for places in data.splits.values():
        for path in pictures(places):
            job = (str(path), str(label_of(path)), "", False, len(data.names), 0, 0, False)
            if utils.verify_image_label(job)[0] is None:
                names.add(path.stem)
    return names


def called_errors(data: DataSet) -> set[str]:
    """Return the names of the pictures that the check finds an error in."""
    return {
        place.file.stem
        for finding in check(data, "detect").findings
        if finding.severity == "error" and finding.kind not in TOLERATED
        for place in finding.places
    }


def test_errors_are_what_a_training_leaves_out(tmp_path: Path) -> None:
    labels: dict[str, str | None] = {f"{n:02}.png": text for n, text in enumerate(LINES)}
    sound: dict[str, str | None] = {"v.png": LINES[0]}
    data = find(write_set(tmp_path / "set", {"train": labels, "val": sound}), "detect")
    ours, theirs = called_errors(data), left_out(data)
    mixed = {f"{n:02}" for n, text in enumerate(LINES) if "\n0 0.1" in text}
    told = {name: LINES[int(name)] for name in (ours ^ (theirs - mixed)) if name.isdigit()}
    assert told == {}
    assert theirs >= mixed
    after = find(fixed_copy(data, check(data, "detect"), base=tmp_path / "base"), "detect")
    assert left_out(after) == set()


def test_a_fixed_copy_of_every_defect_is_trained_on_whole(shared: Path, tmp_path: Path) -> None:
    data = find(shared / "awkward" / "datasets" / "odd_labels", "detect")
    missed = left_out(data) - called_errors(data) - {"mixed_box_polygon"}
    assert missed == set()
    after = find(fixed_copy(data, check(data, "detect"), base=tmp_path), "detect")
    assert left_out(after) == set()


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tif", ".JPG", ".jpeg"])
def test_pictures_that_are_sound_are_trained_on(tmp_path: Path, suffix: str) -> None:
    path = write_set(tmp_path, {"train": {f"a{suffix}": LINES[0]}, "val": {f"v{suffix}": LINES[0]}})
    assert left_out(find(path, "detect")) == set()


def test_poses_that_reach_out_are_cut_off(tmp_path: Path) -> None:
    device.prepare()
    from ultralytics.data import utils

    poses: dict[str, str | None] = {
        f"{n}.png": f"0 0.5 0.5 {size} 0.4 {x} 0.5 2 0 0 0\n"
        for n, (size, x) in enumerate(((0.4, 0.5), (0.4, 1.3), (0.4, -0.3), (1.4, 0.5), (0.4, 80)))
    }
    path = write_set(tmp_path / "set", {"train": poses, "val": {"v.png": poses["0.png"]}},
                     names=("mouse",), kpt_shape=[2, 3])  # fmt: skip
    data = find(path, "pose")
    report = check(data, "pose")
    kinds = {each.kind: {p.file.stem for p in each.places} for each in report.findings}
    assert kinds["far_outside"] == {"1", "2", "3"}
    assert kinds["pixels"] == {"4"}
    after = find(fixed_copy(data, report, base=tmp_path / "base"), "pose")
    assert not check(after, "pose").has_errors
    for places in after.splits.values():
        for each in pictures(places):
            job = (str(each), str(label_of(each)), "", True, 1, 2, 3, False)
            assert utils.verify_image_label(job)[0] is not None
