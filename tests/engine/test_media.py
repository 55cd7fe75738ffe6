"""Pictures on disk: whole or not there, and a sentence when the disk is full."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import StoreError
from engine.media import PART_PREFIX, PART_SUFFIX, write_picture
from tests.helpers.full_disk import disk_filler, picture


@pytest.fixture
def fill_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that leaves so many bytes of room on every disk."""
    return disk_filler(monkeypatch)


@pytest.mark.parametrize("name", ["a.jpg", "b.PNG", "血清 🧪.jpeg", "no suffix"])
def test_a_picture_is_written_and_nothing_else(tmp_path: Path, name: str) -> None:
    image = picture()
    write_picture(image, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    with Image.open(tmp_path / name) as opened:
        assert opened.format == ("PNG" if name == "b.PNG" else "JPEG")
        difference = np.abs(np.asarray(opened.convert("RGB")).astype(int) - image)
    assert difference.max() <= (0 if name == "b.PNG" else 12)


def test_colour_of_a_jpeg_keeps_its_resolution(tmp_path: Path) -> None:
    image = np.zeros((32, 32, 3), np.uint8)
    image[:, ::2] = (230, 159, 0)
    image[:, 1::2] = (0, 114, 178)
    write_picture(image, tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as opened:
        assert np.abs(np.asarray(opened).astype(int) - image).max() < 40


def test_quality_decides_the_size(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    sizes = []
    for quality in (50, 92, 100):
        write_picture(image, tmp_path / "a.jpg", quality)
        sizes.append((tmp_path / "a.jpg").stat().st_size)
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("room", [0, 100])
def test_a_full_disk_leaves_the_old_picture_and_no_part(
    tmp_path: Path, fill_disk: Callable[[int], None], room: int
) -> None:
    old, new = tmp_path / "old.jpg", tmp_path / "new.jpg"
    write_picture(picture(), old)
    before = old.read_bytes()
    fill_disk(room)
    for path in (old, new):
        with pytest.raises(StoreError, match="disk is full"):
            write_picture(picture(seed=1), path)
    assert [path.name for path in tmp_path.iterdir()] == ["old.jpg"]
    with open(old, "rb") as file:
        assert file.read() == before


def test_a_part_has_a_name_that_can_be_recognised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts: list[Path] = []
    replace = Path.replace

    def note(path: Path, target: Path) -> Path:
        parts.append(path)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", note)
    write_picture(picture(), tmp_path / "a.jpg")
    (part,) = parts
    assert part.parent == tmp_path
    assert part.name.startswith(PART_PREFIX)
    assert part.name.endswith(PART_SUFFIX)


def test_a_missing_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"a\.jpg"):
        write_picture(picture(), tmp_path / "none" / "a.jpg")


def test_a_picture_too_large_for_jpeg_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="too large"):
        write_picture(np.zeros((1, 65_501, 3), np.uint8), tmp_path / "a.jpg")
    write_picture(np.zeros((1, 65_501, 3), np.uint8), tmp_path / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
