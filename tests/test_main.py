"""`main.py` as a person starts it: a process of its own, from any folder."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

from benchmarks.screen import virtual_screen
from engine.media import write_picture
from engine.scenes.tubes import render_tubes
from engine.store import SessionReader
from tests.helpers.command_line import ROOT, Said, finish, start


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("样品 pictures")
    for number in range(3):
        write_picture(render_tubes(900_000 + number, (640, 480)).image, folder / f"{number}.jpg")
    return folder


def main(*arguments: object, **variables: str) -> Said:
    return finish(start(*arguments, variables=variables))


def test_the_version() -> None:
    said = main("--version")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("LabSight ")


def test_bad_usage_is_one_sentence() -> None:
    said = main("detect", "no such file.jpg", "--json")
    assert (said.code, said.out) == (2, "")
    assert said.err.count("\n") == 1
    assert "no such file.jpg" in said.err


def test_it_starts_from_any_folder_and_in_any_locale(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "main.py"), "--lang", "zh_CN", "detect", "不存在.jpg"]
    for variables in ({"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C.UTF-8"}):
        done = subprocess.run(
            command, cwd=tmp_path, env=os.environ | variables, capture_output=True, check=False
        )
        assert done.returncode == 2
        assert "不存在.jpg" in done.stderr.decode("utf-8")
        assert b"Traceback" not in done.stderr


@pytest.mark.slow
def test_detect_from_start_to_end(pictures: Path, tmp_path: Path) -> None:
    excel = tmp_path / "结果 r.xlsx"
    said = main(
        "detect", pictures, "--json", "--no-media", "--out", tmp_path / "out", "--excel", excel
    )
    assert (said.code, said.err) == (0, "")
    assert said.summary["pictures"] == 3
    assert openpyxl.load_workbook(excel)["Objects"].max_row == said.summary["detections"] + 1
    with SessionReader.open(said.session) as reader:
        assert reader.run.state == "done"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_mid_run(pictures: Path, tmp_path: Path, number: signal.Signals) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for count in range(300):
        os.link(pictures / f"{count % 3}.jpg", many / f"{count}.jpg")
    process = start("detect", many, "--json", "--no-media", "--out", tmp_path / "out")
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(number)
    said = finish(process, first)
    assert said.code == 130
    assert said.err.startswith("Interrupted.")
    assert 1 <= said.summary["frames"] < 300
    with SessionReader.open(tmp_path / "out") as reader:
        assert reader.run.state == "interrupted"
        assert reader.frame_count() == said.summary["frames"] == len(said.results)


@pytest.mark.slow
def test_head_takes_one_line_and_nothing_else_is_said(pictures: Path, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for count in range(100):
        os.link(pictures / f"{count % 3}.jpg", many / f"{count}.jpg")
    process = start("detect", many, "--json", "--no-media", "--out", tmp_path / "out")
    assert process.stdout is not None
    line = process.stdout.readline()
    process.stdout.close()
    process.stdout = None
    said = finish(process)
    assert json.loads(line)["error"] is None
    assert (said.code, said.err) == (130, "")
    with SessionReader.open(tmp_path / "out") as reader:
        assert reader.frame_count() >= 1


@pytest.mark.slow
def test_doctor_and_self_test_say_json() -> None:
    (report,) = main("doctor", "--json").objects
    assert set(report) == {"versions", "devices", "backends", "operators", "problems"}
    (line,) = main("self-test").objects
    assert line["parts"]["detection"] == "ok"


@pytest.mark.slow
@pytest.mark.parametrize("display", ["", ":4711"])
def test_without_a_display_it_demonstrates(tmp_path: Path, display: str) -> None:
    nowhere = {"DISPLAY": display, "WAYLAND_DISPLAY": "", "QT_QPA_PLATFORM": ""}
    said = main(LABSIGHT_HOME=str(tmp_path / "home"), **nowhere)
    assert (said.code, said.err) == (0, "")
    assert "There is no display" in said.out
    (folder,) = (tmp_path / "home").glob("*/*-demonstration")
    assert len(list((folder / "annotated").iterdir())) == 6
    assert openpyxl.load_workbook(folder / "results.xlsx").sheetnames[0] == "Counts"
    with SessionReader.open(folder) as reader:
        assert reader.frame_count() == 6


@pytest.mark.tool("Xvfb")
@pytest.mark.tool("xdotool")
@pytest.mark.parametrize("arguments", [(), ("--lang", "zh_CN")])
def test_with_a_display_it_shows_the_window_until_that_is_closed(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    with virtual_screen() as environment:
        places = {"LABSIGHT_HOME": str(tmp_path / "home"), "LABSIGHT_DATA": str(tmp_path / "data")}
        environment |= places
        command = [sys.executable, str(ROOT / "main.py"), *arguments]
        window = subprocess.Popen(command, env=environment)

        def hand(*words: str) -> str:
            done = subprocess.run(
                ["xdotool", *words], env=environment, capture_output=True, text=True, check=False
            )
            return done.stdout.strip()

        try:
            while not (number := hand("search", "--onlyvisible", "--name", "LabSight")):
                assert window.poll() is None
            # There is no window manager that would give it the keyboard.
            hand("windowfocus", "--sync", number.split()[0])
            hand("key", "ctrl+q")
            assert window.wait(20) == 0
        finally:
            window.kill()
            window.wait()
    assert list((tmp_path / "data" / "crashes").glob("2*.txt")) == []
