"""`main.py train`: a training in a process of its own, told line by line."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from engine import device
from engine.cli import output
from engine.config import check_input_size, declarations
from engine.i18n import N_
from engine.i18n import translate as _
from engine.training import dataset
from engine.training.config import TrainConfig
from engine.training.events import Event
from engine.training.folder import RunFolder
from engine.training.launch import Training
from engine.types import Progress

_NAMES = {
    "map50": "mAP50",
    "map50_95": "mAP50-95",
    "mask_map50": N_("mask mAP50"),
    "mask_map50_95": N_("mask mAP50-95"),
    "pose_map50": N_("pose mAP50"),
    "pose_map50_95": N_("pose mAP50-95"),
    "top1": N_("top-1"),
}
"""What a line shows of the metrics."""


def train(options: argparse.Namespace) -> int:
    """Train and return the exit code: 0 done, 2 bad input or failed, 130 interrupted.

    Raises:
        EngineError: The recipe, the data, the weights or a setting cannot be used.
    """
    given = {name: value for name, value in vars(options).items() if name in _FIELDS}
    config = TrainConfig(**given)
    _check(config)
    training = Training.begin(RunFolder.create(config))
    if not options.json:
        output.tell(_("Folder: {path}").format(path=training.folder.path))
    teller = _as_json if options.json else _as_text
    last = ""
    try:
        for event in training.events():
            if event is not None:
                last = event["event"]
                teller(event)
    except KeyboardInterrupt:
        training.cancel()
        if not options.json:
            kept = training.folder.last
            output.tell(
                _("Interrupted. The weights so far: {path}").format(path=kept)
                if kept.exists()
                else _("Interrupted before the first epoch was done.")
            )
        return 130
    training.wait()
    return {"finished": 0, "cancelled": 130}.get(last, 2)


_FIELDS = frozenset(declarations(TrainConfig))


def _check(config: TrainConfig) -> None:
    """Refuse what cannot be trained before a folder is made for it."""
    device.prepare()
    from engine.models import checkpoint, plan
    from engine.models.recipe_files import resolve

    graph = plan.draw(resolve(config.model))
    check_input_size(config.input_size, graph.stride)
    dataset.find(config.data, graph.design.task)
    device.choose(config.device)
    if config.weights is not None:
        checkpoint.read(config.weights)


def _as_json(event: Event) -> None:
    output.say_json(event)
    if event["event"] == "failed":
        output.tell(output.one_line(f"{event['message']} {event['hint']}".strip()))


def _as_text(event: Event) -> None:
    match event["event"]:
        case "preparing":
            output.tell(_("{recipe} on {device}").format(**event))
        case "started":
            output.tell(_started(event))
        case "batch":
            label = _("epoch {epoch}, batch").format(epoch=event["epoch"])
            output.Meter.show(label, Progress(event["batch"], event["batches"]))
        case "epoch":
            output.Meter.clear()
            output.say(_epoch(event))
        case "finished":
            output.say(_("Best weights: {path}").format(path=event["best"]))
        case "failed":
            output.tell(output.one_line(f"{event['message']} {event['hint']}".strip()))
    sys.stdout.flush()


def _started(event: Event) -> str:
    parts = [
        _("{parameters:,} parameters").format(parameters=event["parameters"]),
        _("from random weights")
        if event["carried"] is None
        else _("{share:.1%} carried over").format(share=event["carried"]),
        _("{pictures} pictures to learn from, {validation} to check with").format(**event),
    ]
    return ", ".join(parts)


def _epoch(event: Event) -> str:
    numbers: dict[str, Any] = dict(event["losses"])
    numbers |= {
        _(title): event["metrics"][name]
        for name, title in _NAMES.items() if name in event["metrics"]
    }  # fmt: skip
    listed = "  ".join(f"{name} {value:.3f}" for name, value in numbers.items())
    head = _("epoch {epoch}/{epochs}").format(**event)
    tail = _("{rate:.1f} pictures a second, {left} s left").format(
        rate=event["images_per_s"], left=round(event["eta_s"])
    )
    return f"{head}  {listed}  {tail}"
