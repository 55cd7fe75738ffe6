"""From arguments to an exit code: 0 done, 2 bad input, 3 done in part, 130 interrupted."""

from __future__ import annotations

from collections.abc import Sequence

from engine import i18n
from engine.cli import output
from engine.cli.arguments import parser
from engine.errors import Cancelled, EngineError


def run(arguments: Sequence[str]) -> int:
    """Carry out a command line and return its exit code."""
    output.use_utf8()
    i18n.activate(_language(arguments))
    try:
        return _dispatch(arguments)
    except EngineError as error:
        output.complain(error)
        return 2
    except (KeyboardInterrupt, Cancelled):
        return 130
    except BrokenPipeError:
        output.silence()
        return 130


def _language(arguments: Sequence[str]) -> str:
    """Return the language to speak, which --help needs before the arguments are parsed."""
    asked = ""
    for position, argument in enumerate(arguments):
        if argument == "--lang" and position + 1 < len(arguments):
            asked = arguments[position + 1]
        elif argument.startswith("--lang="):
            asked = argument.partition("=")[2]
    return asked if asked in i18n.LANGUAGES else i18n.preferred()


def _dispatch(arguments: Sequence[str]) -> int:
    options = parser().parse_args(arguments)
    if options.command == "detect":
        from engine.cli.detect import detect

        return detect(options)
    if options.command == "doctor":
        from engine.cli.doctor import doctor

        return doctor(as_json=options.json)
    if options.command == "models":
        from engine.cli.models import models

        return models(options)
    if options.command == "data":
        from engine.cli.data import data

        return data(options)
    if options.command == "train":
        from engine.cli.train import train

        return train(options)
    if options.command == "export":
        from engine.cli.export_weights import export

        return export(options)
    if options.command == "self-test":
        from engine.cli.self_test import self_test

        return self_test()
    from engine.cli.demonstration import demonstrate

    return demonstrate()
