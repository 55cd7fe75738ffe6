"""Where exports go, what they replace, and what they leave when a disk is full."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Any

import pytest

from engine.conversion import place
from engine.conversion.config import ConversionConfig
from engine.conversion.formats import FORMATS
from engine.errors import ExportError
from engine.paths import DEFAULT_WEIGHTS, home, resource
from tests.helpers.full_disk import disk_filler

ONNX, OPENVINO = FORMATS["onnx"], FORMATS["openvino"]


def target(out: Path | None, kind: str = "onnx", weights: str = "best.pt") -> Path:
    return place.target(ConversionConfig(weights=Path("/w") / weights, format=kind, out=out))


def made(folder: Path, kind: str, content: bytes = b"new") -> Path:
    """Return what a writer would have left."""
    if kind == "onnx":
        path = folder / "made.onnx"
        path.write_bytes(content)
        return path
    path = folder / "made_openvino_model"
    path.mkdir()
    for suffix in ("xml", "bin"):
        (path / f"best.{suffix}").write_bytes(content)
    return path


def put(folder: Path, path: Path, kind: str, content: bytes = b"new") -> int:
    folder.mkdir(exist_ok=True)
    return place.put(made(folder, kind, content), path, place.part_of(path), FORMATS[kind])


def test_names_follow_the_weights_and_the_format(tmp_path: Path) -> None:
    assert target(None) == Path("/w/best.onnx")
    assert target(None, "openvino", "a.b.pt") == Path("/w/a.b_openvino_model")
    assert target(tmp_path, "torchscript") == tmp_path / "best.torchscript"
    assert target(tmp_path / "new") == tmp_path / "new" / "best.onnx"
    assert target(tmp_path / "x.onnx") == tmp_path / "x.onnx"
    assert target(tmp_path / "x_openvino_model", "openvino") == tmp_path / "x_openvino_model"
    (tmp_path / "v1.2").mkdir()
    assert target(tmp_path / "v1.2") == tmp_path / "v1.2" / "best.onnx"


def test_our_own_weights_go_to_a_persons_folder() -> None:
    config = ConversionConfig(weights=resource(DEFAULT_WEIGHTS))
    assert place.target(config).parent == home() / "exports"


def test_a_name_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="r.txt does not end in .onnx"):
        target(tmp_path / "r.txt")


@pytest.mark.parametrize("kind", ["onnx", "openvino"])
def test_a_former_export_is_replaced(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "out" / ("best.onnx" if kind == "onnx" else "best_openvino_model")
    put(tmp_path / "a", path, kind, b"old")
    written = put(tmp_path / "b", path, kind)
    files = [path] if path.is_file() else sorted(path.iterdir())
    assert [file.read_bytes() for file in files] == [b"new"] * len(files)
    assert written == 3 * len(files)
    assert list(path.parent.iterdir()) == [path]


def test_other_files_are_never_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "x_openvino_model"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(ExportError, match="holds other files"):
        place.check(folder, OPENVINO)
    with pytest.raises(ExportError, match="holds other files"):
        put(tmp_path / "a", folder, "openvino")
    with pytest.raises(ExportError, match="folder, not a file"):
        place.check(folder, ONNX)
    with pytest.raises(ExportError, match="file, not a folder"):
        place.check(folder / "notes.txt", OPENVINO)
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.check(tmp_path / "a" / "b" / "x.onnx", ONNX)
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="file, not a folder"):
        place.check(tmp_path / "file" / "x.onnx", ONNX)
    # The permissions of a folder do not bind everyone who may run this test.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ExportError, match="No permission"):
        place.check(tmp_path / "a" / "x.onnx", ONNX)


@pytest.mark.parametrize("kind", ["onnx", "openvino"])
def test_a_full_disk_leaves_the_former_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path = tmp_path / "out" / ("best.onnx" if kind == "onnx" else "best_openvino_model")
    put(tmp_path / "a", path, kind, b"old")
    (tmp_path / "b").mkdir()
    fresh = made(tmp_path / "b", kind, b"too long")
    plain = Path.open
    disk_filler(monkeypatch)(4)
    full = Path.open

    def open_for_reading_or_in_vain(each: Path, mode: str) -> IO[Any]:
        return (full if "w" in mode else plain)(each, mode)

    monkeypatch.setattr(Path, "open", open_for_reading_or_in_vain)
    with pytest.raises(ExportError, match="disk is full"):
        place.put(fresh, path, place.part_of(path), FORMATS[kind])
    monkeypatch.setattr(Path, "open", plain)
    files = [path] if path.is_file() else sorted(path.iterdir())
    assert [file.read_bytes() for file in files] == [b"old"] * len(files)
    assert list(path.parent.iterdir()) == [path]
