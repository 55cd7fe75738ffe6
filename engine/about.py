"""What the program says of itself: its parts, what its weights learned from, its source."""

from __future__ import annotations

import importlib.metadata
import json
from dataclasses import dataclass
from typing import Any

from engine.i18n import translate as _
from engine.paths import bundled_weights, document
from engine.version import __version__

NOTICES = "NOTICES.txt"
TABLE = "NOTICES.md"
SOURCE_ARCHIVE = f"labsight-{__version__}-source.tar.gz"
"""Published beside the installers."""

_MAIN = (
    "PyQt6",
    "torch",
    "torchvision",
    "ultralytics",
    "numpy",
    "opencv-python",
    "onnxruntime",
    "openvino",
    "pillow",
    "pillow-heif",
    "av",
    "openpyxl",
    "pyqtgraph",
    "psutil",
    "babel",
)
_SHORT = 50


@dataclass(frozen=True, slots=True)
class Part:
    """Somebody else's work in the program."""

    name: str
    version: str
    licence: str
    homepage: str = ""


@dataclass(frozen=True, slots=True)
class Credit:
    """What weights that come along learned from.

    Attributes:
        weights: Their name.
        name: Of the data.
        what: What it is and how much of it was used.
        credit: Who made it, as its licence wants it said.
        licence: Under which it may be used.
        changes: What was changed in it, may be empty.
    """

    weights: str
    name: str
    what: str
    credit: str
    licence: str
    changes: str = ""


def parts() -> list[Part]:
    """Return the parts: those in the notices of this build, without them the main ones."""
    try:
        return parse_table(document(TABLE).read_text(encoding="utf-8"))
    except OSError:
        found = (_installed(name) for name in _MAIN)
        return [part for part in found if part is not None]


def format_table(found: list[Part]) -> str:
    """Return parts as a Markdown table, which `parse_table` reads."""
    rows = [("Part", "Version", "Licence", "Home"), ("---",) * 4]
    rows += [(each.name, each.version, each.licence, each.homepage) for each in found]
    lines = (" | ".join(cell.replace("|", "/") for cell in row) for row in rows)
    return "\n".join(f"| {line} |" for line in lines) + "\n"


def parse_table(text: str) -> list[Part]:
    """Return the parts in a text that `format_table` is in."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [Part(*(cell.strip() for cell in line.split("|")[1:5])) for line in lines[2:]]


def licence_of(metadata: importlib.metadata.PackageMetadata) -> str:
    """Return the licence that a package names, in one line; empty where it names none."""
    expression = field(metadata, "License-Expression")
    if expression:
        return expression
    first, *more = field(metadata, "License").strip().splitlines() or [""]
    if first and not more and len(first) <= _SHORT and first != "UNKNOWN":
        return first
    classifiers = metadata.get_all("Classifier") or []
    named = [each.rpartition("::")[2].strip() for each in classifiers if "License ::" in each]
    named = [each for each in named if each not in ("OSI Approved", "DFSG approved")]
    return ", ".join(named) or first[:_SHORT]


def field(metadata: importlib.metadata.PackageMetadata, name: str) -> str:
    """Return what a package says under a name, empty where it says nothing."""
    return next(iter(metadata.get_all(name) or ()), "")


def data_credits() -> list[Credit]:
    """Return what the weights that come along learned from, as their cards say."""
    found = []
    for weights in bundled_weights():
        try:
            card = json.loads(weights.with_suffix(".json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        base = card.get("base")
        entries: list[Any] = [{**base, "what": _("its base network")}] if base else []
        for entry in [*entries, *card.get("data", [])]:
            words = {key: str(entry.get(key, "")) for key in Credit.__slots__ if key != "weights"}
            found.append(Credit(weights.stem, **words))
    return found


def source_offer() -> str:
    """Return where the source of this version is, as its licence wants it said."""
    return _(
        "LabSight {version} is free software: you may use, study, share and change it under the "
        "GNU Affero General Public License, version 3. The source it was built from, with "
        "everything needed to build it again, is the archive {archive}, published beside this "
        "installer. Whoever gave you LabSight owes you that archive too, at no charge. Who lets "
        "others use a changed version over a network owes them its source."
    ).format(version=__version__, archive=SOURCE_ARCHIVE)


def _installed(name: str) -> Part | None:
    try:
        metadata = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    return Part(name, metadata["Version"] or "", licence_of(metadata))
