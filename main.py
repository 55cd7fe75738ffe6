"""LabSight: the command line, and without arguments the demonstration."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Set the switches that libraries read when they are imported, then hand over."""
    # numpy's own threads would fight torch's for the same cores; its products here are small.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from engine.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
