"""`python -m tests.helpers.gather_verdicts KIND=LIBRARY...`: whether each reads between pixels.

KIND is `library` or `kernels`.
"""

from __future__ import annotations

import ctypes
from contextlib import nullcontext
from dataclasses import replace

from tests.helpers.mistakes import judge

CHOSEN = (
    *("gather: few channels", "gather: whole vectors", "gather: a place and a channel more"),
    "gather: many channels",
    *("convolution: uneven", "convolution: all options", "convolution: more than a block"),
    *("attention: all levels", "attention: as many taps as there may be"),
)


def agrees(argument: str) -> bool:
    """Compare what a library or kernels find with plain torch in 64 bits."""
    import torch

    from ops import libraries, variants
    from ops.bilinear_gather import cuda
    from ops.bilinear_gather.cpu import PROCESSOR
    from tests.helpers.gathers import CASES, NEAR, errors
    from tests.helpers.shim import Shim

    kind, _, file = argument.partition("=")
    torch.get_num_threads = lambda: 3
    cuda.SORTED = 3000
    handle = ctypes.CDLL(file)
    library = libraries.Library(variants.here()[0], handle) if kind == "library" else None
    means = replace(PROCESSOR if kind == "library" else cuda.CARD, held=60_000)
    with libraries.substitute(library), nullcontext() if library else Shim(handle).seeded():
        for case in (CASES[name] for name in CHOSEN):
            given, expected = case.arguments(torch.float32), case.exact(torch.float32)
            found = [case.done(means, given), *([case.called(given)] if library else [])]
            # Not asked whether it is larger, which NaN never is.
            near = [
                error < NEAR[torch.float32] for f in found for error in errors(f, expected).values()
            ]
            if not all(near):
                return False
    return True


if __name__ == "__main__":
    judge(agrees)
