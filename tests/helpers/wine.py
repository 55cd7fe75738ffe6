"""Windows programs on Linux: Wine in a folder of its own, which makes no noise and leaves nothing.

Mark tests with `tool("wine64")`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

DEBIAN = "/usr/lib/wine"
"""Where Debian keeps the programs, out of the way."""


class Wine:
    """Wine with a Windows of its own.

    Attributes:
        environment: For processes in it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            "WINEPREFIX": str(folder),
            "WINEARCH": "win64",
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml,winemenubuilder.exe=",
        }

    def command(self, program: Path, *files: Path) -> list[str]:
        """Return the command that runs a program with files."""
        return [_tool("wine64"), str(program), *(f"Z:{file}".replace("/", "\\") for file in files)]

    def close(self) -> None:
        """End all its processes and remove its Windows."""
        for option in ("-k", "-w"):
            subprocess.run(
                [_tool("wineserver64", "wineserver"), option],
                env=self.environment,
                capture_output=True,
                timeout=60,
                check=False,
            )
        shutil.rmtree(self._folder, ignore_errors=True)


def _tool(*names: str) -> str:
    found = (shutil.which(name) or shutil.which(name, path=DEBIAN) for name in names)
    return next(each for each in found if each)
