"""Ctrl+C, termination and a pipe that nobody reads: what was found stays, no traceback."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from engine.cli import output
from engine.config import RunConfig
from engine.inference.fake import FakeDetector
from engine.sources import Failure
from engine.store import SessionReader
from engine.types import Frame, Progress, Result
from tests.helpers.command_line import WITHOUT_NETWORK, Command, finish, start

MANY = 400
"""Pictures whose lines do not fit into a pipe, so that a run cannot end before it is read."""


@pytest.fixture
def many(plain: Callable[..., Path]) -> Path:
    folder = plain(1)
    for number in range(1, MANY):
        os.link(folder / "0.png", folder / f"{number:0200}.png")
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_with_its_files_whole(
    many: Path, tmp_path: Path, number: signal.Signals
) -> None:
    out, excel = tmp_path / "out", tmp_path / "r.xlsx"
    process = start(
        "detect", many, "--json", "--out", out, "--excel", excel, code=WITHOUT_NETWORK
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(number)
    said = finish(process, first)
    assert said.code == 130
    assert said.err.count("\n") == 1
    assert said.err.startswith("Interrupted.")
    assert 1 <= len(said.results) < MANY
    assert said.summary["frames"] == len(said.results)
    assert said.summary["excel"] == str(excel)
    with SessionReader.open(out) as reader:
        assert reader.run.state == "interrupted"
        assert reader.run.finished is not None
        assert reader.frame_count() == len(said.results)
        assert [frame.source for frame in reader.frames()] == [
            line["source"] for line in said.results
        ]
        for frame in reader.frames():
            with Image.open(out / str(frame.media)) as picture:
                picture.load()
    assert sorted(path.name for path in out.iterdir()) == ["annotated", "session.labsight"]


@pytest.mark.parametrize("flags", [["--json"], ["--no-media"]], ids=str)
def test_a_pipe_that_nobody_reads_ends_a_run_quietly(
    many: Path, tmp_path: Path, flags: list[str]
) -> None:
    out = tmp_path / "out"
    process = start("detect", many, "--out", out, *flags, code=WITHOUT_NETWORK)
    assert process.stdout is not None
    assert process.stdout.readline()
    process.stdout.close()
    process.stdout = None
    said = finish(process)
    assert said.code == 130
    assert said.err == ""
    with SessionReader.open(out) as reader:
        assert reader.run.state == "interrupted"
        assert 1 <= reader.frame_count() < MANY
        assert reader.object_count() == 20 * reader.frame_count()


def test_complaints_that_nobody_reads_end_nothing(
    plain: Callable[..., Path], tmp_path: Path
) -> None:
    folder = plain(2)
    for number in range(3):
        (folder / f"{number}.jpg").touch()
    process = start("detect", folder, "--out", tmp_path / "out", code=WITHOUT_NETWORK)
    assert process.stderr is not None
    process.stderr.close()
    process.stderr = None
    said = finish(process)
    assert said.code == 3
    assert "40 objects in 2 pictures" in said.out
    refused = start("explode")
    assert refused.stderr is not None
    refused.stderr.close()
    refused.stderr = None
    assert finish(refused).code == 2


def test_a_second_signal_does_not_wait(
    command: Command, plain: Callable[..., Path], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, fake: FakeDetector,
) -> None:  # fmt: skip
    """The first Ctrl+C lets the frame in work finish, the second ends at once."""
    detect = fake.detect
    seen: list[int] = []

    def interrupted(frame: Frame, config: RunConfig) -> Result:
        seen.append(1)
        if len(seen) == 2:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        return detect(frame, config)

    monkeypatch.setattr(fake, "detect", interrupted)
    out = tmp_path / "out"
    said = command("detect", plain(5), "--json", "--out", out)
    assert said.code == 130
    assert said.err == ""
    assert len(said.objects) == 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with SessionReader.open(out) as reader:
        assert reader.run.state == "interrupted"
        assert reader.frame_count() == 1


def test_an_interruption_before_the_run_is_quiet_too(
    command: Command, plain: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(config: object) -> Failure:
        raise KeyboardInterrupt

    monkeypatch.setattr("engine.cli.detect.open_detector", interrupted)
    said = command("detect", plain(), "--json")
    assert (said.code, said.out, said.err) == (130, "", "")


def test_the_handlers_of_the_process_come_back(
    command: Command, plain: Callable[..., Path], tmp_path: Path, fake: FakeDetector
) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    assert command("detect", plain(), "--json", "--out", tmp_path / "out").code == 0
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


@pytest.mark.usefixtures("fake")
def test_a_stop_in_an_export_keeps_session_and_former_file(
    command: Command,
    plain: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    excel = tmp_path / "r.xlsx"
    excel.write_bytes(b"the former file")

    def stop(label: str, progress: Progress) -> None:
        if label == "Exporting":
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(output.Meter, "show", stop)
    said = command("detect", plain(), "--out", tmp_path / "out", "--excel", excel)
    assert said.code == 130
    assert excel.read_bytes() == b"the former file"
    with SessionReader.open(tmp_path / "out") as reader:
        assert reader.run.state == "done"
        assert reader.frame_count() > 0
