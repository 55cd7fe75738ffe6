"""From what a person has to what can be trained on: in place, or as a copy of ours."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from engine.datasets import archive, class_folders, coco, labelme, voc, yolo
from engine.datasets.converting import Writer
from engine.datasets.copies import Copy, folder_of_copies, placed, whole_copy
from engine.datasets.kinds import ARCHIVE_SUFFIX, Found, Kind, look
from engine.datasets.losses import FILE, Losses
from engine.datasets.samples import Read, Sample
from engine.datasets.sources import signature_of, stored
from engine.datasets.splitting import split_samples
from engine.datasets.taking import taken
from engine.errors import Cancelled, DataError, writing_failed
from engine.export.progress import Question, Report, Ticker
from engine.i18n import N_
from engine.sources.sniffing import printable
from engine.suffixes import PICTURE_SUFFIXES

_EVERY = 20


def prepare(
    path: Path,
    *,
    base: Path | None = None,
    progress: Report | None = None,
    cancelled: Question | None = None,
) -> Path:
    """Return a data set that `find` reads, imported where it has to be.

    What can be trained on where it lies is returned as it is and nothing is written. Everything
    else becomes a copy; one that was made before of the same source, unchanged since, is used
    again. What could not be taken over is listed in the copy's `import.json`.

    Args:
        path: A folder, a zip, a data.yaml, a COCO JSON or a VOC or LabelMe file.
        base: Folder of the copies; by default the one below the person's folder.
        progress: Told how far it is, in files: those unpacked, looked at and copied in turn.
        cancelled: True ends the work.

    Returns:
        A description, or a folder that holds one or a folder for each class.

    Raises:
        DataError: It is no data set, holds nothing that can be read, or cannot be copied.
        Cancelled: `cancelled` said so; nothing is left of the copy.
    """
    found = look(path)
    packed = path.is_file() and path.suffix.lower() == ARCHIVE_SUFFIX
    if found.whole and not packed:
        return _in_place(path, found)
    # What a single file names lies around it.
    signature = f"{signature_of(path if packed else _root_of(path))} {path.name}"
    former = stored(path, signature, folder_of_copies(base))
    if former is not None:
        return former
    job = _Job(path, found, signature, base, progress, cancelled)
    if not packed:
        return _imported(job, path)
    with _unpacked(job) as folder:
        return _moved(job, folder) if found.whole else _imported(job, folder)


@dataclass(frozen=True, slots=True)
class _Job:
    """An import: what a person named, what that is, and what to do with it."""

    source: Path
    found: Found
    signature: str
    base: Path | None
    progress: Report | None
    cancelled: Question | None

    @property
    def name(self) -> str:
        """What to call the copy."""
        return self.source.stem if self.source.is_file() else self.source.resolve().name

    def note(self, pictures: int, objects: int, losses: Losses, result: str) -> dict[str, Any]:
        """Return what the copy tells of itself."""
        return {
            "source": printable(self.source.resolve()),
            "kind": self.found.kind,
            "signature": self.signature,
            "pictures": pictures,
            "objects": objects,
            "result": result,
        } | losses.as_json()


def _in_place(path: Path, found: Found) -> Path:
    if path.is_file() or found.anchor == "data.yaml":
        return path
    return path / found.anchor


def _imported(job: _Job, path: Path) -> Path:
    """Make a copy of what is at `path`: the source itself, or what was unpacked of it."""
    losses = Losses(path if path.is_dir() else path.parent)
    read = _read(path, job, losses)
    if not read.samples:
        raise DataError(
            N_("{path} holds no labelled picture that can be read."),
            N_("Check that the pictures lie beside their labels."),
            path=job.source,
        )
    samples = split_samples(read.samples, progress=job.progress, cancelled=job.cancelled)
    needed = sum(sample.bytes_on_disk for sample in samples)
    ticker = Ticker(len(samples), job.progress, job.cancelled, _EVERY)
    with whole_copy(job.base, job.name, needed) as copy:
        if job.found.kind is Kind.CLASSES:
            pictures, objects = class_folders.write(copy, samples, losses, ticker)
        else:
            pictures, objects = _write(copy, read, samples, losses, ticker)
        if not pictures:
            raise _nothing(job.source, losses)
        _write_note(copy.folder, job.note(pictures, objects, losses, copy.result))
        ticker.finish()
    return copy.path


def _read(path: Path, job: _Job, losses: Losses) -> Read:
    found = job.found
    root = path if path.is_dir() else path.parent
    if found.kind is Kind.CLASSES:
        return class_folders.read(root / found.anchor)
    if found.kind is Kind.YOLO:
        return yolo.read(root, losses)
    suffix, reader = {
        Kind.COCO: (".json", coco.read),
        Kind.VOC: (".xml", voc.read),
        Kind.LABELME: (".json", labelme.read),
    }[found.kind]
    one = path.is_file() and found.kind is Kind.COCO
    files = [path] if one else sorted(root.rglob(f"*{suffix}"))
    return reader(_asked(files, job.cancelled), _root_of(path), losses)


def _asked(files: Sequence[Path], cancelled: Question | None) -> Iterator[Path]:
    """Yield files as long as nobody stops the work."""
    for path in files:
        if cancelled is not None and cancelled():
            raise Cancelled
        yield path


def _root_of(path: Path) -> Path:
    """Return the folder below which pictures are looked for."""
    if path.is_dir():
        return path
    # The pictures of COCO lie beside the folder of its annotations.
    return path.parent.parent if path.parent.name == "annotations" else path.parent


def _write(
    copy: Copy, read: Read, samples: tuple[Sample, ...], losses: Losses, ticker: Ticker
) -> tuple[int, int]:
    """Write pictures with their labels; return how many pictures and objects there are."""
    writer = Writer.of(read, losses)
    pictures = objects = 0
    seen: dict[Path, str | None] = {}
    for sample in samples:
        ticker.step()
        if isinstance(sample.picture, Path):
            place = sample.picture.resolve()
            if place in seen:
                losses.note(sample.picture, N_("It is in {split} already."), split=seen[place])
                continue
            seen[place] = sample.split
        found = taken(sample, losses)
        if found is None:
            continue
        data, header = found
        label = sample.text if read.as_they_are else writer.text(sample, header)
        copy.add(sample.split or "train", sample.name, data, label)
        pictures, objects = pictures + 1, objects + (label or "").count("\n")
    if pictures:
        copy.describe(read.names, {"kpt_shape": [writer.keypoints, 3]} if writer.keypoints else {})
    return pictures, objects


@contextmanager
def _unpacked(job: _Job) -> Iterator[Path]:
    """Yield a folder with what a zip holds; it is gone at the end unless it was moved."""
    parent = folder_of_copies(job.base)
    folder = parent / f".labsight-{secrets.token_hex(6)}.part"
    try:
        try:
            folder.mkdir(parents=True)
            archive.unpack(job.source, folder, progress=job.progress, cancelled=job.cancelled)
        except OSError as error:
            raise writing_failed(error, parent, DataError) from error
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _moved(job: _Job, folder: Path) -> Path:
    """Give what was unpacked, and can be trained on as it is, its name."""
    tops = list(folder.iterdir())
    anchor = PurePosixPath(job.found.anchor)
    if len(tops) == 1 and tops[0].is_dir() and anchor.parts and anchor.parts[0] == tops[0].name:
        folder, anchor = tops[0], PurePosixPath(*anchor.parts[1:])
    pictures = sum(path.suffix.lower() in PICTURE_SUFFIXES for path in folder.rglob("*"))
    result = "" if anchor == PurePosixPath() else anchor.as_posix()
    # How many objects there are is for the check to say: labels were not looked at.
    note = job.note(pictures, 0, Losses(folder), result)
    parent = folder_of_copies(job.base)
    try:
        _write_note(folder, note)
        return placed(folder, parent, job.name) / result
    except OSError as error:
        raise writing_failed(error, parent, DataError) from error


def _nothing(path: Path, losses: Losses) -> DataError:
    file, reason = losses.files[0] if losses.files else ("", "")
    return DataError(
        N_("Not one picture of {path} could be taken over. The first, {file}: {reason}."),
        N_("Check that the pictures lie beside their labels and can be opened."),
        path=path,
        file=file,
        reason=reason.rstrip("."),
    )


def _write_note(folder: Path, note: dict[str, Any]) -> None:
    text = json.dumps(note, ensure_ascii=False, indent=1)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")
