"""`python -m benchmarks`: see `benchmarks.command`."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # What main.py sets, before numpy is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from benchmarks.command import main

    sys.exit(main(sys.argv[1:]))
