"""The flags of a run are its settings, under their customary names."""

import dataclasses
from pathlib import Path

import pytest

from engine.cli.arguments import FLAGS, HIDDEN, flags_of_a_new_run, parser, run_config
from engine.config import RunConfig, declarations
from engine.errors import SettingError

COUNTERS = ("line:A=0,0,9,9", "zone:B=0,0,9,9,0,9")


def parsed(*flags: str) -> RunConfig:
    return run_config(parser().parse_args(["detect", "a.jpg", *flags]))


def test_without_flags_the_defaults_hold() -> None:
    assert parsed() == RunConfig()


@pytest.mark.parametrize(
    ("flags", "config"),
    [
        (["--weights", "a b.pt"], RunConfig(weights=Path("a b.pt"))),
        (["--conf", "0"], RunConfig(confidence=0.0)),
        (["--conf=1"], RunConfig(confidence=1.0)),
        (["--conf", "5e-1"], RunConfig(confidence=0.5)),
        (["--iou", ".45"], RunConfig(iou=0.45)),
        (["--imgsz", "1280"], RunConfig(input_size=1280)),
        (["--device", "cuda:1"], RunConfig(device="cuda:1")),
        (["--backend", "torch"], RunConfig()),
        (["--classes", "a", "b c"], RunConfig(classes=("a", "b c"))),
        (["--classes", "a, b,,3", "文"], RunConfig(classes=("a", "b", "3", "文"))),
        (["--classes", " , "], RunConfig()),
        (["--classes", "a", "b", "--classes", "c"], RunConfig(classes=("a", "b", "c"))),
        (["--track"], RunConfig(track="bytetrack")),
        (["--track", "botsort"], RunConfig(track="botsort")),
        (["--count", "line:A=0,0,9,9", "zone:B=0,0,9,9,0,9"], RunConfig(counters=COUNTERS)),
        (["--count", COUNTERS[0], "--count", COUNTERS[1]], RunConfig(counters=COUNTERS)),
    ],
    ids=str,
)
def test_flags_become_settings(flags: list[str], config: RunConfig) -> None:
    assert parsed(*flags) == config


def test_every_setting_has_one_flag() -> None:
    fields = {field.name for field in dataclasses.fields(RunConfig)}
    assert set(declarations(RunConfig)) == fields
    assert set(FLAGS) | HIDDEN < fields
    options = vars(parser().parse_args(["detect", "a.jpg"]))
    # What was not given is absent, so that the config's own default holds.
    assert not fields & set(options)


@pytest.mark.parametrize(
    "flags", [["--max_detections", "5"], ["--confidence", "0.5"], ["--ex", "r.xlsx"], ["--js"]]
)
def test_other_names_are_no_flags(flags: list[str]) -> None:
    with pytest.raises(SettingError):
        parsed(*flags)


def test_sources_keep_their_order_and_their_blanks() -> None:
    options = parser().parse_args(["detect", "b.jpg", "a folder", "*.png", "--json"])
    assert options.sources == ["b.jpg", "a folder", "*.png"]
    assert options.json
    assert not options.no_media


def test_a_run_that_goes_on_takes_no_flag_of_a_new_one() -> None:
    resumed = ["detect", "--resume", "run", "--json", "--excel", "r.xlsx", "--lang", "en"]
    assert flags_of_a_new_run(parser().parse_args(resumed)) == []
    flags = ["--imgsz", "640", "--count", "line:A=0,0,9,9", "--seconds", "2", "--out", "x"]
    given = parser().parse_args([*resumed, *flags, "--no-media"])
    wanted = ["--imgsz", "--count", "--seconds", "--out", "--no-media"]
    assert flags_of_a_new_run(given) == wanted


def test_a_complaint_points_to_the_help_of_its_command() -> None:
    for arguments, program in (
        (["detect", "--conf"], "main.py detect --help"),
        (["nonsense"], "main.py --help"),
    ):
        with pytest.raises(SettingError) as caught:
            parser().parse_args(arguments)
        assert program in caught.value.hint
        assert caught.value.message.endswith(".")
        assert not caught.value.message.endswith("..")
