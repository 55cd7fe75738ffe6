"""The folder of one export: what is told to the child, what it says, what it makes.

job.json        the settings, the target, and whose child it is
events.jsonl    what happened, see `engine.training.events`
log.txt         what the libraries printed
cancel          a command: end at once
made/           what is exported, until it is whole
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

from engine.conversion import formats, place
from engine.conversion.config import ConversionConfig
from engine.conversion.formats import FORMATS, Format
from engine.errors import ExportError, WeightsError, writing_failed
from engine.i18n import N_


@dataclass(frozen=True, slots=True)
class Job:
    """One export.

    Attributes:
        folder: Its own, among temporary files.
        config: The settings.
        target: What it writes.
        part: Beside the target, what is not whole yet.
        parent: The process that waits for it.
    """

    folder: Path
    config: ConversionConfig
    target: Path
    part: Path
    parent: int

    @classmethod
    def create(cls, config: ConversionConfig) -> Self:
        """Make the folder of a new export.

        Raises:
            WeightsError: There are no such weights.
            ExportError: The format or the target cannot be written.
        """
        chosen = FORMATS[config.format]
        if not config.weights.is_file():
            raise WeightsError(
                N_("There is no weights file {path}."), N_("Check the name."), path=config.weights
            )
        formats.check(chosen, config.half)
        target = place.target(config)
        place.check(target, chosen)
        try:
            folder = Path(tempfile.mkdtemp(prefix="labsight-export-"))
            job = cls(folder, config, target, place.part_of(target), psutil.Process().pid)
            content = {
                "config": config.to_json() | {"weights": str(config.weights.absolute())},
                "target": str(target),
                "part": str(job.part),
                "parent": job.parent,
            }
            job.made.mkdir()
            (folder / "job.json").write_text(json.dumps(content), encoding="utf-8")
        except OSError as error:
            raise writing_failed(error, tempfile.gettempdir(), ExportError) from error
        return job

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Return the job that `create` made a folder for."""
        content = json.loads((folder / "job.json").read_text(encoding="utf-8"))
        return cls(
            folder,
            ConversionConfig.from_json(content["config"]),
            Path(content["target"]),
            Path(content["part"]),
            content["parent"],
        )

    @property
    def chosen(self) -> Format:
        """The format."""
        return FORMATS[self.config.format]

    @property
    def name(self) -> str:
        """What events call it."""
        return self.config.weights.stem

    @property
    def events(self) -> Path:
        """Where the child tells."""
        return self.folder / "events.jsonl"

    @property
    def log(self) -> Path:
        """Where what the libraries print goes."""
        return self.folder / "log.txt"

    @property
    def made(self) -> Path:
        """Where the export is made."""
        return self.folder / "made"

    def cancel(self) -> None:
        """Tell the child to end."""
        (self.folder / "cancel").touch()

    @property
    def is_cancelled(self) -> bool:
        """Whether the child was told to end."""
        return (self.folder / "cancel").exists()

    def clear(self, *, keep_log: bool = False) -> None:
        """Leave nothing but the target, and the log where it is asked for."""
        place.remove(self.part)
        if keep_log:
            shutil.rmtree(self.made, ignore_errors=True)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
