"""`main.py export`: what it says, what it refuses, how it is interrupted."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from tests.engine.cli.test_refusals import assert_refused
from tests.helpers.command_line import Command, finish, start


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--format", "tflite"), ("tflite", "torchscript")),
        (("--imgsz", "16"), ("16", "32")),
        (("--batch", "0"), ("Batch", "256")),
        (("--format", "torchscript", "--half"), ("TorchScript", "single precision")),
        (("--out", "r.txt"), ("r.txt", ".onnx")),
        (("--format", "openvino", "--out", "r.xml"), ("r.xml", "_openvino_model")),
        (("--data", "x"), ("--data",)),
    ],
    ids=" ".join,
)
def test_what_cannot_be_asked_for(
    command: Command, lively: Path, flags: tuple[str, ...], words: tuple[str, ...]
) -> None:
    before = list(lively.parent.iterdir())
    assert_refused(command("export", "--weights", lively, *flags), *words)
    assert list(lively.parent.iterdir()) == before


def test_weights_must_be_named_and_there(command: Command, tmp_path: Path) -> None:
    assert_refused(command("export"), "--weights")
    assert_refused(command("export", "--weights", tmp_path / "absent.pt"), "absent.pt")


@pytest.mark.slow
def test_what_the_child_finds_wrong_is_one_sentence(
    command: Command, lively: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    said = command("export", "--weights", lively, "--imgsz", 100, "--out", out)
    assert_refused(said, "100", "96")
    foreign = tmp_path / "foreign.pt"
    foreign.write_bytes(b"\x80\x04}.")
    assert_refused(command("export", "--weights", foreign, "--out", out), str(foreign))
    assert not out.exists()
    said = command("export", "--weights", foreign, "--out", out, "--json")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert said.objects[-1]["event"] == "failed"
    assert str(foreign) in said.objects[-1]["message"]


@pytest.mark.slow
def test_it_says_what_it_wrote(command: Command, lively: Path, tmp_path: Path) -> None:
    target = tmp_path / "蓝 x.onnx"
    said = command("export", "--weights", lively, "--imgsz", 64, "--out", target)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"{target}: ")
    assert "from torch" in said.out
    assert said.out.count("\n") == 1
    assert target.stat().st_size > 1_000_000


@pytest.mark.slow
def test_json_is_one_event_a_line(command: Command, lively: Path, tmp_path: Path) -> None:
    said = command(
        "export", "--weights", lively, "--imgsz", 64, "--out", tmp_path, "--json",
        "--format", "torchscript", "--batch", 2, "--dynamic",
    )  # fmt: skip
    assert (said.code, said.err) == (0, "")
    *stages, last = said.objects
    assert {event["event"] for event in stages} == {"stage"}
    assert last["event"] == "finished"
    assert Path(last["path"]) == tmp_path / f"{lively.stem}.torchscript"
    assert (last["batch"], last["dynamic"], last["half"]) == (2, True, False)
    assert last["difference"] < 1e-3


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
@pytest.mark.parametrize("kind", ["onnx", "openvino", "torchscript"])
def test_a_disk_that_is_full_is_one_sentence(lively: Path, tmp_path: Path, kind: str) -> None:
    # No file may grow beyond this, which the weights do not: writing fails as on a full disk.
    limited = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (7_000_000, 7_000_000))
from engine.cli import run
sys.exit(run(sys.argv[1:]))
"""
    said = finish(
        start("export", "--weights", lively, "--format", kind, "--out", tmp_path, code=limited)
    )
    assert_refused(said, "full" if kind == "openvino" else "Cannot write")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_leaves_nothing(lively: Path, tmp_path: Path) -> None:
    process = start("export", "--weights", lively, "--out", tmp_path, "--json")
    assert process.stdout is not None
    heard = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    said = finish(process, heard)
    assert (said.code, said.err) == (130, "")
    assert {event["event"] for event in said.objects} == {"stage"}
    assert list(tmp_path.iterdir()) == []
