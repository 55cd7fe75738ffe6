"""`python -m tests.helpers.gather_verdicts KIND=LIBRARY...`: whether each reads between pixels.

KIND is `library` or `kernels`. What has a mistake in it may write anywhere, so each runs in a
process of its own, forked from one that has torch already.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from contextlib import nullcontext
from dataclasses import replace

from engine import device

CHOSEN = (
    *("gather: few channels", "gather: whole vectors", "gather: a place and a channel more"),
    "gather: many channels",
    *("convolution: uneven", "convolution: all options", "convolution: more than a block"),
    *("attention: all levels", "attention: as many taps as there may be"),
)
SAME, DIFFERS = 10, 11
LONGEST = 60
"""Seconds after which nothing more is expected."""


def verdict(kind: str, file: str) -> int:
    """Compare what a library or kernels find with plain torch in 64 bits."""
    import torch

    from ops import libraries, variants
    from ops.bilinear_gather import cuda
    from ops.bilinear_gather.cpu import PROCESSOR
    from tests.helpers.gathers import CASES, NEAR, errors
    from tests.helpers.shim import Shim

    signal.alarm(LONGEST)
    torch.use_deterministic_algorithms(True)  # It fills what is not written with NaN.
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
                return DIFFERS
    return SAME


def main(given: list[str]) -> None:
    """Print a list of `same`, `differs` and `crashed`."""
    device.prepare()
    import torch

    torch.set_num_threads(1)
    found = []
    for each in given:
        kind, _, file = each.partition("=")
        child = os.fork()
        if not child:
            # A traceback of a launch that failed is of no interest.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            os._exit(verdict(kind, file))
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        found.append({SAME: "same", DIFFERS: "differs"}.get(code, "crashed"))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
