"""Any text reaches any console, and a meter is drawn on terminals only."""

import io
import json
import sys

import pytest

from engine.cli import output
from engine.errors import EngineError
from engine.types import Progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "gbk"])
def test_a_console_of_another_encoding_takes_any_text(
    monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    output.use_utf8()
    output.say("血清 🧪 \udcff é")
    assert raw.getvalue() == "血清 🧪 \\udcff é\n".encode()


def test_a_stream_without_an_encoding_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys, "stderr", None)
    output.use_utf8()


def test_an_object_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"name": "a\nb\r\u2028文", "list": [1, 2.5, None]}
    output.say_json(value)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "文" in out
    assert json.loads(out) == value
    with pytest.raises(ValueError, match="JSON"):
        output.say_json({"value": float("nan")})


def test_a_complaint_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    output.complain(EngineError("{name} is empty.", "Copy it.", name="a\nb\x1b[2J"))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "a b [2J is empty. Copy it.\n"


def test_the_meter_is_drawn_over_itself_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    output.Meter.show("Detecting", Progress(3, 10, 2.5))
    output.Meter.show("Detecting", Progress(4, None))
    assert terminal.getvalue() == "\r\x1b[KDetecting 3/10  2.5/s\r\x1b[KDetecting 4"
    output.tell("A sentence.")
    assert terminal.getvalue().endswith("Detecting 4\r\x1b[KA sentence.\n")
    before = terminal.getvalue()
    output.Meter.clear()
    assert terminal.getvalue() == before


def test_no_meter_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    output.Meter.show("Detecting", Progress(3, 10, 2.5))
    output.Meter.clear()
    assert capsys.readouterr().err == ""
