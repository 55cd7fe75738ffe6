"""`python -m tests.helpers.scan_verdicts LIBRARY...`: whether each computes the selective scan."""

from __future__ import annotations

import ctypes

from tests.helpers.mistakes import judge

CASES = (
    *("all options", "a step more", "a channel a group", "a step short of a span"),
    "several vectors of channels a worker",
)


def agrees(file: str) -> bool:
    """Compare a library with the reference in 64 bits."""
    import torch

    from ops import libraries, variants
    from tests.ops import test_selective_scan_library as scan

    with libraries.substitute(libraries.Library(variants.here()[0], ctypes.CDLL(file))):
        for case in (scan.CASES[name] for name in CASES):
            inputs = case.inputs()
            found, expected = (
                scan.run(case, kind, inputs) for kind in (torch.float32, torch.float64)
            )
            # Not asked whether it is larger, which NaN never is.
            if not all(error < 1e-5 for error in scan.worst(found, expected).values()):
                return False
    return True


if __name__ == "__main__":
    judge(agrees)
