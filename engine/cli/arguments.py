"""The flags: those of a run come from the declarations of its config."""

from __future__ import annotations

import argparse
import dataclasses
import math
from pathlib import Path
from typing import Any, NoReturn

from engine.bundle import program
from engine.config import RunConfig, Setting, declarations
from engine.conversion.config import ConversionConfig
from engine.errors import SettingError
from engine.i18n import LANGUAGES, N_
from engine.i18n import translate as _
from engine.training.config import TrainConfig
from engine.types import TASKS
from engine.version import __version__

# Flags whose customary name differs from the setting's.
FLAGS = {"confidence": "conf", "input_size": "imgsz", "counters": "count"}
HIDDEN = {"max_detections"}
TRACKER = "bytetrack"


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
        prog=program(),
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
    _add_models(commands.add_parser("models", help=_("list the parts of networks, show a recipe")))
    _add_data(commands.add_parser("data", help=_("check, mend and split a data set")))
    _add_train(commands.add_parser("train", help=_("train a network on a data set")))
    _add_export(commands.add_parser("export", help=_("write weights in another format")))
    check = commands.add_parser("self-test", help=_("try every part once and print one JSON line"))
    # main.py has carried it out before anything is parsed: the engine knows no window.
    check.add_argument(
        "--window", action="store_true", help=_("drive the window instead, from a drop to Excel")
    )
    _add_language(check)
    return top


def _add_language(target: argparse.ArgumentParser) -> None:
    target.add_argument(
        "--lang", choices=tuple(LANGUAGES), default=argparse.SUPPRESS, help=_("language")
    )


def _add_detect(target: argparse.ArgumentParser) -> None:
    source, session, flag = _("SOURCE"), _("SESSION"), _("FLAG")
    target.usage = (
        f"%(prog)s [-h] {source} [{source} ...] [--{flag} ...]\n"
        f"       %(prog)s [-h] --resume {session} [--{flag} ...]"
    )
    target.add_argument(
        "sources",
        nargs="*",
        metavar=source,
        help=_("picture, video, folder, pattern, camera:NAME, rtsp://…, http://… or sim:FILE@FPS"),
    )
    _add_language(target)
    run = target.add_argument_group(_("run"))
    run.add_argument(
        "--resume", type=Path, metavar=session, help=_("go on with a run that was cut short")
    )
    run.add_argument(
        "--seconds", type=_seconds, metavar=_("N"), help=_("end a camera or stream after so long")
    )
    detection = target.add_argument_group(_("detection"))
    tracking = target.add_argument_group(_("tracking and counting"))
    for name, declared in declarations(RunConfig).items():
        if name not in HIDDEN:
            group = tracking if name in ("track", "counters") else detection
            _add_setting(group, RunConfig, name, declared)
    _add_outputs(target.add_argument_group(_("output")))


def _add_models(target: Parser) -> None:
    target.add_argument(
        "--slot", metavar=_("SLOT"), help=_("only what is for this part, such as block or iou")
    )
    target.add_argument("--json", action="store_true", help=_("print one JSON object a line"))
    _add_language(target)
    actions = target.add_subparsers(dest="action", parser_class=Parser, metavar="show")
    show = actions.add_parser("show", help=_("say what a recipe makes and what it costs"))
    show.add_argument(
        "recipe",
        metavar=_("RECIPE"),
        help=_("a recipe such as yolo11n:block=faster, the name of one, or a YAML file"),
    )
    show.add_argument(
        "--weights", type=Path, metavar=_("FILE"), help=_("how much of these weights carries over")
    )
    # Absent unless given, so that `models --json show` stays JSON.
    show.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help=_("print JSON")
    )
    _add_language(show)


def _add_outputs(target: argparse._ArgumentGroup) -> None:
    file, folder = _("FILE"), _("DIR")
    target.add_argument(
        "--json", action="store_true", help=_("print one JSON object a line and nothing else")
    )
    target.add_argument(
        "--out", type=Path, metavar=folder, help=_("folder for the session and the pictures")
    )
    target.add_argument(
        "--no-media", action="store_true", help=_("write no annotated pictures and videos")
    )
    for form, metavar, text in (
        ("excel", file, _("also write an Excel file")),
        ("csv", file, _("also write a CSV file")),
        ("coco", file, _("also write COCO labels into this file")),
        ("yolo", folder, _("also write YOLO labels into this folder")),
        ("labelme", folder, _("also write LabelMe labels into this folder")),
    ):
        target.add_argument(f"--{form}", type=Path, metavar=metavar, help=text)


