"""An export is whole or it is not there, and nobody's work is replaced."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine import export
from engine.errors import Cancelled, ExportError
from engine.types import Progress
from tests.engine.export.conftest import boxes, frame, run_record

if TYPE_CHECKING:
    from engine.store.reader import SessionReader
    from tests.engine.export.conftest import Export, Sessions


@pytest.fixture
def session(sessions: Sessions) -> SessionReader:
    pictures = [(frame(f"/data/{i}.png"), boxes(60, seed=i)) for i in range(60)]
    return sessions.make(run_record(), *pictures)


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_an_export_leaves_nothing_but_itself(
    session: SessionReader, exporter: Export, tmp_path: Path
) -> None:
    target = tmp_path / "new" / "folder" / "export"
    assert exporter(session, target) == target
    assert [path.name for path in target.parent.iterdir()] == ["export"]
    exporter(session, target)
    assert [path.name for path in target.parent.iterdir()] == ["export"]


def test_stopping_leaves_the_former_export_as_it_was(
    session: SessionReader, exporter: Export, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    exporter(session, folder / "export")
    before = contents(folder)
    questions = 0

    def stop() -> bool:
        nonlocal questions
        questions += 1
        return questions > 3

    with pytest.raises(Cancelled):
        exporter(session, folder / "export", should_stop=stop)
    assert questions == 4
    assert contents(folder) == before
    assert len(list(folder.iterdir())) == 1


def test_stopping_at_the_last_moment_counts(
    session: SessionReader, exporter: Export, tmp_path: Path
) -> None:
    asked = 0

    def count() -> bool:
        nonlocal asked
        asked += 1
        return False

    def stop() -> bool:
        nonlocal asked
        asked -= 1
        return asked == 0

    exporter(session, tmp_path / "first", should_stop=count)

    with pytest.raises(Cancelled):
        exporter(session, tmp_path / "second", should_stop=stop)
    assert not (tmp_path / "second").exists()


def test_progress_rises_to_the_total(
    session: SessionReader, exporter: Export, tmp_path: Path
) -> None:
    reports: list[Progress] = []
    exporter(session, tmp_path / "export", progress=reports.append)
    done = [report.done for report in reports]
    assert done[0] == 0
    assert done == sorted(done)
    assert 4 <= len(reports) <= 20
    assert {report.total for report in reports} == {reports[-1].done}


if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer


class FullDisk(io.FileIO):
    """A file on a disk with room for so many bytes more."""

    room = 0

    def write(self, data: Buffer) -> int:
        size = len(memoryview(data))
        if size > self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        FullDisk.room -= size
        return super().write(data)


@pytest.mark.parametrize("room", [0, 3000])
def test_a_full_disk_is_a_sentence(
    session: SessionReader,
    exporter: Export,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    room: int,
) -> None:
    folder = tmp_path / "out"
    exporter(session, folder / "export")
    before = contents(folder)
    plain_open: Callable[..., object] = io.open

    def open_on_full_disk(
        file: str | os.PathLike[str], mode: str = "r", *rest: object, **how: object
    ) -> object:
        if ".labsight-" not in str(file) or "w" not in mode:
            return plain_open(file, mode, *rest, **how)
        raw = FullDisk(file, "w+")
        binary = io.BufferedRandom(raw)
        if "b" in mode:
            return binary
        return io.TextIOWrapper(binary, encoding="utf-8", newline="")

    monkeypatch.setattr(FullDisk, "room", room)
    monkeypatch.setattr(io, "open", open_on_full_disk)
    with pytest.raises(ExportError) as caught:
        exporter(session, folder / "export")
    monkeypatch.undo()
    assert caught.value.message.startswith("The disk is full")
    assert contents(folder) == before
    assert len(list(folder.iterdir())) == 1


def test_a_target_in_use_is_a_sentence(
    session: SessionReader, exporter: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    target = folder / "export"
    exporter(session, target)
    before = contents(folder)

    def replace(source: Path, destination: Path) -> None:
        raise PermissionError(errno.EACCES, "in use")

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(ExportError, match="open in another program"):
        exporter(session, target)
    monkeypatch.undo()
    assert contents(folder) == before


def test_a_failed_exchange_of_folders_is_undone(
    session: SessionReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    export.export_yolo(session, folder / "export")
    before = contents(folder)
    plain_replace, calls = os.replace, 0

    def replace(source: Path, destination: Path) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OSError(errno.EIO, "broken")
        plain_replace(source, destination)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(ExportError, match="broken"):
        export.export_yolo(session, folder / "export")
    assert calls == 3
    assert contents(folder) == before
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("name", ["excel", "csv", "coco"])
def test_a_folder_is_no_file(session: SessionReader, name: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="This is a folder"):
        getattr(export, f"export_{name}")(session, tmp_path)


@pytest.mark.parametrize("name", ["yolo", "labelme"])
class TestFolders:
    """Folders that hold something already."""

    def test_a_file_is_no_folder(self, session: SessionReader, name: str, tmp_path: Path) -> None:
        target = tmp_path / "file"
        target.write_text("mine")
        with pytest.raises(ExportError, match="This is a file"):
            getattr(export, f"export_{name}")(session, target)
        assert target.read_text() == "mine"

    def test_an_empty_folder_is_used(
        self, session: SessionReader, name: str, tmp_path: Path
    ) -> None:
        target = tmp_path / "empty"
        target.mkdir()
        (target / ".DS_Store").write_text("litter")
        getattr(export, f"export_{name}")(session, target)
        assert (target / "labsight-export.csv").is_file()

    def test_a_foreign_folder_is_refused(
        self, session: SessionReader, name: str, tmp_path: Path
    ) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "thesis.txt").write_text("mine")
        with pytest.raises(ExportError, match="is not empty"):
            getattr(export, f"export_{name}")(session, tmp_path / "out")
        assert contents(tmp_path / "out") == {"thesis.txt": b"mine"}

    @pytest.mark.parametrize("change", ["added", "changed", "added below"])
    def test_work_done_since_is_kept(
        self, session: SessionReader, name: str, tmp_path: Path, change: str
    ) -> None:
        target = tmp_path / "out"
        getattr(export, f"export_{name}")(session, target)
        file = {
            "added": target / "notes.txt",
            "changed": next(path for path in target.rglob("0.*")),
            "added below": target / "images" / "0.png",
        }[change]
        file.parent.mkdir(exist_ok=True)
        file.write_text("corrected by hand")
        before = contents(target)
        with pytest.raises(ExportError, match="since it was exported") as caught:
            getattr(export, f"export_{name}")(session, target)
        assert caught.value.values["name"] == file.relative_to(target).as_posix()
        assert contents(target) == before

    def test_deleted_files_come_back(
        self, session: SessionReader, name: str, tmp_path: Path
    ) -> None:
        target = tmp_path / "out"
        getattr(export, f"export_{name}")(session, target)
        before = contents(target)
        next(path for path in target.rglob("0.*")).unlink()
        getattr(export, f"export_{name}")(session, target)
        assert contents(target) == before


def test_the_new_file_has_ordinary_permissions(session: SessionReader, tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    export.export_csv(session, tmp_path / "export.csv")
    ours, plain = (tmp_path / "export.csv").stat(), (tmp_path / "plain").stat()
    assert ours.st_mode == plain.st_mode


def test_importing_the_exports_is_light() -> None:
    code = (
        "import sys, engine.export\n"
        "heavy = {'openpyxl', 'cv2', 'torch', 'yaml', 'PIL'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])
