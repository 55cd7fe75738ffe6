"""Finds the processor library that runs here, or says why there is none.

A file is loaded only when it is what the manifest says, byte for byte, and, where the sources lie
beside it, when it was built from these.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops import manifest, rungs, variants
from ops.rungs import Miss, Reason
from ops.variants import Variant

INT64 = ctypes.c_int64


@dataclass(frozen=True, slots=True)
class Library:
    """A library that was loaded.

    Attributes:
        variant: Which one.
        handle: To its functions.
    """

    variant: Variant
    handle: ctypes.CDLL

    def function(self, name: str, *, returns: Any = None) -> Any:  # noqa: ANN401
        """Return a function of the library."""
        return _function(self.handle, f"labsight_{name}", returns)

    def misfit(self) -> str:
        """Return which structure of arguments it lays out otherwise than we do, and how."""
        for name, structure in _structures.items():
            try:
                size = self.function(f"{name}_size", returns=INT64)()
            except AttributeError:
                return f"it has no {name}"
            if size != ctypes.sizeof(structure):
                return f"{name} takes {size} bytes, not {ctypes.sizeof(structure)}"
        return ""


@functools.cache
def _function(handle: ctypes.CDLL, name: str, returns: Any) -> Any:  # noqa: ANN401
    found = handle[name]
    found.restype = returns
    return found


_structures: dict[str, type[ctypes.Structure]] = {}
_loaded: tuple[Library | None, tuple[Miss, ...]] | None = None


def library() -> Library | None:
    """Return the fastest library that runs here."""
    return (_loaded or _load_all())[0]


def needed() -> Library:
    """Return the library.

    Raises:
        RuntimeError: There is none.
    """
    found = library()
    if found is None:
        why = "; ".join(f"{each.rung}: {each.reason} {each.detail}" for each in misses())
        raise RuntimeError(f"LabSight's operators are not compiled here ({why})")
    return found


def misses() -> tuple[Miss, ...]:
    """Return the faster ones that are not in use, and why."""
    return (_loaded or _load_all())[1]


def ready(operator: str, structure: type[ctypes.Structure]) -> None:
    """Load the library before an operator is used.

    A library that lays out the structure of its arguments otherwise is not taken.
    """
    _structures[operator] = structure
    found = library()
    if found is not None and found.misfit():
        forget()
        library()


def forget() -> None:
    """Look anew at the next question, after files or the environment changed."""
    global _loaded
    _loaded = None


@contextmanager
def substitute(other: Library | None) -> Iterator[None]:
    """Have the operators run on another library, or on plain torch, for a while."""
    global _loaded
    before, _loaded = _loaded, (other, ())
    try:
        yield
    finally:
        _loaded = before


def _load_all() -> tuple[Library | None, tuple[Miss, ...]]:
    global _loaded
    _loaded = find(manifest.BUILT)
    return _loaded


def find(folder: Path) -> tuple[Library | None, tuple[Miss, ...]]:
    """Return the fastest library of a folder that runs here, and why each faster one does not."""
    listed, possible = manifest.read(folder), variants.here()
    missed = list(rungs.switched_off([each.name for each in possible]))
    for variant in possible[len(missed) :]:
        found = _load(folder, variant, listed)
        if isinstance(found, Library):
            return found, tuple(missed)
        missed.append(found)
    return None, tuple(missed)


def _load(folder: Path, variant: Variant, listed: dict[str, manifest.Built]) -> Library | Miss:
    file = folder / variant.library()
    fresh = variant.fingerprint() if variants.sources() else ""
    try:
        fault = manifest.fault(file, listed, fresh)
        if fault:
            return Miss(variant.name, fault, file.name)
        found = Library(variant, ctypes.CDLL(str(file)))
    except OSError as error:
        return Miss(variant.name, Reason.UNLOADABLE, str(error))
    misfit = found.misfit()
    return Miss(variant.name, Reason.STALE, misfit) if misfit else found
