"""What this machine computes on, and in plain words why a graphics card in it is not used."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

from engine import device
from engine.config import AUTO
from engine.i18n import translate as _

_NVIDIA = "0x10de"
_DISPLAY_CLASS = "0x03"
_PCI = Path("/sys/bus/pci/devices")
_DRIVER = Path("/proc/driver/nvidia")


def in_use() -> str:
    """Return the name of what networks run on unless another device is chosen."""
    apple = sys.platform == "darwin" and platform.machine() == "arm64"
    if apple or (_has_driver() and device.built_for_cuda()):
        device.prepare()
        import torch

        chosen = device.choose(AUTO)
        if chosen.type == "cuda":
            return torch.cuda.get_device_name(chosen)
        if chosen.type == "mps":
            return "Apple GPU"
    return device.processor()


def unused() -> str:
    """Say that an NVIDIA card is here and not used, and why; empty where there is none or it is.

    torch is asked only where it could use a card; importing it takes more than a second.
    """
    driver = _has_driver()
    if not driver and not _on_the_bus():
        return ""
    if not device.built_for_cuda():
        return _(
            "There is an NVIDIA card, and it is not used: the torch in here is built for the "
            "processor alone. The CUDA edition of LabSight uses the card."
        )
    if not driver:
        return _(
            "There is an NVIDIA card, and it is not used: NVIDIA's driver is not installed."
        )
    return _refused()


def _refused() -> str:
    """Say why torch, which could, does not use the first card."""
    device.prepare()
    import torch

    if torch.cuda.is_available():
        detail = device.unusable(0)
        reason = _("the torch in here was not built for its kind ({detail})")
    else:
        detail, reason = "", _("torch cannot start it ({detail})")
        try:
            torch.cuda.init()  # type: ignore[no-untyped-call]
        except RuntimeError as error:
            # Its first sentence; the rest tells programmers where to look.
            detail = str(error).partition(". ")[0].rstrip(".")
    if not detail:
        return ""
    text = _("There is an NVIDIA card, and it is not used: {reason}.")
    return text.format(reason=reason.format(detail=detail))


def _has_driver() -> bool:
    if sys.platform == "win32":
        return Path(os.environ.get("SYSTEMROOT", ""), "System32", "nvcuda.dll").exists()
    return _DRIVER.exists()


def _on_the_bus() -> bool:
    """Tell whether Linux sees a display adapter of NVIDIA's, whatever drives it."""
    try:
        slots = list(_PCI.iterdir())
    except OSError:
        return False
    return any(
        _text(slot / "vendor") == _NVIDIA and _text(slot / "class").startswith(_DISPLAY_CLASS)
        for slot in slots
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
