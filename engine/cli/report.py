"""What is said after a run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from engine.cli import output
from engine.cli.exports import Exports
from engine.counting import CountLine, parse_counters
from engine.errors import EngineError
from engine.i18n import translate as _
from engine.pipeline import Summary
from engine.store import SessionReader


@dataclass(frozen=True, slots=True)
class CounterCount:
    """What one line or zone has counted.

    Attributes:
        name: What it is called.
        kind: "line" or "zone".
        entered: Crossings inward.
        left: Crossings outward.
    """

    name: str
    kind: str
    entered: int
    left: int

    def __str__(self) -> str:
        """Return it as a line for a person."""
        line = (
            _("Line {name}: {entered} in, {left} out")
            if self.kind == "line"
            else _("Zone {name}: {entered} in, {left} out")
        )
        return line.format(name=self.name, entered=self.entered, left=self.left)


@dataclass(frozen=True, slots=True)
class Counts:
    """What tracking has counted, over all sources of a run.

    Attributes:
        unique: Tracked objects by the name of their class.
        counters: The lines and zones.
    """

    unique: dict[str, int]
    counters: tuple[CounterCount, ...]

    @classmethod
    def of_session(cls, session: Path) -> Self | None:
        """Return what a session holds, None where tracking was off.

        Raises:
            StoreError: The session cannot be read.
        """
        with SessionReader.open(session) as reader:
            if not reader.tracked:
                return None
            run = reader.run
            unique: Counter[str] = Counter()
            for index, count in reader.unique_counts().items():
                # Two classes may have one name.
                unique[run.model.names[index]] += count
            counters = parse_counters(run.settings["counters"])
            counted = tuple(
                CounterCount(
                    counter.name,
                    "line" if isinstance(counter, CountLine) else "zone",
                    totals.entered,
                    totals.left,
                )
                for counter, totals in zip(counters, reader.counter_totals(), strict=True)
            )
        return cls(dict(unique), counted)

    def as_json(self) -> dict[str, Any]:
        """Return what it adds to the summary."""
        counters = [
            {"name": each.name, "kind": each.kind, "in": each.entered, "out": each.left}
            for each in self.counters
        ]
        return {"unique": self.unique, "counters": counters}

    def say(self) -> None:
        """Say it in words."""
        found = ", ".join(f"{count} {name}" for name, count in self.unique.items())
        line = _("Different objects: {found}").format(found=found or _("none"))
        for text in (line, *map(str, self.counters)):
            output.say(output.one_line(text))


@dataclass(frozen=True, slots=True)
class Finished:
    """What a run left behind.

    Attributes:
        summary: What it did.
        session: The session file.
        counts: What tracking has counted, None without tracking.
        written: Exports.
        failed_exports: Why others were not written.
    """

    summary: Summary
    session: Path
    counts: Counts | None = None
    written: tuple[Path, ...] = ()
    failed_exports: tuple[EngineError, ...] = ()


def report(done: Finished, exports: Exports, *, as_json: bool) -> int:
    """Say what was done and return the exit code."""
    summary = done.summary
    for error in done.failed_exports:
        output.complain(error)
    if as_json:
        output.say_json({"summary": _summary(done, exports)})
    else:
        _say(done)
    if summary.state == "interrupted":
        output.tell(_("Interrupted. The results so far are in the session."))
        return 130
    if done.failed_exports or not summary.frames:
        return 2
    return 3 if summary.failed else 0


def _summary(done: Finished, exports: Exports) -> dict[str, Any]:
    summary = done.summary
    values = {
        "pictures": summary.pictures,
        "frames": summary.frames,
        "detections": summary.detections,
        "failed": summary.failed,
        "session": str(done.session),
        "excel": str(exports.excel) if exports.excel in done.written else None,
        "seconds": round(summary.seconds, 3),
        "fps": round(summary.fps, 2),
    }
    return values if done.counts is None else values | done.counts.as_json()


def _say(done: Finished) -> None:
    summary = done.summary
    line = _("{detections} objects in {frames} pictures, {seconds:.1f} s, {fps:.1f} a second")
    output.say(
        line.format(
            detections=summary.detections,
            frames=summary.frames,
            seconds=summary.seconds,
            fps=summary.fps,
        )
    )
    if summary.dropped:
        text = _("{count} pictures were left out to keep pace.")
        output.say(text.format(count=summary.dropped))
    if done.counts is not None:
        done.counts.say()
    output.say(_("Session: {path}").format(path=done.session))
    for path in done.written:
        output.say(_("Written: {path}").format(path=path))
