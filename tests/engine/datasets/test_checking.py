"""Every defect of a data set is named, and a sound one is left in peace."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest
from PIL import Image

from engine.datasets import Report, check, checking, demonstration, find, fixed_copy, pictures
from engine.datasets.dataset import label_of
from engine.datasets.findings import FIXABLE, KINDS
from engine.errors import Cancelled
from engine.types import Progress
from tests.helpers.datasets import RING, listing, make, picture, write_set

DEFECTS = {
    "class_float": "class_decimal",
    "class_negative": "class_negative",
    "class_out_of_range": "class_out_of_range",
    "classes": "classes_file",
    "commas": "commas",
    "coords_negative": "far_outside",
    "coords_over_1": "outside",
    "crlf_bom": "bom",
    "decimal_comma": "commas",
    "duplicate_lines": "duplicate_line",
    "empty": "empty_label",
    "label_without_image": "orphan_label",
    "mixed_box_polygon": "mixed",
    "nan": "not_finite",
    "no_label_file": "missing_label",
    "ok_polygon": "mixed_set",
    "only_blank_lines": "empty_label",
    "pixels_not_normalised": "pixels",
    "polygon_odd_count": "odd_count",
    "polygon_two_points": "six_values",
    "self_crossing_polygon": "crossing",
    "six_columns_with_confidence": "six_values",
    "text_line": "not_numbers",
    "tiny_object": "tiny",
    "utf16": "encoding",
    "zero_width": "zero_size",
}
"""What is wrong with each file of `odd_labels`, by its stem."""

SOUND = "0 0.5 0.5 0.4 0.4\n"


def found(report: Report) -> dict[str, list[str]]:
    """Return the names of the files by the kind of finding."""
    return {each.kind: [place.file.name for place in each.places] for each in report.findings}


def checked(folder: Path, task: str = "detect", size: int = 640) -> Report:
    return check(find(folder, task), task, size)


@pytest.fixture
def odd(shared: Path) -> Path:
    return shared / "awkward" / "datasets" / "odd_labels"


@pytest.mark.parametrize(("stem", "kind"), DEFECTS.items())
def test_each_defect_is_named(odd: Path, stem: str, kind: str) -> None:
    report = checked(odd)
    stems = [Path(name).stem for name in found(report)[kind]]
    assert stem in stems


def test_what_is_in_order_is_not_named(odd: Path) -> None:
    before = listing(odd)
    report = checked(odd)
    assert report.has_errors
    told = {name for kind, names in found(report).items() if kind != "duplicate" for name in names}
    assert not {"ok_box.txt", "ok_box.jpg"} & told
    names = {path.stem for path in (odd / "labels" / "train").iterdir()} | {"no_label_file"}
    assert names - {"ok_box"} == set(DEFECTS)
    assert listing(odd) == before


def test_a_fixed_copy_has_no_errors(odd: Path, tmp_path: Path) -> None:
    data = find(odd, "detect")
    before = listing(odd)
    copied = fixed_copy(data, check(data, "detect"), base=tmp_path)
    assert listing(odd) == before
    after = find(copied, "detect")
    report = check(after, "detect")
    assert not report.has_errors
    assert not set(found(report)) & (FIXABLE - {"near_leak"})
    texts = {
        path.stem: label_of(path).read_text("utf-8") for path in pictures(after.splits["train"])
    }
    assert texts["ok_box"] == "0 0.50 0.50 0.30 0.30\n"
    assert texts["commas"] == texts["decimal_comma"] == "0 0.5 0.5 0.3 0.3\n"
    assert texts["six_columns_with_confidence"] == texts["class_float"] == "0 0.5 0.5 0.3 0.3\n"
    assert texts["coords_over_1"] == "0 0.8 0.8 0.4 0.4\n"
    assert texts["coords_negative"] == "0 0.025 0.5 0.05 0.3\n"
    assert texts["duplicate_lines"] == "0 0.50 0.50 0.30 0.30\n"
    assert texts["no_label_file"] == texts["zero_width"] == texts["empty"] == ""
    assert texts["utf16"] == "0 0.50 0.50 0.30 0.30\n"
    assert len(texts["mixed_box_polygon"].splitlines()) == 2
    # A picture of which no label is left would teach that nothing is on it.
    assert not {"nan", "text_line", "class_negative", "pixels_not_normalised"} & set(texts)


def test_only_the_fixes_that_were_chosen_are_made(odd: Path, tmp_path: Path) -> None:
    data = find(odd, "detect")
    copied = fixed_copy(data, check(data, "detect"), kinds=["commas"], base=tmp_path)
    kinds = set(found(check(find(copied, "detect"), "detect")))
    assert "commas" not in kinds
    assert {"not_numbers", "pixels", "duplicate_line", "missing_label", "class_negative"} <= kinds


def test_a_sound_set_is_left_in_peace(tmp_path: Path) -> None:
    labels = {f"{number}.png": "".join(f"{c} 0.5 0.5 0.4 0.4\n" for c in range(3))
              for number in range(12)}  # fmt: skip
    write_set(tmp_path, {"train": labels, "val": {"v.png": labels["0.png"]}})
    told: list[Progress] = []
    data = find(tmp_path, "detect")
    before = listing(tmp_path)
    report = check(data, "detect", 640, progress=told.append)
    assert report.findings == ()
    assert (told[0].done, told[-1].done, told[-1].total) == (0, 13, 13)
    train = report.splits["train"]
    assert (train.pictures, train.labelled, train.backgrounds, train.objects) == (12, 12, 0, 36)
    assert train.classes == (12, 12, 12)
    assert list(report.as_text())[-1] == "Nothing to complain of."
    assert listing(tmp_path) == before
    with pytest.raises(Cancelled):
        check(data, "detect", cancelled=lambda: True)


def test_pictures_that_cannot_be_learned_from_are_named(tmp_path: Path) -> None:
    labels = {f"{name}.jpg": SOUND for name in ("a", "broken", "cut", "dot", "turned", "odd")}
    path = write_set(tmp_path, {"train": labels, "val": {"v.jpg": SOUND}})
    folder = tmp_path / "images" / "train"
    (folder / "broken.jpg").write_bytes(b"text")
    Image.effect_noise((640, 480), 80).save(folder / "cut.jpg")
    (folder / "cut.jpg").write_bytes((folder / "cut.jpg").read_bytes()[:-5000])
    Image.effect_noise((9, 40), 80).save(folder / "dot.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.effect_noise((90, 40), 80).save(folder / "turned.jpg", exif=exif)
    (folder / "odd.jpg").rename(folder / "odd.bmp")
    Image.effect_noise((40, 40), 80).save(folder / "odd.gif")
    kinds = found(checked(path))
    assert {kind: kinds[kind] for kind in (
        "unreadable", "cut_off", "small_picture", "orientation", "unsupported", "stem_twice",
    )} == {
        "unreadable": ["broken.jpg"],
        "cut_off": ["cut.jpg"],
        "small_picture": ["dot.jpg"],
        "orientation": ["turned.jpg"],
        "unsupported": ["odd.gif"],
        "stem_twice": ["odd.gif"],
    }  # fmt: skip
    data = find(path, "detect")
    after = find(fixed_copy(data, check(data, "detect"), base=tmp_path / "base"), "detect")
    names = sorted(each.name for each in pictures(after.splits["train"]))
    assert names == ["a.jpg", "odd-2.gif", "odd.bmp", "turned.jpg"]
    assert not check(after, "detect").has_errors


def test_pictures_of_many_pixels_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "_HUGE_PIXELS", 96 * 64)
    path = write_set(tmp_path, {"train": {"a.png": SOUND, "b.png": SOUND}, "val": {"v.png": SOUND}})
    picture(tmp_path / "images" / "train" / "b.png", 9, (97, 64))
    assert found(checked(path))["huge_picture"] == ["b.png"]


def test_listed_pictures_that_are_gone_are_named(tmp_path: Path) -> None:
    path = write_set(tmp_path, {"train": {"a.png": SOUND, "b.png": SOUND}, "val": {"v.png": SOUND}})
    (tmp_path / "train.txt").write_text("./images/train/a.png\n./images/train/gone.png\n")
    path.write_text(path.read_text().replace("train: images/train", "train: train.txt"))
    kinds = found(checked(path))
    assert kinds["picture_gone"] == ["gone.png"]
    # What a list leaves out is no orphan.
    assert "orphan_label" not in kinds


def test_labels_whose_suffix_is_large_are_named(tmp_path: Path) -> None:
    path = write_set(tmp_path, {"train": {"a.png": SOUND, "b.png": SOUND}, "val": {"v.png": SOUND}})
    label = tmp_path / "labels" / "train" / "a.txt"
    label.rename(label.with_name("a.TXT"))
    data = find(path, "detect")
    report = check(data, "detect")
    assert found(report)["suffix_case"] == ["a.TXT"]
    assert "missing_label" not in found(report)
    after = check(find(fixed_copy(data, report, base=tmp_path / "base"), "detect"), "detect")
    assert after.splits["train"].objects == 2


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("0 0.5 0.5 0.4", "short"),
        ("0.5 0.5 0.5 0.4 0.4", "class_fraction"),
        ("0 0.5 0.5 -0.4 0.4", "negative_size"),
        ("0 0.5 0.5 inf 0.4", "not_finite"),
        ("0 0.1 0.1 0.5 0.5 0.9 0.9", "flat"),
        ("0 0.1 0.1 0.1 0.1 0.9 0.9", "flat"),
        ("0 0.5 0.5 1.002 1", None),
        ("0 0.5 0.5 0.06 0.02", "small"),
        ("0 0.98 0.5 0.1 0.4", "outside"),
    ],
)
def test_lines_are_named_by_what_is_wrong(tmp_path: Path, line: str, kind: str | None) -> None:
    path = write_set(
        tmp_path, {"train": {"a.png": SOUND, "b.png": f"{SOUND}{line}\n"}, "val": {"v.png": SOUND}}
    )
    report = checked(path, size=96)
    places = {
        each.kind: [place.line for place in each.places if place.file.name == "b.txt"]
        for each in report.findings
    }
    aside = {"class_rare", "class_empty", "mixed", "small" if kind != "small" else ""}
    assert {k: v for k, v in places.items() if k not in aside} == ({kind: [2]} if kind else {})


def test_labels_of_another_task_are_named(tmp_path: Path) -> None:
    path = write_set(tmp_path, {"train": {"a.png": RING, "b.png": SOUND}, "val": {"v.png": RING}})
    assert found(checked(path, "segment"))["other_task"] == ["b.txt"]
    corners = "0 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5\n"
    path = write_set(
        tmp_path / "obb", {"train": {"a.png": corners, "b.png": RING}, "val": {"v.png": corners}}
    )
    report = checked(path, "obb")
    assert found(report)["other_task"] == ["b.txt"]
    assert "obb" in report.findings[0].title


def test_leaks_are_named_and_moved(tmp_path: Path) -> None:
    stems = [f"{name}.png" for name in "abcdef"]
    path = write_set(
        tmp_path,
        {
            "train": dict.fromkeys([*stems, "x_png.rf.1.jpg"], SOUND),
            "val": dict.fromkeys(["same.png", "near.jpg", "x_png.rf.2.jpg", "v.png"], SOUND),
        },
    )
    images = tmp_path / "images"
    shutil.copyfile(images / "train" / "a.png", images / "val" / "same.png")
    Image.open(images / "train" / "b.png").save(images / "val" / "near.jpg", quality=60)
    data = find(path, "detect")
    report = check(data, "detect")
    kinds = found(report)
    assert (kinds["leak"], kinds["near_leak"], kinds["name_leak"]) == (
        ["same.png"], ["near.jpg"], ["x_png.rf.2.jpg"],
    )  # fmt: skip
    after = find(fixed_copy(data, report, base=tmp_path / "base"), "detect")
    assert [path.name for path in pictures(after.splits["val"])] == ["v.png"]
    assert len(list(pictures(after.splits["train"]))) == 9
    assert not {"leak", "near_leak", "name_leak"} & set(found(check(after, "detect")))


def test_a_validation_that_is_the_training_is_named_and_split(tmp_path: Path) -> None:
    labels = {f"{number}x.png": SOUND for number in range(10)}
    path = write_set(tmp_path, {"train": labels})
    path.write_text(path.read_text() + "val: images/train\n")
    data = find(path, "detect")
    report = check(data, "detect")
    kinds = found(report)
    assert len(kinds["same_split"]) == 10
    assert "leak" not in kinds
    after = find(fixed_copy(data, report, base=tmp_path / "base"), "detect")
    assert not check(after, "detect").has_errors
    assert 1 <= len(list(pictures(after.splits["val"]))) <= 3


def test_classes_and_paths_are_looked_at(tmp_path: Path) -> None:
    many = "".join(f"0 0.5 0.5 0.4 0.{100 + n}\n" for n in range(600))
    some = "".join(f"4 0.5 0.5 0.4 0.{100 + n}\n" for n in range(11))
    path = write_set(
        tmp_path,
        {
            "train": {"a.png": many, "b.png": "1 0.5 0.5 0.4 0.4\n" + some},
            "val": {"v.png": "2" + SOUND[1:]},
        },
        names=("a", "rare", "unlearned", "empty", " A"),
    )
    absolute = path.read_text().replace("train: images", f"train: {tmp_path.as_posix()}/images")
    path.write_text(absolute.replace("val: images", "val: /elsewhere/images"))
    report = checked(path)
    details = {each.kind: [p.detail for p in each.places] for each in report.findings}
    assert details["class_rare"] == ["rare: 1"]
    assert details["class_unlearned"] == ["unlearned"]
    assert details["class_empty"] == ["empty"]
    assert details["imbalance"] == [" A: 11 / 600"]
    assert details["name_blank"] == ["' A'"]
    assert details["name_twice"] == ["a"]
    assert details["foreign_path"] == ["/elsewhere/images/val"]
    assert details["absolute_path"] == [f"train: {tmp_path.as_posix()}/images/train"]
    data = find(path, "detect")
    after = find(fixed_copy(data, report, base=tmp_path / "base"), "detect")
    assert after.names[-1] == "A"
    kinds = set(found(check(after, "detect")))
    assert not {"name_blank", "foreign_path", "absolute_path"} & kinds


def test_class_folders_are_checked_and_fixed(tmp_path: Path) -> None:
    for number in range(6):
        for name in ("a", "b"):
            picture(tmp_path / "set" / "train" / name / f"{number}.png", number + ord(name))
    folder = tmp_path / "set" / "val"
    picture(folder / "a" / "v.png", 50)
    picture(folder / "b" / "w.png", 51)
    shutil.copyfile(tmp_path / "set" / "train" / "a" / "0.png", folder / "a" / "leak.png")
    (folder / "b" / "broken.png").write_bytes(b"")
    data = find(tmp_path / "set", "classify")
    report = check(data, "classify", 224)
    assert {k: v for k, v in found(report).items() if k != "duplicate"} == {
        "unreadable": ["broken.png"], "leak": ["leak.png"], "class_rare": ["set", "set"],
    }  # fmt: skip
    assert report.splits["train"].classes == (6, 6)
    copied = fixed_copy(data, report, base=tmp_path / "base")
    after = check(find(copied, "classify"), "classify")
    assert not after.has_errors
    assert after.splits["val"].classes == (1, 1)


def test_a_pose_without_its_keypoints_can_be_detected(tmp_path: Path) -> None:
    person = "0 0.5 0.5 0.4 0.4 0.5 0.5 2 0.4 0.4 2 0 0 0\n"
    path = write_set(
        tmp_path, {"train": {"a.png": person}, "val": {"v.png": person}}, names=("person",),
        kpt_shape=[3, 3],
    )  # fmt: skip
    for task in ("pose", "detect"):
        kinds = set(found(checked(path, task)))
        assert kinds == {"class_rare"}
    assert found(checked(make(tmp_path / "other", kpt_shape=[2, 2]), "detect"))


def test_the_report_speaks_of_each_kind_in_order() -> None:
    order = {"error": 0, "warning": 1, "note": 2}
    ranks = [order[severity] for severity, _title, _fix in KINDS.values()]
    assert ranks == sorted(ranks)
    assert all("{count}" in title for _severity, title, _fix in KINDS.values())


def test_a_report_as_text_names_places_and_fixes(odd: Path) -> None:
    lines = list(checked(odd).as_text())
    assert "train: 25 pictures, 8 of them without an object; 19 objects" in lines
    assert any(line.startswith("Error: Lines with commas") for line in lines)
    assert any(line.endswith("commas.txt:1  0,0.5,0.5,0.3,0.3") for line in lines)
    assert "  and 22 more" in lines
    assert json.dumps(lines)


def test_real_sets_are_sound_and_quickly_checked(shared: Path) -> None:
    for name in ("det_bccd", "seg_food_nuts"):
        task = "segment" if name.startswith("seg") else "detect"
        data = find(shared / "data" / name, task)
        start = time.perf_counter()
        report = check(data, task)
        seconds = time.perf_counter() - start
        assert report.findings == ()
        # A hundred a second is what is wanted; a busy machine takes its time.
        assert sum(each.pictures for each in report.splits.values()) / seconds > 25


def test_the_demonstration_is_sound(tmp_path: Path) -> None:
    path = demonstration(tmp_path)
    data = find(path, "segment")
    report = check(data, "segment", 320)
    assert not report.has_errors
    assert {split: counts.pictures for split, counts in report.splits.items()} == {
        "train": 48, "val": 16,
    }  # fmt: skip
    assert min(report.splits["train"].classes) > 30
    assert not {"near_leak", "leak", "duplicate", "missing_label"} & set(found(report))
    before = listing(tmp_path)
    assert demonstration(tmp_path) == path
    assert listing(tmp_path) == before
