"""The events of a training: whole lines, read along, ended where the writer ended."""

from __future__ import annotations

import json
import math
from contextlib import closing
from pathlib import Path

from engine.training.events import Event, EventLog, follow


def gathered(path: Path, alive: bool = False) -> list[Event | None]:
    return list(follow(path, lambda: alive, pause_s=0.0))


def test_each_event_is_one_line_of_json(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with closing(EventLog(path, "090000-蓝")) as log:
        losses = {"box": math.nan, "cls": 1.5}
        log.write("epoch", epoch=1, losses=losses, lr=math.inf, list=[math.nan])
        log.write("finished", best="最好.pt")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0]) == {
        "event": "epoch",
        "run": "090000-蓝",
        "epoch": 1,
        "losses": {"box": None, "cls": 1.5},
        "lr": None,
        "list": [None],
    }
    assert gathered(path) == [json.loads(line) for line in lines]


def test_a_run_that_goes_on_is_read_on_from_where_it_began_again(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with closing(EventLog(path, "run")) as log:
        log.write("preparing")
        log.write("cancelled")
    start = path.stat().st_size
    with closing(EventLog(path, "run")) as log:
        log.write("started")
    assert [event and event["event"] for event in gathered(path)] == [
        "preparing", "cancelled", "started"
    ]  # fmt: skip
    later = list(follow(path, lambda: False, start=start))
    assert [event and event["event"] for event in later] == ["started"]


def test_half_a_line_of_a_crash_does_not_spoil_the_next(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with closing(EventLog(path, "run")) as log:
        log.write("preparing")
    with path.open("ab") as file:
        file.write(b'{"event": "epo')
    with closing(EventLog(path, "run")) as log:
        log.write("started")
    assert [event and event["event"] for event in gathered(path)] == ["preparing", "started"]


def test_a_line_that_a_crash_cut_off_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with closing(EventLog(path, "run")) as log:
        log.write("preparing")
    with path.open("ab") as file:
        file.write(b'{"event": "epo')
    assert [event and event["event"] for event in gathered(path)] == ["preparing"]


def test_a_line_that_comes_in_two_parts_is_one_event(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with closing(EventLog(path, "run")) as log:
        log.write("epoch", name="绿")
    line = path.read_bytes()
    # In the middle of a letter of three bytes.
    cut = line.index("绿".encode()) + 1
    path.write_bytes(line[:cut])
    events = follow(path, lambda: True, pause_s=0.0)
    assert next(events) is None
    with path.open("ab") as file:
        file.write(line[cut:])
    event = next(events)
    assert event is not None
    assert event["name"] == "绿"


def test_a_file_that_never_comes_ends_with_the_writer(tmp_path: Path) -> None:
    asked = iter([True, True, False])
    assert list(follow(tmp_path / "none", lambda: next(asked), pause_s=0.0)) == [None, None]
