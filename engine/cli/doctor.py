"""`main.py doctor`: what this machine has, and what is wrong with it."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine import cards, device, fonts, i18n, operators
from engine.cli import output
from engine.config import BACKENDS, RunConfig
from engine.errors import EngineError
from engine.i18n import translate as _
from engine.paths import home

LOW_DISK_GB = 2


def doctor(*, as_json: bool) -> int:
    """Print the report; return 0, or 1 when something is wrong."""
    report = examine()
    if as_json:
        output.say_json(report)
    else:
        for line in _words(report):
            output.say(line)
    return 1 if report["problems"] else 0


def report_text() -> str:
    """Return the report as lines of text."""
    return "\n".join(_words(examine()))


def examine() -> dict[str, Any]:
    """Return the report as JSON values."""
    problems: list[str] = []
    devices, backends = _torch(problems)
    _check_weights(problems)
    _check_home(problems)
    _check_language(problems)
    return {
        "versions": device.versions(),
        "devices": devices,
        "backends": backends,
        "operators": _operators() if devices else {},
        "problems": problems,
    }


def _torch(problems: list[str]) -> tuple[list[dict[str, str]], dict[str, str]]:
    try:
        device.prepare()
        import torch
    except (ImportError, OSError, RuntimeError) as error:
        problems.append(_("torch cannot be imported: {reason}").format(reason=error))
        return [], {name: "missing" for name in BACKENDS}
    found = [torch.device("cpu")]
    found += [torch.device(f"cuda:{index}") for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append(torch.device("mps"))
    devices = []
    for entry in found:
        try:
            device.choose(str(entry))
            state = "ok"
        except EngineError as error:
            problems.append(str(error))
            state = "unusable"
        devices.append({"device": str(entry), "name": device.describe(entry), "state": state})
    if len(found) == 1:
        problems += filter(None, [cards.unused()])
    return devices, {name: "ok" for name in BACKENDS}


def _operators() -> dict[str, dict[str, dict[str, Any]]]:
    """Return what computes each operator, by its name and the device."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for each in operators.look():
        better = [asdict(way) for way in each.better]
        found.setdefault(each.name, {})[each.device] = {"rung": each.rung, "better": better}
    return found


def _check_weights(problems: list[str]) -> None:
    path = RunConfig().weights
    if not path.is_file():
        problems.append(_("The default weights are missing: {path}").format(path=path))


def _check_home(problems: list[str]) -> None:
    folder = _existing(home())
    try:
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free / 1e9
    except OSError as error:
        text = _("Sessions cannot be written to {path}: {reason}")
        problems.append(text.format(path=folder, reason=error.strerror or error))
        return
    if free < LOW_DISK_GB:
        text = _("Only {free:.1f} GB are free at {path}")
        problems.append(text.format(free=free, path=folder))


def _existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _check_language(problems: list[str]) -> None:
    if i18n.language() != "en" and i18n.translate("Weights") == "Weights":
        problems.append("The translations are not compiled: run bootstrap.py once.")
    if fonts.cjk_font() is None:
        problems.append(_("No font with Chinese characters was found: their labels stay empty."))


def _words(report: dict[str, Any]) -> list[str]:
    lines = [f"{name}: {version}" for name, version in report["versions"].items()]
    lines += ["{device}: {name} ({state})".format(**entry) for entry in report["devices"]]
    backend = _("backend {name}: {state}")
    lines += [backend.format(name=n, state=state) for n, state in report["backends"].items()]
    lines += [each.text for each in operators.look()] if report["operators"] else []
    lines.append(_("sessions: {path}").format(path=home()))
    if not report["problems"]:
        lines.append(_("No problems found on {count} processors.").format(count=os.cpu_count()))
    lines += [_("PROBLEM: {text}").format(text=text) for text in report["problems"]]
    return lines
