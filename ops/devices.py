"""What computes an operator on a device: the ladder from kernels down to plain torch."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ops import images, kernels, libraries
from ops.rungs import REFERENCE, Miss


@dataclass(frozen=True, slots=True)
class OperatorStatus:
    """What computes an operator on a device.

    Attributes:
        operator: Its name.
        device: As torch writes it, `cpu` or `cuda:0`.
        rung: What is in use: `cubin sm_90`, `ptx`, `nvrtc`, a variant of the library such as
            `avx512`, or `reference` for plain torch.
        misses: What would be better, the best first, and why it is not in use.
    """

    operator: str
    device: str
    rung: str
    misses: tuple[Miss, ...]


def is_served(operator: str, device: torch.device) -> bool:
    """Tell whether something compiled computes an operator on a device."""
    if device.type == "cpu":
        return libraries.library() is not None
    return device.type == "cuda" and kernels.is_served(operator, device)


def status() -> tuple[OperatorStatus, ...]:
    """Return what computes each operator on each device of this machine."""
    cards = range(torch.cuda.device_count() if torch.cuda.is_available() else 0)
    devices = [torch.device("cpu"), *(torch.device("cuda", number) for number in cards)]
    return tuple(_status(each, device) for each in images.FOLDERS for device in devices)


def _status(operator: str, device: torch.device) -> OperatorStatus:
    if device.type == "cpu":
        library = libraries.library()
        rung, misses = library.variant.name if library else None, libraries.misses()
    else:
        rung, misses = kernels.status(operator, device)
    return OperatorStatus(operator, str(device), rung or REFERENCE, misses)
