"""Taking a picture over into a copy, if a training can read it."""

from __future__ import annotations

from pathlib import Path

from engine.datasets.dataset import TRAINED_SUFFIXES
from engine.datasets.headers import Header, read_header, read_header_of
from engine.datasets.losses import Losses
from engine.datasets.samples import Sample
from engine.errors import PictureError
from engine.i18n import N_


def taken(sample: Sample, losses: Losses) -> tuple[bytes, Header] | None:
    """Return the bytes and the header of a picture, None where it cannot be trained on.

    Args:
        sample: The picture.
        losses: Told why.
    """
    if Path(sample.name).suffix.lower() not in TRAINED_SUFFIXES:
        losses.note(sample.name, N_("Pictures of this kind cannot be trained on: save it as PNG."))
        return None
    if isinstance(sample.picture, bytes):
        header = read_header_of(sample.picture)
        if header is None:
            losses.note(sample.name, N_("The picture in the labels cannot be read."))
        return None if header is None else (sample.picture, header)
    try:
        header = read_header(sample.picture)
        return sample.picture.read_bytes(), header
    except PictureError as error:
        losses.note_error(sample.picture, error)
    except OSError:
        losses.note(sample.picture, N_("It cannot be opened."))
    return None
