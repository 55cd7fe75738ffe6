"""A split keeps together what belongs together, and keeps the classes in balance."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from engine.datasets import find, pictures, resplit, split
from engine.datasets.dataset import label_of
from engine.datasets.fingerprints import CutOff, fingerprint, near_pairs
from engine.datasets.groups import frame_of, group, origin_of
from engine.errors import Cancelled, DataError, PictureError
from tests.helpers.datasets import BOX, listing, picture, write_set


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("144-A_png.rf.8e844947b0bd943655480292081f.jpg", "144-A"),
        ("IMG_0384_jpg_rf_c8ef4d85344a58ca849fa9a2998dd713.jpg", "IMG_0384"),
        ("photo.v2_jpeg.rf.ab12.png", "photo.v2"),
        ("tube_aug3.png", "tube"),
        ("tube-flip.png", "tube"),
        ("tube_rot90_flip_lr.png", "tube"),
        ("tube_hflip.bright.png", "tube"),
        ("flip.png", "flip"),
        ("rot90.png", "rot90"),
        ("field_crop_12.jpg", "field_crop_12"),
        ("pivot2.jpg", "pivot2"),
        ("photo (2).jpg", "photo (2)"),
    ],
)
def test_the_photograph_behind_a_name_is_found(name: str, origin: str) -> None:
    assert origin_of(name) == origin


@pytest.mark.parametrize(
    ("stem", "frame"),
    [
        ("clip_000123", ("clip", 123)),
        ("clip_frame12", ("clip", 12)),
        ("frame_12", ("", 12)),
        ("cam1-frame-0007", ("cam1", 7)),
        ("IMG_0384", None),
        ("000000000009", None),
        ("nuts_00", None),
    ],
)
def test_frames_are_told_by_their_names(stem: str, frame: tuple[str, int] | None) -> None:
    assert frame_of(stem) == frame


def test_frames_that_follow_one_another_stay_together() -> None:
    paths = [Path(f"a/clip_{number:06}.jpg") for number in range(0, 900, 10)]
    numbers = group(paths)
    assert len(set(numbers)) == 15
    assert numbers == sorted(numbers)
    # A pause parts a block, and another folder or film is another film.
    gap = [Path(f"a/c_frame{n}.jpg") for n in (1, 2, 3, 4, 900, 901, 902, 903)]
    found = group(gap)
    assert found[3] != found[4]
    assert len(set(group([Path("a/x_frame1.jpg"), Path("b/x_frame2.jpg")]))) == 2


def test_pairs_join_groups() -> None:
    paths = [Path(f"{name}.png") for name in "abcdef"]
    assert group(paths, [(0, 3), (5, 3)]) == [0, 1, 2, 0, 3, 0]


@given(st.data())
def test_no_group_is_torn_apart(data: st.DataObject) -> None:
    count = data.draw(st.integers(2, 40))
    members = data.draw(st.lists(st.integers(0, count), min_size=count, max_size=count))
    classes = data.draw(
        st.lists(
            st.dictionaries(st.sampled_from("abcd"), st.integers(1, 9), max_size=3),
            min_size=count,
            max_size=count,
        )
    )
    share = data.draw(st.sampled_from([0.01, 0.2, 0.5, 0.9]))
    seed = data.draw(st.integers(0, 5))
    paths = [Path(f"{m}_png.rf.{n:04x}.jpg") for n, m in enumerate(members)]
    if len(set(members)) == 1:
        with pytest.raises(DataError, match="belong together"):
            split(paths, classes, share=share, seed=seed, prints=[None] * count)
        return
    chosen = split(paths, classes, share=share, seed=seed, prints=[None] * count)
    assert chosen == split(paths, classes, share=share, seed=seed, prints=[None] * count)
    sides = defaultdict(set)
    for member, validates in zip(members, chosen, strict=True):
        sides[member].add(validates)
    assert all(len(each) == 1 for each in sides.values())
    assert set(chosen) == {True, False}


def test_each_side_has_its_share_of_every_class() -> None:
    rng = np.random.default_rng(3)
    classes = [
        {name: int(rng.integers(1, 5)) for name, often in (("a", 0.9), ("b", 0.3), ("c", 0.05))
         if rng.uniform() < often}
        for _ in range(400)
    ]  # fmt: skip
    paths = [Path(f"p{number}x.png") for number in range(400)]
    for seed in range(3):
        chosen = split(paths, classes, seed=seed, prints=[None] * 400)
        assert 0.17 < np.mean(chosen) < 0.23
        for name in "abc":
            total = sum(each.get(name, 0) for each in classes)
            val = sum(e.get(name, 0) for e, v in zip(classes, chosen, strict=True) if v)
            assert 0.15 < val / total < 0.25, name
    assert split(paths, classes, seed=1, prints=[None] * 400) != chosen


def test_a_class_of_one_picture_is_learned() -> None:
    classes = [{"a": 1}] * 9 + [{"a": 1, "rare": 1}]
    paths = [Path(f"p{number}x.png") for number in range(10)]
    for seed in range(8):
        assert not split(paths, classes, seed=seed, prints=[None] * 10)[9]


@pytest.mark.parametrize("share", [0, 1, -0.2, 1.5])
def test_a_share_of_nothing_is_refused(share: float) -> None:
    with pytest.raises(DataError, match="cannot be split off"):
        split([Path("a.png"), Path("b.png")], [{}, {}], share=share, prints=[None, None])


def test_pictures_of_one_scene_are_near_and_others_are_not(tmp_path: Path) -> None:
    first = picture(tmp_path / "a.png", 1, (640, 480))
    image = Image.open(first).convert("RGB")
    ImageEnhance.Brightness(image).enhance(1.15).save(tmp_path / "b.jpg", quality=70)
    image.resize((320, 240)).save(tmp_path / "c.webp")
    image.crop((6, 4, 636, 476)).save(tmp_path / "d.jpg")
    picture(tmp_path / "e.png", 2, (640, 480))
    Image.new("RGB", (640, 480), "white").save(tmp_path / "f.png")
    Image.new("RGB", (640, 480), "grey").save(tmp_path / "g.png")
    prints = [fingerprint(path) for path in sorted(tmp_path.iterdir())]
    near = set(near_pairs(prints))
    assert near >= {(0, 1), (0, 2), (1, 2)}
    assert not {pair for pair in near if max(pair) > 3}


def test_what_cannot_be_read_has_no_fingerprint(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.jpg", 1, (640, 480))
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(CutOff):
        fingerprint(path)
    path.write_bytes(b"text")
    with pytest.raises(PictureError):
        fingerprint(path)
    with pytest.raises(PictureError, match="cannot be opened"):
        fingerprint(tmp_path / "absent.png")


def test_a_set_is_split_anew_in_a_copy(tmp_path: Path) -> None:
    names = {f"{stem}_jpg.rf.{n}.jpg": f"{n % 2} 0.5 0.5 0.2 0.2\n"
             for stem in "abcdefghij" for n in range(2)}  # fmt: skip
    names["only.jpg"] = ""
    path = write_set(
        tmp_path / "set", {"train": names | {"bare.jpg": None}, "test": {"t.jpg": BOX}}
    )
    data = find(path, "detect", val_needed=False)
    before = listing(tmp_path / "set")
    copied = resplit(data, tmp_path / "base", 0.25, 3)
    assert copied == tmp_path / "base" / "set-split" / "data.yaml"
    assert listing(tmp_path / "set") == before
    anew = find(copied, "detect")
    found = {s: {p.name for p in pictures(places)} for s, places in anew.splits.items()}
    assert found["test"] == {"t.jpg"}
    assert found["train"] | found["val"] == {*names, "bare.jpg"}
    origins = {s: {origin_of(name) for name in each} for s, each in found.items()}
    assert not origins["train"] & origins["val"]
    assert 4 <= len(found["val"]) <= 7
    for split_name in ("train", "val"):
        for each in pictures(anew.splits[split_name]):
            label = label_of(each)
            text = label.read_text() if label.exists() else None
            assert text == (names | {"bare.jpg": None})[each.name]
    assert resplit(anew, tmp_path / "base").parent.name == "set-split-2"


def test_class_folders_are_split_anew(tmp_path: Path) -> None:
    for number in range(12):
        name = "ab"[number % 2]
        picture(tmp_path / "set" / "train" / name / f"{number}.png", number)
    data = find(tmp_path / "set", "classify", val_needed=False)
    anew = find(resplit(data, tmp_path / "base", 0.3), "classify")
    assert anew.names == ("a", "b")
    counts = {s: len(list(pictures(places))) for s, places in anew.splits.items()}
    assert sum(counts.values()) == 12
    assert 2 <= counts["val"] <= 5


def test_a_split_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    path = write_set(tmp_path / "set", {"train": {f"{n}x.png": BOX for n in range(9)}})
    data = find(path, "detect", val_needed=False)
    with pytest.raises(Cancelled):
        resplit(data, tmp_path / "base", cancelled=lambda: True)
    assert not (tmp_path / "base").exists()
