"""The one module that knows where files live."""

from __future__ import annotations

import os
import sys
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_WEIGHTS = "weights/labsight-tubes-n-seg.pt"


def resource(relative: str) -> Path:
    """Return the path of a file under `resources/`, in a checkout and in a frozen bundle alike."""
    parts = PurePosixPath(relative)
    if parts.is_absolute() or ".." in parts.parts:
        raise ValueError(f"resource names are relative: {relative}")
    base = Path(getattr(sys, "_MEIPASS", ROOT))
    return base / "resources" / Path(*parts.parts)


def document(name: str) -> Path:
    """Return where a text about the program lies, such as LICENSE; it may be missing.

    A frozen bundle has all of them. In a checkout the notices are there once they were written.
    """
    bundle = getattr(sys, "_MEIPASS", None)
    places = [Path(bundle)] if bundle else [ROOT, ROOT / "build"]
    return next((place / name for place in places if (place / name).is_file()), places[0] / name)


def bundled_weights() -> list[Path]:
    """Return the weights that come with the application."""
    return sorted(resource("weights").glob("*.pt"))


def weights_folder() -> Path:
    """Return the folder that downloaded weights are kept in."""
    return app_data() / "weights"


def home() -> Path:
    """Return the folder that holds a person's sessions: `LABSIGHT_HOME` or `~/LabSight`."""
    chosen = os.environ.get("LABSIGHT_HOME")
    return Path(chosen).expanduser() if chosen else Path.home() / "LabSight"


def app_data() -> Path:
    """Return the folder for settings, caches and logs, after each system's custom."""
    chosen = os.environ.get("LABSIGHT_DATA")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        return base / "LabSight"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "LabSight"
    base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "labsight"
