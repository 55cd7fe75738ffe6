"""What can go wrong, each as one sentence and a hint that a person can act on.

Messages and hints are templates in English with named values; they are translated when shown, so
that an error keeps its meaning across a change of language.
"""

from __future__ import annotations

import errno
from typing import Self

from engine.i18n import N_, translate


class EngineError(Exception):
    """A failure with a sentence for the person in front of the screen.

    Args:
        message: One sentence, a template for `str.format`, in English, marked with `N_`.
        hint: What to do about it, likewise; may be empty.
        values: What the templates name.
    """

    def __init__(self, message: str, hint: str = "", **values: object) -> None:
        """Keep the templates and their values."""
        super().__init__(message, hint, values)
        self.template = message
        self.hint_template = hint
        self.values = values

    @property
    def message(self) -> str:
        """The sentence in the active language."""
        return translate(self.template).format(**self.values)

    @property
    def hint(self) -> str:
        """The hint in the active language, or an empty text."""
        return translate(self.hint_template).format(**self.values)

    def __str__(self) -> str:
        """Return the sentence and the hint on one line."""
        return f"{self.message} {self.hint}".strip()


class SettingError(EngineError):
    """A setting has a value outside its range or of the wrong kind."""


class SourceError(EngineError):
    """A source names nothing that can be opened."""


class LiveError(SourceError):
    """A camera or stream gives no picture.

    Attributes:
        lasting: Whether trying again cannot help, as with a wrong password.
    """

    lasting = False

    def for_good(self) -> Self:
        """Return this error as one that trying again cannot mend."""
        self.lasting = True
        return self


class PictureError(EngineError):
    """A picture cannot be read."""


class VideoError(EngineError):
    """A video cannot be read or written."""


class WeightsError(EngineError):
    """A weights file cannot be used."""


class RecipeError(EngineError):
    """A recipe or a description of a network cannot be built."""


class DeviceError(EngineError):
    """A device was asked for that this machine does not have or cannot use."""


class StoreError(EngineError):
    """A session cannot be created, read or written."""


class DataError(EngineError):
    """A data set cannot be read or does not fit what is to be trained."""


class TrainingError(EngineError):
    """A training cannot begin or go on."""


class ExportError(EngineError):
    """An export cannot be written."""


class Cancelled(Exception):
    """The person stopped the work; shown to nobody."""


_FULL = N_("Free some space or choose another folder.")
_ELSEWHERE = N_("Choose another folder.")
_DISK = {
    errno.ENOSPC: (N_("The disk is full: {path}."), _FULL),
    errno.EDQUOT: (N_("The disk quota is used up: {path}."), _FULL),
    errno.EROFS: (N_("The folder is read-only: {path}."), _ELSEWHERE),
    errno.EACCES: (N_("No permission to write here: {path}."), _ELSEWHERE),
    errno.EPERM: (N_("No permission to write here: {path}."), _ELSEWHERE),
    errno.EISDIR: (N_("This is a folder, not a file: {path}."), N_("Give the name of a file.")),
    errno.EEXIST: (N_("This is a file, not a folder: {path}."), _ELSEWHERE),
    errno.ENOTDIR: (N_("Part of this path is a file, not a folder: {path}."), _ELSEWHERE),
    errno.ENAMETOOLONG: (N_("This name is too long: {path}."), N_("Choose a shorter name.")),
}


def writing_failed(
    error: OSError, path: object, kind: type[EngineError] = StoreError
) -> EngineError:
    """Turn an operating system's error while writing `path` into a sentence and a hint."""
    message, hint = _DISK.get(
        error.errno or 0,
        (N_("Cannot write {path}: {reason}."), N_("Check the disk and the folder's permissions.")),
    )
    return kind(message, hint, path=path, reason=error.strerror or str(error))
