"""The kernels of the selective scan on a processor, and libraries of them with a mistake.

    python -m tests.helpers.scan_kernel LIBRARY...

prints whether each computes the scan.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from unittest.mock import patch

from tests.helpers.mistakes import judge

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from tests.helpers.shim import Shim
    from tests.ops.test_selective_scan_library import Case, Inputs

SEEDS = range(5)
FEW, MANY = 1, 100
"""Multiprocessors of cards for which the length is left whole, and is cut."""


def run(
    shim: Shim,
    case: Case,
    kind: torch.dtype,
    inputs: Inputs,
    *,
    seed: int = 0,
    multiprocessors: int = FEW,
    float_output: bool = False,
    change: Callable[[Tensor], Tensor] = lambda each: each,
) -> dict[str, Tensor]:
    """Return what `run` of tests/ops/test_selective_scan_library.py does, by the kernels.

    Args:
        shim: The kernels.
        case: What the inputs are of.
        kind: Of numbers.
        inputs: In 64 bits.
        seed: Of the order in which threads come.
        multiprocessors: Of the card.
        float_output: Whether y is in 32 bits.
        change: Of each tensor, to one of the same numbers.
    """
    import torch

    from ops.selective_scan import cuda

    small = ("A", "D", "delta_bias")
    names = ("u", "delta", "A", "B", "C", "D", "z", "delta_bias")
    given = [
        None if each is None else change(each.to(torch.float32 if name in small else kind))
        for name, each in ((name, inputs.get(name)) for name in names)
    ]
    flags = (case.softplus, float_output)
    with shim.seeded(seed), patch.object(cuda, "multiprocessors", lambda _: multiprocessors):
        y, last, starts = cuda.forward(*given, *flags)
        torch.manual_seed(0)
        dy, dlast = change(torch.randn(y.shape).to(y)), torch.randn(last.shape)
        slopes = cuda.backward(dy, dlast, *given, starts, *flags)
    found = {name: each for name, each in zip(names, slopes, strict=True) if name in inputs}
    return {"y": y, "last": last, **found}


def is_near(found: dict[str, Tensor], expected: dict[str, Tensor], tolerance: float) -> bool:
    """Tell whether nothing differs by more than a part of its largest number."""
    return all(
        # Not asked whether it differs by more, which NaN never does.
        bool((found[name].double() - each).abs().max() <= tolerance * each.abs().max())
        for name, each in expected.items()
    )


def cases() -> Iterator[tuple[Case, int]]:
    """Yield cases and multiprocessors that between them come by every line, and are small."""
    from tests.ops.test_selective_scan_library import ALL, Case

    several = Case(2, 20, 600, 3, 2, ALL, True)
    yield several, FEW
    yield several, MANY
    yield Case(1, 9, 261, 34, 1, ("D",)), MANY
    yield Case(1, 72, 30, 1, 1, ("z",), True), FEW  # More octets than parts.
    yield Case(1, 3, 1100, 2, 1, ALL, True), 2  # Segments of two chunks.


def agrees(file: str) -> bool:
    """Compare a library with the reference in 64 bits."""
    import torch

    from tests.helpers.shim import Shim
    from tests.ops import test_selective_scan_library as scan

    shim = Shim(ctypes.CDLL(file))
    for case, multiprocessors in cases():
        inputs = case.inputs()
        expected = scan.run(case, torch.float64, inputs)
        for seed in SEEDS:
            found = run(
                *(shim, case, torch.float32, inputs), seed=seed, multiprocessors=multiprocessors
            )
            if not is_near(found, expected, 1e-5):
                return False
    return True


if __name__ == "__main__":
    judge(agrees)
