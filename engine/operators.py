"""What computes the operators on this machine, in words for people.

`ops` knows what is in use and why nothing better is; the sentences are here, made anew in the
language of the moment. Importing this file does not import torch, looking does.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.i18n import N_
from engine.i18n import translate as _

PLAIN = "reference"
"""The rung below all others."""
_RUNGS = {
    PLAIN: N_("plain torch"),
    "avx512": N_("the library for AVX-512"),
    "avx2": N_("the library for AVX2"),
    "sse2": N_("the library for SSE2"),
    "base": N_("the library for this processor"),
    "kernels": N_("kernels for graphics cards"),
    "ptx": N_("kernels that the driver compiles"),
    "nvrtc": N_("kernels that NVRTC compiles"),
}
_CUBIN, _FOR_ONE = "cubin ", N_("kernels for {architecture}")
_REASONS = {
    "missing": N_("{detail} is not there"),
    "damaged": N_("{detail} is damaged"),
    "stale": N_("it was built from other sources ({detail})"),
    "unloadable": N_("it could not be loaded ({detail})"),
    "switched off": N_("{detail} switches it off"),
    "unsupported": N_("the device does not run it ({detail})"),
    "no device": N_("there is no such device for torch ({detail})"),
    "no driver": N_("there is no driver for it ({detail})"),
    "old driver": N_("the driver is too old ({detail})"),
    "no compiler": N_("there is no compiler for it ({detail})"),
    "not compiled": N_("the compiler refused it ({detail})"),
    "no kernel": N_("there are none for devices of this kind ({detail})"),
}
"""By what `ops.rungs.Reason` calls them."""


@dataclass(frozen=True, slots=True)
class Better:
    """A faster way that is not taken.

    Attributes:
        rung: Its name in `ops`.
        reason: Why not, a value of `ops.rungs.Reason`.
        detail: A file, or what the system said; may be empty.
    """

    rung: str
    reason: str
    detail: str

    @property
    def text(self) -> str:
        """What it is and why it is not taken, without a full stop."""
        why = _(_REASONS[self.reason]).format(detail=self.detail or "-")
        return _("{way}: {reason}").format(way=_words(self.rung), reason=why)


@dataclass(frozen=True, slots=True)
class Operator:
    """What computes an operator on a device.

    Attributes:
        name: Of the operator, as in `ops`.
        device: As torch writes it.
        rung: What is in use, by its name in `ops`.
        better: What would be faster, the best first.
    """

    name: str
    device: str
    rung: str
    better: tuple[Better, ...]

    @property
    def way(self) -> str:
        """What is in use, in words."""
        return _words(self.rung)

    @property
    def text(self) -> str:
        """All of it on one line."""
        line = _("operator {name} on {device}: {way}")
        line = line.format(name=self.name, device=self.device, way=self.way)
        reasons = "; ".join(each.text for each in self.better)
        return _("{line} ({reasons})").format(line=line, reasons=reasons) if reasons else line


def look() -> tuple[Operator, ...]:
    """Return what computes each operator on each device; the first time it loads what there is.

    Raises:
        ImportError: torch cannot be imported.
        OSError: A library of torch cannot be loaded.
    """
    from engine import device

    device.prepare()
    from ops import devices

    return tuple(
        Operator(
            each.operator,
            each.device,
            each.rung,
            tuple(Better(miss.rung, miss.reason.value, miss.detail) for miss in each.misses),
        )
        for each in devices.status()
    )


def _words(rung: str) -> str:
    if rung.startswith(_CUBIN):
        return _(_FOR_ONE).format(architecture=rung.removeprefix(_CUBIN))
    words = _RUNGS.get(rung, rung)
    return _(words)
