"""`main.py train`: a training in a process of its own, told line by line."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import Any

from engine import datasets, device
from engine.cli import output
from engine.cli.imports import prepared
from engine.config import check_input_size, declarations
from engine.errors import SettingError, TrainingError
from engine.i18n import N_
from engine.i18n import translate as _
from engine.training import runs
from engine.training.config import TrainConfig
from engine.training.events import Event
from engine.training.folder import RunFolder
from engine.training.launch import Training
from engine.training.preflight import Check, Preflight
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

_FIELDS = frozenset(declarations(TrainConfig))


def train(options: argparse.Namespace) -> int:
    """Train and return the exit code: 0 done, 2 bad input or failed, 130 interrupted.

    Raises:
        EngineError: The recipe, the data, the weights or a setting cannot be used.
    """
    given = {name: value for name, value in vars(options).items() if name in _FIELDS}
    if options.resume is not None:
        training = _go_on(options.resume, given)
    else:
        config = _config(given)
        if options.check:
            return _tell_check(Check(config).result(), as_json=options.json)
        training = Training.begin(RunFolder.create(config))
    if not options.json:
        output.tell(_("Folder: {path}").format(path=training.folder.path))
    return _follow(training, as_json=options.json)


def _follow(training: Training, *, as_json: bool) -> int:
    teller = _as_json if as_json else _as_text
    last = ""
    try:
        for event in training.events():
            if event is not None:
                last = event["event"]
                teller(event)
    except KeyboardInterrupt:
        training.cancel()
        if not as_json:
            _tell_interrupted(training.folder)
        return 130
    training.wait()
    return {"finished": 0, "cancelled": 130}.get(last, 2)


def _config(given: dict[str, Any]) -> TrainConfig:
    """Return the settings of a new training, refused here where they cannot be used."""
    if "data" not in given:
        raise SettingError(
            N_("A training needs data."),
            N_("Name a data set after --data, or a run that goes on after --resume."),
        )
    config = TrainConfig(**given)
    device.prepare()
    from engine.models import checkpoint, plan
    from engine.models.recipe_files import resolve

    graph = plan.draw(resolve(config.model))
    check_input_size(config.input_size, graph.stride)
    data = prepared(config.data)
    datasets.find(data, graph.design.task)
    device.choose(config.device)
    if config.weights is not None:
        checkpoint.read(config.weights)
    return dataclasses.replace(config, data=data.resolve())


def _go_on(name: str, given: dict[str, Any]) -> Training:
    others = sorted(set(given) - {"epochs"})
    if others:
        raise SettingError(
            N_("A run that goes on keeps its settings: {name} cannot change."),
            N_("Only --epochs can be given; start a new training for anything else."),
            name=others[0],
        )
    return Training.go_on(_run_named(name), given.get("epochs"))


def _run_named(name: str) -> RunFolder:
    """Return a run by the path of its folder, by the folder's name or by what it is called."""
    path = Path(name)
    if (path / "config.json").is_file():
        return RunFolder(path.resolve())
    for folder in runs.find_runs():
        if name in (folder.name, folder.about().name):
            return folder
    raise TrainingError(
        N_("There is no run named {name}."),
        N_("Name its folder; runs are kept in {base}."),
        name=name,
        base=runs.base_folder(),
    )


def _tell_interrupted(folder: RunFolder) -> None:
    if not folder.state.exists():
        output.tell(_("Interrupted before the first epoch was done."))
        return
    output.tell(_("Interrupted. The weights so far: {path}").format(path=folder.last))
    output.tell(_("It goes on with: train --resume {path}").format(path=folder.path))


def _tell_check(found: Preflight, *, as_json: bool) -> int:
    if as_json:
        output.say_json(dataclasses.asdict(found))
        return 0
    output.say(_("{recipe} on {device}").format(recipe=found.recipe, device=found.device))
    output.say(
        _("{parameters:,} parameters, {gflops:.1f} GFLOPs at {size} px").format(
            parameters=found.parameters, gflops=found.gflops, size=found.input_size
        )
    )
    output.say(
        _("from random weights")
        if found.carried is None
        else _("{share:.1%} carried over").format(share=found.carried)
    )
    output.say(
        _("{pictures} pictures to learn from, {validation} to check with").format(
            pictures=found.pictures, validation=found.validation
        )
    )
    output.say(_("about {seconds:.0f} s an epoch").format(seconds=found.seconds_per_epoch))
    for needed, free, sentence in (
        (found.memory_mb, found.memory_free_mb, _("memory: about {needed:.0f} MB of {free:.0f}")),
        (found.disk_mb, found.disk_free_mb, _("disk: at most {needed:.0f} MB of {free:.0f}")),
    ):
        output.say(sentence.format(needed=needed, free=free))
    return 0


def _as_json(event: Event) -> None:
    output.say_json(event)
    if event["event"] == "failed":
        output.tell(output.one_line(f"{event['message']} {event['hint']}".strip()))


def _as_text(event: Event) -> None:
    match event["event"]:
        case "preparing" if "device" in event:
            output.tell(_("{recipe} on {device}").format(**event))
        case "started":
            output.tell(_started(event))
        case "batch":
            label = _("epoch {epoch}, batch").format(epoch=event["epoch"])
            output.Meter.show(label, Progress(event["batch"], event["batches"]))
        case "epoch":
            output.Meter.clear()
            output.say(_epoch(event))
        case "notice":
            output.tell(event["text"])
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
    if event["first_epoch"] > 1:
        parts.append(_("goes on with epoch {first_epoch}").format(**event))
    return ", ".join(parts)


def _epoch(event: Event) -> str:
    numbers: dict[str, Any] = dict(event["losses"])
    numbers |= {
        _(title): event["metrics"][name]
        for name, title in _NAMES.items() if name in event["metrics"]
    }  # fmt: skip
    listed = "  ".join(
        f"{name} –" if value is None else f"{name} {value:.3f}" for name, value in numbers.items()
    )
    head = _("epoch {epoch}/{epochs}").format(**event)
    tail = _("{rate:.1f} pictures a second, {left} s left").format(
        rate=event["images_per_s"], left=round(event["eta_s"])
    )
    return f"{head}  {listed}  {tail}"
