"""Help, results and complaints in the language asked for; JSON in none."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.cli.arguments import FLAGS, HIDDEN
from engine.config import RunConfig, declarations
from tests.helpers.catalogue import ENGLISH_WORDS, catalogue
from tests.helpers.command_line import Command

CHINESE = ENGLISH_WORDS | {
    "detect objects in pictures and videos": "检测图片和视频中的目标",
    "Objects below this confidence are not reported.": "低于此置信度的目标不报告。",
    "There is no file or folder {path}.": "没有文件或文件夹 {path}。",
    "Session: {path}": "会话：{path}",
    "{detections} objects in {frames} pictures, {seconds:.1f} s, {fps:.1f} a second": (
        "{frames} 张图片，{detections} 个目标，{seconds:.1f} 秒，每秒 {fps:.1f} 张"
    ),
    "No problems found on {count} processors.": "未发现问题（{count} 个处理器）。",
    "Confidence": "置信度",
    "Class": "类别",
    "Objects": "目标",
}


@pytest.fixture(autouse=True)
def chinese(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with catalogue(tmp_path_factory.mktemp("catalogue"), CHINESE):
        yield


@pytest.mark.parametrize("arguments", [[], ["detect"], ["doctor"], ["self-test"]], ids=str)
def test_help_in_both_languages(command: Command, arguments: list[str]) -> None:
    name = " ".join(["main.py", *arguments])
    english = command(*arguments, "--help")
    assert (english.code, english.err) == (0, "")
    assert english.out.startswith(f"usage: {name} [-h]")
    for translated in (
        command("--lang", "zh_CN", *arguments, "--help"),
        command(*arguments, "--lang=zh_CN", "--help"),
    ):
        assert (translated.code, translated.err) == (0, "")
        assert translated.out.startswith(f"用法: {name} [-h]")
        assert "选项" in translated.out


def test_help_names_every_setting(command: Command) -> None:
    text = " ".join(command("detect", "--help").out.split())
    for name, declared in declarations(RunConfig).items():
        flag = f"--{FLAGS.get(name, name)}"
        assert (flag in text) == (name not in HIDDEN)
        if name not in HIDDEN:
            assert declared.help.rstrip(".") in text
    for flag in ("out", "excel", "csv", "coco", "yolo", "labelme", "no-media", "json", "lang"):
        assert f"--{flag}" in text
    for flag in ("resume", "seconds", "track", "count"):
        assert text.count(f" --{flag} ") >= 1
    for source in ("camera:NAME", "rtsp://", "http://", "sim:FILE@FPS"):
        assert source in text
    assert "低于此置信度" in command("detect", "--lang", "zh_CN", "--help").out


def test_version(command: Command) -> None:
    for arguments in (["--version"], ["--lang", "zh_CN", "--version"]):
        said = command(*arguments)
        assert (said.code, said.err) == (0, "")
        assert said.out.startswith("LabSight ")
        assert said.out.count(".") == 2


@pytest.mark.usefixtures("fake")
def test_results_and_complaints(
    command: Command, plain: Callable[..., Path], tmp_path: Path
) -> None:
    flags = ("--no-media", "--out", tmp_path / "out")
    said = command("--lang", "zh_CN", "detect", plain(), *flags)
    assert "3 张图片，15 个目标，" in said.out
    assert "会话：" in said.out
    refused = command("detect", "absent.jpg", "--lang", "zh_CN")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("没有文件或文件夹 absent.jpg。")
    # The next command asks the machine again.
    assert "There is no file or folder absent.jpg." in command("detect", "absent.jpg").err


@pytest.mark.usefixtures("fake")
def test_the_machine_s_own_language(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABSIGHT_LANG", "zh_CN")
    assert "没有文件" in command("detect", "absent.jpg").err
    assert "There is no" in command("detect", "absent.jpg", "--lang", "en").err


@pytest.mark.usefixtures("fake")
def test_json_is_the_same_in_every_language(
    command: Command, plain: Callable[..., Path], tmp_path: Path
) -> None:
    import openpyxl

    folder = plain()
    lines = []
    for code in ("en", "zh_CN"):
        excel = tmp_path / f"{code}.xlsx"
        said = command(
            "detect", folder, "--json", "--no-media", "--lang", code,
            "--out", tmp_path / code, "--excel", excel,
        )  # fmt: skip
        assert said.err == ""
        lines.append(said.results)
        book = openpyxl.load_workbook(excel)
        assert ("目标" in book.sheetnames) == (code == "zh_CN")
    assert lines[0] == lines[1]
