"""`main.py export`: weights written in another format, by a process of its own."""

from __future__ import annotations

import argparse

from engine.cli import output
from engine.config import declarations
from engine.conversion.config import ConversionConfig
from engine.conversion.launch import Export
from engine.i18n import N_
from engine.i18n import translate as _
from engine.training.events import Event
from engine.types import Progress

_STAGES = {
    "read": N_("Reading the weights"),
    "fold": N_("Folding"),
    "trace": N_("Tracing"),
    "convert": N_("Converting"),
    "check": N_("Comparing with torch"),
    "write": N_("Writing"),
}
_MIB = 2**20


def export(options: argparse.Namespace) -> int:
    """Export and return the exit code: 0 done, 2 bad input or failed, 130 interrupted.

    Raises:
        EngineError: The weights, the format, the target or a setting cannot be used.
    """
    given = {name: value for name, value in vars(options).items() if name in _FIELDS}
    work = Export(ConversionConfig(**given))
    last = ""
    try:
        for event in work.events():
            if event is not None:
                last = event["event"]
                _show(event, options.json)
    except BaseException:
        # Also where nobody reads what is said.
        work.cancel()
        output.Meter.clear()
        raise
    return {"finished": 0, "cancelled": 130}.get(last, 2)


_FIELDS = frozenset(declarations(ConversionConfig))


def _show(event: Event, as_json: bool) -> None:
    if as_json:
        output.say_json(event)
    match event["event"]:
        case "stage" if not as_json:
            label = _(_STAGES[event["stage"]])
            output.Meter.show(label, Progress(event["done"] + 1, event["total"]))
        case "finished" if not as_json:
            output.Meter.clear()
            output.say(_finished(event))
        case "failed":
            output.tell(output.one_line(f"{event['message']} {event['hint']}".strip()))


def _finished(event: Event) -> str:
    size = _("{path}: {size:.1f} MiB").format(path=event["path"], size=event["bytes"] / _MIB)
    difference = event["difference"]
    if difference is None:
        return f"{size}, {_('not compared with torch')}"
    if difference == 0:
        return f"{size}, {_('computes the same as torch')}"
    apart = _("at most {difference:.1e} from torch").format(difference=difference)
    return f"{size}, {apart}"
