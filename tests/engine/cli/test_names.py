"""Awkward names of classes, files and folders pass through everything unharmed."""

import csv
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from PIL import Image

from engine.inference.fake import FakeDetector
from engine.store import SessionReader
from tests.helpers.checkpoints import renamed
from tests.helpers.command_line import Command, Said

NAMES = ("=SUM(A1)", "文字 🧪", 'comma, "quote"', "two\nlines", "+1", "@x {0}%s", " -2 ")
PATHS = ("样品 图片", "with blanks ", "🧪🔬 emoji", "per%cent & {brace}", "quote's", "#hash?x")


def assert_names(said: Said, excel: Path, table: Path) -> set[str]:
    """The classes of all objects are the same in every format; return those that occur."""
    named = [each["name"] for line in said.results for each in line["detections"]]
    with SessionReader.open(said.session) as reader:
        assert reader.run.model.names == NAMES
        assert [NAMES[row.class_id] for row in reader.objects()] == named
    sheet = openpyxl.load_workbook(excel)["Objects"]
    heads = [cell.value for cell in sheet[1]]
    cells = [row[heads.index("Class")] for row in sheet.iter_rows(min_row=2)]
    assert [cell.value for cell in cells] == named
    assert {cell.data_type for cell in cells} == {"s"}
    with table.open(encoding="utf-8-sig", newline="") as file:
        fields = [row["Class"] for row in csv.DictReader(file)]
    # A spreadsheet would take these for formulas.
    assert fields == [f"'{name}" if name[0] in "=+-@" else name for name in named]
    return set(named)


def test_class_names_of_a_checkpoint(
    command: Command, texture: Path, lively: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "权重 模型 😀"
    folder.mkdir()
    weights = renamed(lively, folder / "最好的 best 😀.pt", NAMES)
    excel, table = tmp_path / "r.xlsx", tmp_path / "r.csv"
    said = command(
        "detect", texture, "--weights", weights, "--out", tmp_path / "out", "--json",
        "--excel", excel, "--csv", table,
    )  # fmt: skip
    assert (said.code, said.err) == (0, "")
    assert said.out.count("\n") == 2
    assert len(assert_names(said, excel, table)) >= 4
    with SessionReader.open(said.session) as reader:
        assert reader.run.model.name == "最好的 best 😀"
        assert reader.run.settings["weights"] == str(weights)
    chosen = command(
        "detect", texture, "--weights", weights, "--out", tmp_path / "out", "--json",
        "--no-media", "--classes", "=sum(a1)", "文字 🧪",
    )  # fmt: skip
    found = {each["class"] for each in chosen.results[0]["detections"]}
    assert found <= {0, 1}
    assert found


def test_class_names_without_a_network(
    command: Command, plain: Callable[..., Path], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    detector = FakeDetector(40, names=NAMES)
    monkeypatch.setattr("engine.cli.detect.open_detector", lambda config: detector)
    excel, table = tmp_path / "r.xlsx", tmp_path / "r.csv"
    said = command(
        "detect", plain(), "--out", tmp_path / "out", "--json", "--excel", excel, "--csv", table
    )
    assert assert_names(said, excel, table) == set(NAMES)


def test_words_are_one_line_a_picture(
    command: Command, plain: Callable[..., Path], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Names come from files of strangers: none may break a line or move the cursor."""
    detector = FakeDetector(40, names=("two\nlines", "\x1b[2J", "\u2028", "字"))
    monkeypatch.setattr("engine.cli.detect.open_detector", lambda config: detector)
    said = command("detect", plain(), "--out", tmp_path / "out", "--no-media")
    assert len(said.out.splitlines()) == 3 + 2
    assert "two lines" in said.out
    assert "字" in said.out
    refused = command("detect", tmp_path / "pictures", "--classes", "none\nof\x1bthem")
    assert len(refused.err.splitlines()) == 1
    assert not {"\x1b", "\u2028"} & set(said.out + refused.err)


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.usefixtures("fake")
def test_paths(
    command: Command, plain: Callable[..., Path], clip: Path, tmp_path: Path, name: str
) -> None:
    if sys.platform == "win32":
        name = name.replace("?", "").strip()
    folder = plain(1, f"{name}/in")
    picture = folder / f"{name}.png"
    (folder / "0.png").rename(picture)
    shutil.copy(clip, folder / f"{name}.mp4")
    out = tmp_path / f"{name}/out"
    excel, table = out.parent / f"{name}.xlsx", out.parent / f"{name}.csv"
    said = command("detect", folder, "--out", out, "--excel", excel, "--csv", table, "--json")
    assert (said.code, said.err) == (0, "")
    assert {line["source"] for line in said.results} == {
        str(picture), str(folder / f"{name}.mp4")
    }  # fmt: skip
    assert said.summary["excel"] == str(excel)
    assert excel.is_file()
    assert table.is_file()
    with SessionReader.open(said.session) as reader:
        media = {frame.media for frame in reader.frames()}
        assert all((out / str(path)).is_file() for path in media)
    assert len(media) == 2
    single = command("detect", picture, "--out", tmp_path / "single", "--json", "--no-media")
    assert single.summary["frames"] == 1


if sys.platform == "linux":

    @pytest.mark.usefixtures("fake")
    def test_a_name_that_is_no_text(command: Command, tmp_path: Path) -> None:
        folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff"))
        folder.mkdir()
        Image.new("RGB", (64, 48)).save(folder / os.fsdecode(b"\xfe.png"), format="PNG")
        excel = tmp_path / "r.xlsx"
        said = command("detect", folder, "--out", folder / "out", "--excel", excel, "--json")
        assert (said.code, said.err) == (0, "")
        (line,) = said.results
        assert line["source"].endswith("\\udcfe.png")
        assert len(list((folder / "out" / "annotated").iterdir())) == 1
        assert excel.is_file()
