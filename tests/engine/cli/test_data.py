"""`main.py data`: reports, copies and exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.datasets import find, pictures
from tests.engine.cli.test_refusals import assert_refused
from tests.helpers.command_line import Command
from tests.helpers.conversions import to_coco
from tests.helpers.datasets import BOX, RING, listing, make, write_set

SOUND = "0 0.5 0.5 0.4 0.4\n"
LABELS = {f"{number}x.png": SOUND for number in range(10)}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that copies are kept in."""
    monkeypatch.setenv("LABSIGHT_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "datasets"


def test_a_sound_set_is_reported(command: Command, home: Path, tmp_path: Path) -> None:
    path = write_set(tmp_path / "set", {"train": LABELS, "val": {"v.png": SOUND}}, names=("cell",))
    before = listing(tmp_path)
    said = command("data", path)
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        "train: 10 pictures, 0 of them without an object; 10 objects",
        "  cell 10",
        "val: 1 pictures, 0 of them without an object; 1 objects",
        "  cell 1",
        "Nothing to complain of.",
    ]
    assert listing(tmp_path) == before
    assert not home.exists()


def test_findings_are_objects_and_errors_an_exit_code(
    command: Command, home: Path, tmp_path: Path
) -> None:
    bad = LABELS | {"bad.png": f"{SOUND}9 0.5 0.5 0.1 0.1\n"}
    path = write_set(tmp_path / "set", {"train": bad, "val": {"v.png": SOUND}}, names=("cell",))
    said = command("data", tmp_path / "set", "--json", "--fix", "--split", "0.3")
    assert said.code == 3
    (finding,) = said.results
    assert finding == {
        "kind": "class_out_of_range",
        "severity": "error",
        "title": "Lines of a class that has no name: 1",
        "fix": "These lines are left out, and pictures that have no others.",
        "places": [
            {
                "file": str(path.parent / "labels" / "train" / "bad.txt"),
                "line": 2,
                "detail": "9 0.5 0.5 0.1 0.1",
            }
        ],
    }
    summary = said.summary
    assert (summary["errors"], summary["warnings"], summary["notes"]) == (1, 0, 0)
    assert summary["splits"]["train"]["classes"] == {"cell": 11}
    assert (summary["task"], summary["classes"]) == ("detect", ["cell"])
    assert Path(summary["fixed"]).parent == home / "set-fixed"
    anew = find(Path(summary["split"]), "detect")
    assert 3 <= len(list(pictures(anew.splits["val"]))) <= 4
    assert command("data", summary["split"]).code == 0


def test_a_set_of_another_form_is_imported_first(
    command: Command, home: Path, tmp_path: Path
) -> None:
    path = write_set(tmp_path / "yolo", {"train": LABELS, "val": {"v.png": SOUND}})
    folder = to_coco(find(path, "detect"), tmp_path / "from coco")
    (folder / "images" / "train" / "0x.png").unlink()
    said = command("data", folder)
    assert said.code == 0
    assert "train: 9 pictures" in said.out
    assert f"Imported to {home / 'from coco' / 'data.yaml'}" in said.err
    assert "Left out: 0x.png: The picture is not there" in said.err
    refused = command("train", "--data", folder, "--model", "yolo11n-seg")
    assert (refused.code, refused.out) == (2, "")
    assert "The labels of" in refused.err.splitlines()[-1]


def test_a_set_without_validation_gets_one(command: Command, home: Path, tmp_path: Path) -> None:
    write_set(tmp_path / "set", {"train": LABELS})
    assert_refused(command("data", tmp_path / "set"), "names no pictures for val", "--split 0.2")
    said = command("data", tmp_path / "set", "--split", "0.2")
    assert said.code == 0
    assert f"Split anew: {home / 'set-split' / 'data.yaml'}" in said.out


@pytest.mark.parametrize(
    ("label", "flags", "words"),
    [
        (BOX, ("--task", "segment"), ("boxes", "segment")),
        (RING, ("--task", "pose"), ("kpt_shape",)),
        (BOX, ("--split", "2"), ("2.0", "0.2")),
        (BOX, ("--imgsz", "x"), ("imgsz",)),
        (BOX, ("--imgsz", "0"), ("Input size", "0")),
        ("", (), ("No labels",)),
    ],
)
def test_bad_input_is_refused_with_a_sentence(
    command: Command, home: Path, tmp_path: Path, label: str, flags: tuple[str, ...],
    words: tuple[str, ...],
) -> None:  # fmt: skip
    make(tmp_path / "set", label)
    assert_refused(command("data", tmp_path / "set", *flags), *words)
    assert not home.exists()


def test_what_is_no_data_set_is_refused(command: Command, home: Path, tmp_path: Path) -> None:
    assert_refused(command("data", tmp_path / "absent"), "no data set")
    (tmp_path / "empty").mkdir()
    assert_refused(command("data", tmp_path / "empty"), "known form", "COCO JSON")
    assert_refused(command("data"), "DATA")
