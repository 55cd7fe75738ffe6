"""A screen of its own for programs with windows: an X server without a monitor."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


def missing_tools() -> list[str]:
    """Return the programs that `virtual_screen` and looking at it need and that are not here."""
    return [name for name in ("Xvfb", "xdotool") if shutil.which(name) is None]


@contextmanager
def virtual_screen(width: int = 1440, height: int = 900) -> Iterator[dict[str, str]]:
    """Run an X server and yield the environment of programs that are to be shown on it."""
    reading, writing = os.pipe()
    size = f"{width}x{height}x24"
    # Without -noreset it starts anew when the last program leaves, and misses the next one.
    command = ["Xvfb", "-displayfd", str(writing), "-noreset", "-nolisten", "tcp"]
    command += ["-screen", "0", size]
    server = subprocess.Popen(
        command, pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as said:
            number = said.readline().strip()
        yield dict(os.environ, DISPLAY=f":{number}", QT_QPA_PLATFORM="xcb")
    finally:
        server.terminate()
        server.wait()
