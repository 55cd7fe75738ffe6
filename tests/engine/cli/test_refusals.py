"""What cannot be done ends with code 2, one sentence, a hint, and nothing on stdout."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.inference.fake import FakeDetector
from engine.store import SESSION_FILE, SessionReader
from tests.helpers.command_line import Command, Said


def assert_refused(said: Said, *words: str) -> None:
    """Hold the form of a refusal, and that it says these words."""
    assert said.code == 2
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.rstrip("\n").endswith(".")
    # A sentence and a hint.
    assert said.err.count(". ") >= 1
    for word in words:
        assert word in said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["explode"], ["explode", "main.py --help"]),
        (["--explode"], ["--explode"]),
        (["detect"], ["No source was given"]),
        (["detect", "--json"], ["No source was given"]),
        (["detect", "a.jpg", "--explode"], ["--explode"]),
        (["detect", "a.jpg", "--conf"], ["--conf"]),
        (["detect", "a.jpg", "--conf", "high"], ["--conf", "high"]),
        (["detect", "a.jpg", "--conf", "1.01"], ["1.01", "0.0 to 1.0"]),
        (["detect", "a.jpg", "--conf=-0.1"], ["-0.1"]),
        (["detect", "a.jpg", "--conf", "nan"], ["nan"]),
        (["detect", "a.jpg", "--iou", "inf"], ["inf"]),
        (["detect", "a.jpg", "--imgsz", "640.5"], ["640.5"]),
        (["detect", "a.jpg", "--imgsz", "650"], ["650", "640"]),
        (["detect", "a.jpg", "--imgsz", "0"], ["0", "32 to 8192"]),
        (["detect", "a.jpg", "--backend", "tensorflow"], ["tensorflow", "torch"]),
        (["detect", "a.jpg", "--lang", "de"], ["de", "zh_CN"]),
        (["--lang", "de", "doctor"], ["de", "zh_CN"]),
        (["doctor", "--lang=xx"], ["xx"]),
        (["doctor", "more"], ["more"]),
        (["self-test", "--json"], ["--json"]),
        (["detect", "a.jpg", "--excel", "r.csv"], ["r.csv", ".xlsx"]),
        (["detect", "a.jpg", "--excel", "results"], ["results", ".xlsx"]),
        (["detect", "a.jpg", "--csv", "r.txt"], ["r.txt", ".csv"]),
        (["detect", "a.jpg", "--coco", "r.txt"], ["r.txt", ".json"]),
        (["detect", "no such picture.jpg"], ["no such picture.jpg"]),
        (["detect", "nothing/*.jpg"], ["nothing/*.jpg"]),
        (["detect", ""], ["empty"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
@pytest.mark.usefixtures("fake")
def test_bad_usage(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    arguments: list[str], words: list[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert_refused(command(*arguments), *words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("flag", ["--json", "--no-media"])
@pytest.mark.usefixtures("fake")
def test_an_empty_folder_and_an_unknown_class(
    command: Command, plain: Callable[..., Path], tmp_path: Path, flag: str
) -> None:
    assert_refused(command("detect", plain(0, "empty"), flag), "empty", "no pictures")
    out = tmp_path / "out"
    said = command("detect", plain(), flag, "--out", out, "--classes", "cells", "foam")
    assert_refused(said, "foam", "cells, gel, serum")
    assert not out.exists()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--weights", "absent.pt"], ["absent.pt"]),
        (["--weights", "."], ["Cannot read"]),
        (["--weights", "notes.txt"], ["notes.txt", "not a weights file"]),
        (["--device", "warp"], ["warp"]),
        (["--device", "cuda:99"], ["cuda:99", "doctor"]),
    ],
    ids=str,
)
def test_weights_and_devices_that_are_not_there(
    command: Command, plain: Callable[..., Path], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, flags: list[str], words: list[str],
) -> None:  # fmt: skip
    pictures = plain()
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").write_text("these are no weights")
    assert_refused(command("detect", pictures, "--json", "--out", "out", *flags), *words)
    assert not Path("out").exists()


@pytest.mark.usefixtures("fake")
def test_an_output_folder_that_is_a_file(
    command: Command, plain: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        said = command("detect", plain(1, out.name + "-pictures"), "--json", "--out", out)
        assert_refused(said, "file, not a folder", str(out))
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.usefixtures("fake")
def test_an_export_that_is_a_folder(
    command: Command, plain: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "r.xlsx").mkdir()
    said = command("detect", plain(), "--excel", tmp_path / "r.xlsx", "--out", tmp_path / "out")
    assert_refused(said, "a folder, not a file")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("number", "words"), [(errno.EROFS, "read-only"), (errno.EACCES, "No permission")]
)
@pytest.mark.usefixtures("fake")
def test_an_output_folder_that_cannot_be_written(
    command: Command, plain: Callable[..., Path], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, number: int, words: str,
) -> None:  # fmt: skip
    pictures = plain()

    def refuse(self: Path, *arguments: object, **options: object) -> None:
        raise OSError(number, "refused")

    monkeypatch.setattr(Path, "mkdir", refuse)
    said = command("detect", pictures, "--json", "--out", tmp_path / "out")
    assert_refused(said, words, str(tmp_path / "out"))


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.usefixtures("fake")
def test_an_export_that_fails_keeps_the_session_and_the_other_exports(
    command: Command, plain: Callable[..., Path], tmp_path: Path, as_json: bool
) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "yolo").mkdir()
    (tmp_path / "yolo" / "mine.txt").write_text("mine")
    flags = ["--json"] if as_json else []
    out, excel, table = tmp_path / "out", tmp_path / "file" / "r.xlsx", tmp_path / "r.csv"
    said = command(
        "detect", plain(), *flags, "--no-media", "--out", out, "--excel", excel, "--csv", table,
        "--yolo", tmp_path / "yolo",
    )  # fmt: skip
    assert said.code == 2
    assert said.err.count("\n") == 2
    assert "not a folder" in said.err
    assert "is not empty" in said.err
    assert table.is_file()
    if as_json:
        assert said.summary["frames"] == 3
        assert said.summary["excel"] is None
    else:
        assert f"Written: {table}" in said.out
        assert "r.xlsx" not in said.out
        assert "yolo" not in said.out
    with SessionReader.open(out / SESSION_FILE) as reader:
        assert (reader.frame_count(), reader.run.state) == (3, "done")


def test_an_older_export_is_not_passed_off_as_new(
    command: Command, plain: Callable[..., Path], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, fake: FakeDetector,
) -> None:  # fmt: skip
    excel = tmp_path / "r.xlsx"
    excel.write_text("older")

    def refuse(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("engine.export.target.os.replace", refuse)
    said = command("detect", plain(), "--no-media", "--out", tmp_path / "out", "--excel", excel)
    assert said.code == 2
    assert "disk is full" in said.err
    assert "Written" not in said.out
    assert excel.read_text() == "older"
