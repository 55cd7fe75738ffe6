"""The files that are written after a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.cli import output
from engine.errors import EngineError, ExportError
from engine.i18n import N_
from engine.i18n import translate as _
from engine.store import SessionReader
from engine.types import Progress


@dataclass(frozen=True, slots=True)
class Exports:
    """Files to write after a run, each where a path is given."""

    excel: Path | None = None
    csv: Path | None = None
    coco: Path | None = None
    yolo: Path | None = None
    labelme: Path | None = None

    def check(self) -> None:
        """Refuse a bad name before hours of work, not after.

        Raises:
            ExportError: A file's name has the wrong suffix, or is that of a folder.
        """
        for path, suffix in ((self.excel, ".xlsx"), (self.csv, ".csv"), (self.coco, ".json")):
            if path is not None and path.suffix.lower() != suffix:
                raise ExportError(
                    N_("{path} does not end in {suffix}."),
                    N_("Give the file a name that does."),
                    path=path,
                    suffix=suffix,
                )
            if path is not None and path.is_dir():
                raise ExportError(
                    N_("This is a folder, not a file: {path}."),
                    N_("Give the name of a file."),
                    path=path,
                )

    def write(
        self, session: Path, should_stop: Callable[[], bool]
    ) -> Iterator[Path | EngineError]:
        """Write them; one that cannot be written does not keep the next from it.

        Args:
            session: The session file.
            should_stop: Asked now and then; True ends it.

        Yields:
            What was written, or why it was not.
        """
        from engine import export

        writers = (
            (self.excel, export.export_excel),
            (self.csv, export.export_csv),
            (self.coco, export.export_coco),
            (self.yolo, export.export_yolo),
            (self.labelme, export.export_labelme),
        )

        def show(progress: Progress) -> None:
            output.Meter.show(_("Exporting"), progress)

        with SessionReader.open(session) as reader:
            for path, write in writers:
                if path is None:
                    continue
                try:
                    yield write(reader, path, progress=show, should_stop=should_stop)
                except EngineError as error:
                    yield error
                output.Meter.clear()
