"""`python -m tests.helpers.scan_verdicts LIBRARY...`: whether each computes the selective scan.

A library with a mistake may write anywhere, so each runs in a process of its own, forked from one
that has torch already.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys

from engine import device

CASES = (
    *("all options", "a step more", "a channel a group", "a step short of a span"),
    "several vectors of channels a worker",
)
SAME, DIFFERS = 10, 11


def verdict(file: str) -> int:
    """Compare a library with the reference in 64 bits."""
    import torch

    from ops import libraries, variants
    from tests.ops import test_selective_scan_library as scan

    cases = [scan.CASES[name] for name in CASES]
    torch.use_deterministic_algorithms(True)  # It fills what is not written with NaN.
    with libraries.substitute(libraries.Library(variants.here()[0], ctypes.CDLL(file))):
        for case in cases:
            inputs = case.inputs()
            found, expected = (
                scan.run(case, kind, inputs) for kind in (torch.float32, torch.float64)
            )
            # Not asked whether it is larger, which NaN never is.
            if not all(error < 1e-5 for error in scan.worst(found, expected).values()):
                return DIFFERS
    return SAME


def main(files: list[str]) -> None:
    """Print a list of `same`, `differs` and `crashed`."""
    device.prepare()
    import torch

    torch.set_num_threads(1)
    found = []
    for file in files:
        child = os.fork()
        if not child:
            os._exit(verdict(file))
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        found.append({SAME: "same", DIFFERS: "differs"}.get(code, "crashed"))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