def _add_data(target: Parser) -> None:
    _add_language(target)
    target.add_argument(
        "data",
        type=Path,
        metavar=_("DATA"),
        help=_("data set: a folder, a zip, a data.yaml or a COCO JSON"),
    )
    target.add_argument(
        "--task", choices=TASKS, help=_("what it is to train; by default what the labels are for")
    )
    target.add_argument(
        "--imgsz", type=int, metavar="PX", help=_("longer side of the network's input (640)")
    )
    target.add_argument(
        "--fix", action="store_true", help=_("make a copy in which what can be mended is mended")
    )
    target.add_argument(
        "--split",
        type=float,
        metavar=_("SHARE"),
        help=_("make a copy split anew, with this share to validate with, such as 0.2"),
    )
    target.add_argument("--json", action="store_true", help=_("print one JSON object a line"))


def _add_train(target: Parser) -> None:
    _add_language(target)
    target.add_argument("--json", action="store_true", help=_("print events, one object a line"))
    target.add_argument(
        "--resume",
        metavar=_("RUN"),
        help=_("go on with a run, named by its folder; with --epochs to that many in all"),
    )
    target.add_argument(
        "--check", action="store_true", help=_("only say how long it would take, and how much")
    )
    groups = {
        "often": target.add_argument_group(_("training")),
        "sometimes": target.add_argument_group(_("sometimes of use")),
        "rarely": target.add_argument_group(_("rarely of use")),
    }
    for name, declared in declarations(TrainConfig).items():
        _add_setting(groups[declared.band], TrainConfig, name, declared)


def _add_export(target: Parser) -> None:
    _add_language(target)
    target.add_argument("--json", action="store_true", help=_("print events, one object a line"))
    export = target.add_argument_group(_("export"))
    for name, declared in declarations(ConversionConfig).items():
        _add_setting(export, ConversionConfig, name, declared)


def _add_setting(
    target: argparse._ArgumentGroup,
    config: type[RunConfig] | type[TrainConfig] | type[ConversionConfig],
    name: str,
    declared: Setting,
) -> None:
    default = {field.name: field.default for field in dataclasses.fields(config)}[name]
    described = _(declared.help)
    if isinstance(default, bool):
        # One that is on can only be switched off.
        target.add_argument(
            f"--no-{_flag(name)[2:]}" if default else _flag(name),
            action="store_false" if default else "store_true",
            default=argparse.SUPPRESS,
            dest=name,
            help=described,
        )
        return
    if default not in (None, (), "") and not isinstance(default, Path):
        described = f"{described} ({default})"
    options: dict[str, Any] = {"help": described, "default": argparse.SUPPRESS, "dest": name}
    if name == "track":
        # The flag alone asks for the usual tracker.
        options |= {"choices": declared.choices, "nargs": "?", "const": TRACKER}
        alone = _("the flag alone means {tracker}").format(tracker=TRACKER)
        options["help"] = f"{_(declared.help)} ({default}; {alone})"
    elif declared.choices:
        options["choices"] = declared.choices
    else:
        options["metavar"] = declared.metavar or None
    if isinstance(default, tuple):
        options |= {"nargs": "+", "action": "extend"}
    elif isinstance(default, Path) or (default is None and declared.low is None):
        options["type"] = Path
    elif isinstance(default, float):
        options["type"] = float
    elif declared.low is not None:
        options["type"] = int
    # What has no usable default of its own must be named, but for a training that goes on.
    options["required"] = default == Path() and config is not TrainConfig
    target.add_argument(_flag(name), **options)


def _flag(name: str) -> str:
    return f"--{FLAGS.get(name, name).replace('_', '-')}"


def flags_of_a_new_run(options: argparse.Namespace) -> list[str]:
    """Return the flags that were given and that a run that goes on cannot take."""
    given = [_flag(name) for name in declarations(RunConfig) if name in vars(options)]
    others = {
        "--seconds": options.seconds, "--out": options.out, "--no-media": options.no_media
    }  # fmt: skip
    return given + [flag for flag, value in others.items() if value]


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
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        complaint = _("{value} is no number of seconds above 0")
        raise argparse.ArgumentTypeError(complaint.format(value=text or "''"))
    return value
