"""What the ladders of libraries and kernels say: why something better is not in use."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

CHOICE = "LABSIGHT_OPS"
"""Environment variable: the name of a rung to use at most, or `reference` for none at all."""
REFERENCE = "reference"
"""The last rung, plain torch."""


class Reason(StrEnum):
    """Why something better is not in use."""

    MISSING = "missing"  # no such file was built
    DAMAGED = "damaged"  # it is not what the manifest says
    STALE = "stale"  # it was built from other sources
    UNLOADABLE = "unloadable"  # the system or the driver refused it
    SWITCHED_OFF = "switched off"  # by the environment variable
    UNSUPPORTED = "unsupported"  # this processor or card does not run it
    NO_DEVICE = "no device"
    NO_DRIVER = "no driver"  # of the graphics card
    OLD_DRIVER = "old driver"  # it does not know the PTX
    NO_COMPILER = "no compiler"  # for kernels at run time
    NOT_COMPILED = "not compiled"  # that compiler refused
    NO_KERNEL = "no kernel"  # nothing is written for it


@dataclass(frozen=True, slots=True)
class Miss:
    """Something better that is not in use.

    Attributes:
        rung: Its name.
        reason: Why not.
        detail: What the system said, or the file.
    """

    rung: str
    reason: Reason
    detail: str = ""


def switched_off(rungs: Sequence[str]) -> tuple[Miss, ...]:
    """Return the first of some rungs, the best first, that the environment variable rules out."""
    chosen = os.environ.get(CHOICE, "")
    count = rungs.index(chosen) if chosen in rungs else 0
    if chosen == REFERENCE:
        count = len(rungs)
    return tuple(Miss(rung, Reason.SWITCHED_OFF, f"{CHOICE}={chosen}") for rung in rungs[:count])
