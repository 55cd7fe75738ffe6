"""What an import could not take over, so that nothing vanishes without a word."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.i18n import N_, translate
from engine.sources.sniffing import printable

FILE = "import.json"
"""In the folder of every imported copy: where it came from and what was left out."""

UNCOUNTED = {
    "crowd": N_("crowds, marked as one region for many objects"),
    "line": N_("open lines"),
    "point": N_("single points"),
    "flat": N_("shapes without an area"),
    "outside": N_("shapes outside of their picture"),
}
"""Objects that are counted only; the words complete a sentence that begins with their number."""


@dataclass(slots=True)
class Losses:
    """What was left out.

    Attributes:
        root: Files below it are named from there.
        files: Pairs of a file and the reason, a template with its values filled in.
        counts: Objects that no training knows, by the keys of `UNCOUNTED`.
    """

    root: Path
    files: list[tuple[str, str]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def note(self, file: Path | str, reason: str, **values: object) -> None:
        """Note a file, or what it names, that was left out.

        Args:
            file: Which one.
            reason: Why: a template marked with `N_`.
            values: What the template names.
        """
        self.files.append((self._name(file), translate(reason).format(**values)))

    def note_error(self, file: Path, error: EngineError) -> None:
        """Note a file that an error tells of."""
        name = self._name(file)
        # An archive is read from a folder that nobody knows and that is soon gone.
        error.values["path"] = name
        self.files.append((name, error.message))

    def _name(self, file: Path | str) -> str:
        if isinstance(file, str):
            return file
        return printable(file.relative_to(self.root) if file.is_relative_to(self.root) else file)

    def as_json(self) -> dict[str, Any]:
        """Return them for the file that tells of an import."""
        return {
            "left_out": [{"file": file, "reason": reason} for file, reason in self.files],
            "counted": dict(self.counts),
        }


@dataclass(frozen=True, slots=True)
class Imported:
    """What the file beside an imported copy says.

    Attributes:
        source: What it was made from.
        kind: In which form that was.
        pictures: How many were taken over.
        objects: How many were taken over; 0 where label files were taken as they were.
        left_out: Pairs of a file and why it was left out.
        counted: Objects that no training knows, by the keys of `UNCOUNTED`.
    """

    source: str
    kind: str
    pictures: int
    objects: int
    left_out: tuple[tuple[str, str], ...]
    counted: dict[str, int]


def imported(path: Path) -> Imported | None:
    """Return what is known of an import.

    Args:
        path: What `prepare` returned.

    Returns:
        None where the data set was not imported or nothing is known of it.
    """
    folder = path if path.is_dir() else path.parent
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return Imported(
            source=content["source"],
            kind=content["kind"],
            pictures=content["pictures"],
            objects=content["objects"],
            left_out=tuple((each["file"], each["reason"]) for each in content["left_out"]),
            counted=content["counted"],
        )
    except (OSError, ValueError, LookupError, TypeError):
        return None
