"""The flags: those of a run come from the declarations of its config."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any, NoReturn

from engine.config import RunConfig, Setting, declarations
from engine.errors import SettingError
from engine.i18n import LANGUAGES, N_
from engine.i18n import translate as _
from engine.version import __version__

# Flags whose customary name differs from the setting's.
FLAGS = {"confidence": "conf", "input_size": "imgsz", "counters": "count"}
HIDDEN = {"max_detections"}


class Parser(argparse.ArgumentParser):
    """A parser that complains in one sentence and takes flags by their whole names only."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401
        """Take the options of `ArgumentParser`."""
        super().__init__(**options, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print.

        Raises:
            SettingError: Always.
        """
        raise SettingError(
            N_("{complaint}."),
            N_("`{program} --help` shows what is possible."),
            complaint=message[:1].upper() + message[1:].rstrip("."),
            program=self.prog,
        )


def parser() -> Parser:
    """Return the parser of the whole command line, in the active language."""
    top = Parser(
        prog="main.py",
        description=_("Find, count and measure objects in pictures and video."),
        epilog=_("Without a command: the demonstration on rendered pictures."),
    )
    top.add_argument("--version", action="version", version=f"LabSight {__version__}")
    _add_language(top)
    commands = top.add_subparsers(dest="command", parser_class=Parser, metavar=_("COMMAND"))
    detect = commands.add_parser("detect", help=_("detect objects in pictures and videos"))
    _add_detect(detect)
    doctor = commands.add_parser("doctor", help=_("say what this machine has and what is wrong"))
    doctor.add_argument("--json", action="store_true", help=_("print JSON"))
    _add_language(doctor)
    check = commands.add_parser("self-test", help=_("try every part once and print one JSON line"))
    _add_language(check)
    return top


def _add_language(target: argparse.ArgumentParser) -> None:
    target.add_argument(
        "--lang", choices=tuple(LANGUAGES), default=argparse.SUPPRESS, help=_("language")
    )


def _add_detect(target: argparse.ArgumentParser) -> None:
    target.add_argument(
        "sources",
        nargs="*",
        metavar=_("SOURCE"),
        help=_("picture, video, folder, pattern, camera:NAME, rtsp://…, http://… or sim:FILE@FPS"),
    )
    target.add_argument(
        "--resume", type=Path, metavar=_("SESSION"), help=_("go on with a run that was cut short")
    )
    target.add_argument(
        "--seconds", type=_seconds, metavar=_("N"), help=_("end a camera or stream after so long")
    )
    for name, declared in declarations(RunConfig).items():
        if name not in HIDDEN:
            _add_setting(target, name, declared)
    target.add_argument(
        "--out", type=Path, metavar=_("DIR"), help=_("folder for the session and the pictures")
    )
    target.add_argument(
        "--excel", type=Path, metavar=_("FILE"), help=_("also write an Excel file")
    )
    target.add_argument("--csv", type=Path, metavar=_("FILE"), help=_("also write a CSV file"))
    for form, text in (
        ("coco", _("also write COCO labels into this file")),
        ("yolo", _("also write YOLO labels into this folder")),
        ("labelme", _("also write LabelMe labels into this folder")),
    ):
        metavar = _("FILE") if form == "coco" else _("DIR")
        target.add_argument(f"--{form}", type=Path, metavar=metavar, help=text)
    target.add_argument(
        "--no-media", action="store_true", help=_("write no annotated pictures and videos")
    )
    target.add_argument(
        "--json", action="store_true", help=_("print one JSON object a line and nothing else")
    )
    _add_language(target)


def _add_setting(target: argparse.ArgumentParser, name: str, declared: Setting) -> None:
    default = {field.name: field.default for field in dataclasses.fields(RunConfig)}[name]
    described = _(declared.help)
    if default not in (None, ()) and not isinstance(default, Path):
        described = f"{described} ({default})"
    options: dict[str, Any] = {"help": described, "default": argparse.SUPPRESS, "dest": name}
    if name == "track":
        # The flag alone asks for the usual tracker.
        options |= {"choices": declared.choices, "nargs": "?", "const": "bytetrack"}
    elif declared.choices:
        options["choices"] = declared.choices
    else:
        options["metavar"] = declared.metavar or None
    if isinstance(default, tuple):
        options["nargs"] = "+"
    elif isinstance(default, Path):
        options["type"] = Path
    elif isinstance(default, float):
        options["type"] = float
    elif declared.low is not None:
        options["type"] = int
    target.add_argument(f"--{FLAGS.get(name, name)}", **options)


def run_config(options: argparse.Namespace) -> RunConfig:
    """Return the config that the flags of a run describe.

    Raises:
        SettingError: A value is outside its range.
    """
    given = vars(options)
    names = [name for name in declarations(RunConfig) if name in given]
    values = {name: given[name] for name in names}
    if "classes" in values:
        entries = [part.strip() for entry in values["classes"] for part in entry.split(",")]
        values["classes"] = tuple(entry for entry in entries if entry)
    if "counters" in values:
        values["counters"] = tuple(values["counters"])
    return RunConfig(**values)


def _seconds(text: str) -> float:
    """Return a length of time that is longer than nothing."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError(text)
    return value
