"""Taking a person's data as they are, and saying what was made of them."""

from __future__ import annotations

from pathlib import Path

from engine.cli import output
from engine.i18n import translate as _

_SHOWN = 10
"""So many files that could not be taken over are named; the copy's note has them all."""


def prepared(path: Path) -> Path:
    """Return a data set that can be trained on; what was imported is told beside the result.

    Raises:
        DataError: It is no data set, or it cannot be imported.
    """
    from engine.datasets import imported, prepare
    from engine.datasets.losses import UNCOUNTED

    found = prepare(path, progress=lambda done: output.Meter.show(_("import"), done))
    note = imported(found)
    if note is None or found.resolve().is_relative_to(path.resolve()):
        return found
    output.tell(_("Imported to {path}").format(path=found))
    for file, reason in note.left_out[:_SHOWN]:
        line = _("Left out: {file}: {reason}").format(file=file, reason=reason)
        output.tell(output.one_line(line))
    if len(note.left_out) > _SHOWN:
        more = len(note.left_out) - _SHOWN
        output.tell("  " + _("and {count} more").format(count=more))
    for kind, count in note.counted.items():
        # A later version may count what this one does not know.
        words = _(UNCOUNTED[kind]) if kind in UNCOUNTED else kind
        output.tell(_("Left out: {count} {what}").format(count=count, what=words))
    return found
