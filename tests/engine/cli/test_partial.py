"""Sources that fail are listed, and the others are worked on; a second run keeps the first."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from PIL import Image

from engine.inference.fake import FakeDetector
from engine.store import SESSION_FILE, SessionReader
from tests.helpers.command_line import Command, Said


@pytest.fixture
def mixed(plain: Callable[..., Path]) -> Path:
    """Return a folder with three good pictures, a cut-off one and two that are none."""
    folder = plain()
    (folder / "4 empty.jpg").touch()
    (folder / "5 text.png").write_text("this is no picture at all")
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    Image.fromarray(noise).save(folder / "6 short.jpg", quality=95)
    data = (folder / "6 short.jpg").read_bytes()
    (folder / "6 short.jpg").write_bytes(data[: len(data) * 2 // 3])
    return folder


@pytest.mark.usefixtures("fake")
def test_failures_are_lines_rows_and_a_sheet(
    command: Command, mixed: Path, tmp_path: Path
) -> None:
    out, excel = tmp_path / "out", tmp_path / "r.xlsx"
    said = command("detect", mixed, "--json", "--out", out, "--excel", excel)
    assert said.code == 3
    assert said.err == ""
    assert len(said.results) == 6
    failed = [line for line in said.results if line["width"] is None]
    assert [Path(line["source"]).name for line in failed] == ["4 empty.jpg", "5 text.png"]
    for line in failed:
        assert line["error"].startswith(line["source"])
        assert line["error"].endswith(".")
        assert line["detections"] == []
        assert [line[key] for key in ("frame", "time_s", "height", "top5")] == [None] * 4
    (warned,) = (line for line in said.results if line["error"] and line["width"])
    assert Path(warned["source"]).name == "6 short.jpg"
    assert (said.summary["pictures"], said.summary["failed"]) == (4, 2)
    with SessionReader.open(out) as reader:
        assert (reader.frame_count(), reader.run.state) == (4, "done")
        stored = reader.failures()
        assert [failure.source for failure in stored] == [line["source"] for line in failed]
        for failure, line in zip(stored, failed, strict=True):
            assert f"{failure.message} {failure.hint}" == line["error"]
        assert [frame.warning for frame in reader.frames()][3] == warned["error"]
    sheet = openpyxl.load_workbook(excel)["Failures"]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    assert [row[0] for row in rows] == [line["source"] for line in failed]
    assert all(row[1] for row in rows)


@pytest.mark.usefixtures("fake")
def test_failures_in_words(command: Command, mixed: Path, tmp_path: Path) -> None:
    said = command("detect", mixed, "--out", tmp_path / "out")
    assert said.code == 3
    complaints = said.err.splitlines()
    assert len(complaints) == 2
    assert "4 empty.jpg" in complaints[0]
    assert "5 text.png" in complaints[1]
    names = [line.partition(":")[0] for line in said.out.splitlines()]
    assert names[:4] == ["0.png", "1.png", "2.png", "6 short.jpg"]


@pytest.mark.usefixtures("fake")
def test_a_run_in_which_everything_failed_is_no_success(
    command: Command, plain: Callable[..., Path], tmp_path: Path
) -> None:
    folder = plain(0)
    for name in ("a.jpg", "b.mp4"):
        (folder / name).write_bytes(b"nothing of the kind")
    excel = tmp_path / "r.xlsx"
    said = command("detect", folder, "--json", "--out", tmp_path / "out", "--excel", excel)
    assert said.code == 2
    assert len(said.results) == 2
    assert (said.summary["frames"], said.summary["failed"]) == (0, 2)
    assert said.summary["excel"] is None
    assert not excel.exists()
    with SessionReader.open(said.session) as reader:
        assert len(reader.failures()) == 2


@pytest.mark.usefixtures("fake")
def test_a_second_run_keeps_the_first(
    command: Command, plain: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = command("detect", plain(2), "--json", "--out", out)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert len(before) == 3
    second = command("detect", plain(3, "more"), "--json", "--out", out)
    third = command("detect", tmp_path / "more", "--json", "--out", out, "--no-media")
    for path, data in before.items():
        assert path.read_bytes() == data
    sessions = [said.session for said in (first, second, third)]
    assert len(set(sessions)) == 3
    assert all(out in session.parents for session in sessions)
    for session, count in zip(sessions, (2, 3, 3), strict=True):
        with SessionReader.open(session) as reader:
            assert reader.frame_count() == count
    assert len(list((sessions[1].parent / "annotated").iterdir())) == 3


@pytest.mark.usefixtures("fake")
def test_files_of_the_person_are_never_written_over(
    command: Command, plain: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    (out / "annotated").mkdir(parents=True)
    (out / "annotated" / "0.jpg").write_text("mine")
    said = command("detect", plain(1), "--json", "--out", out)
    assert said.code == 0
    assert (out / "annotated" / "0.jpg").read_text() == "mine"
    with SessionReader.open(said.session) as reader:
        (frame,) = reader.frames()
    with Image.open(said.session.parent / str(frame.media)) as picture:
        assert picture.size == (64, 48)


@pytest.mark.usefixtures("fake")
def test_what_a_run_drew_is_not_found_by_the_next(
    command: Command, plain: Callable[..., Path]
) -> None:
    folder = plain(2)
    for count in range(3):
        said = command("detect", folder, "--json", "--out", folder)
        assert said.summary["pictures"] == 2, count


@pytest.mark.usefixtures("fake")
def test_without_a_folder_the_session_goes_home(
    command: Command, plain: Callable[..., Path], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("LABSIGHT_HOME", str(tmp_path / "home"))
    sessions = {command("detect", plain(1, name), "--json").session for name in "ab"}
    assert len(sessions) == 2
    for session in sessions:
        assert session.name == SESSION_FILE
        day = session.parent.parent
        assert day.parent == tmp_path / "home"
        assert len(day.name.split("-")) == 3


def test_one_picture_named_in_many_ways_is_one(
    command: Command, plain: Callable[..., Path], tmp_path: Path, fake: FakeDetector
) -> None:
    folder = plain(2)

    def run(*sources: object) -> Said:
        return command("detect", *sources, "--json", "--no-media", "--out", tmp_path / "out")

    assert run(folder / "0.png", folder, f"{folder}/*.png").summary["pictures"] == 2
