"""Archives are unpacked into their folder and nowhere else."""

from __future__ import annotations

import stat
import warnings
import zipfile
from pathlib import Path

import pytest

from engine.datasets import archive, find, imported, pictures, prepare
from engine.errors import Cancelled, DataError
from tests.helpers.datasets import BOX, make


def pack(folder: Path, target: Path, top: str = "") -> Path:
    """Pack a folder, below a folder in the archive."""
    with zipfile.ZipFile(target, "w") as packed:
        for path in sorted(folder.rglob("*")):
            packed.write(path, Path(top) / path.relative_to(folder))
    return target


@pytest.mark.parametrize("top", ["", "export", "导出"])
def test_a_packed_set_is_unpacked_once(tmp_path: Path, top: str) -> None:
    make(tmp_path / "set", places="{split}/images", train="../train/images", val="../val/images")
    packed = pack(tmp_path / "set", tmp_path / "tubes v1.zip", top)
    found = prepare(packed, base=tmp_path / "base")
    assert found == tmp_path / "base" / "tubes v1" / "data.yaml"
    assert len(list(pictures(find(found, "detect").splits["train"]))) == 1
    assert [path.name for path in (tmp_path / "base").iterdir()] == ["tubes v1"]
    assert prepare(packed, base=tmp_path / "base") == found
    note = imported(found)
    assert note is not None
    assert (note.kind, note.pictures, note.source) == ("yolo", 2, str(packed))
    # What changes is imported anew, beside the former.
    (tmp_path / "set" / "train" / "labels" / "1.txt").write_text(BOX * 2)
    pack(tmp_path / "set", packed, top)
    assert prepare(packed, base=tmp_path / "base").parent.name == "tubes v1-2"


@pytest.mark.parametrize(
    "name", ["../out.txt", "/etc/out.txt", "C:/out.txt", "a/../../out.txt", "..\\out.txt"]
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    path = folder / "bad.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("data.yaml", "names: [a]\ntrain: x\n")
        packed.writestr(name, "gotcha")
    with pytest.raises(DataError, match="written elsewhere"):
        prepare(path, base=folder / "base")
    assert not list(tmp_path.rglob("out.txt"))
    assert not (folder / "base").exists()


def test_a_link_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as packed:
        link = zipfile.ZipInfo("images/1.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match="holds a link"):
        prepare(path, base=tmp_path)


def test_a_bomb_is_refused_by_what_it_says_of_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "_LARGE_BYTES", 50 << 20)
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("data.yaml", "names: [a]\ntrain: x\n")
        with packed.open("images/1.png", "w", force_zip64=True) as file:
            for _ in range(60):
                file.write(bytes(1 << 20))
    with pytest.raises(DataError, match="which no data set does"):
        prepare(path, base=tmp_path / "base")
    assert list((tmp_path / "base").iterdir()) == []


def test_a_disk_without_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "set")
    packed = pack(tmp_path / "set", tmp_path / "set.zip")
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("", (), {"free": 1000})())
    with pytest.raises(DataError, match="and 0 MB are free"):
        prepare(packed, base=tmp_path / "base")
    assert list((tmp_path / "base").iterdir()) == []


def test_a_damaged_archive_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    make(tmp_path / "set")
    packed = pack(tmp_path / "set", tmp_path / "set.zip")
    data = bytearray(packed.read_bytes())
    at = data.index(b"\x89PNG")
    data[at + 200] ^= 0xFF
    packed.write_bytes(bytes(data))
    with pytest.raises(DataError, match="damaged"):
        prepare(packed, base=tmp_path / "base")
    assert list((tmp_path / "base").iterdir()) == []


def test_a_password_is_told(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("data.yaml", "names: [a]")
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    path.write_bytes(bytes(data))
    with pytest.raises(DataError, match="password"):
        prepare(path, base=tmp_path)


def test_what_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    make(tmp_path / "set")
    packed = pack(tmp_path / "set", tmp_path / "set.zip")
    with pytest.raises(Cancelled):
        prepare(packed, base=tmp_path / "base", cancelled=lambda: True)
    assert list((tmp_path / "base").iterdir()) == []


def test_names_in_a_chinese_code_are_read(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr("AAAAAAAA.txt", "x")
    data = path.read_bytes().replace(b"AAAAAAAA", "训练图片".encode("gb18030"))
    path.write_bytes(data)
    with archive.opened(path) as packed:
        assert [name for _info, name in archive.members(packed, path)] == ["训练图片.txt"]
