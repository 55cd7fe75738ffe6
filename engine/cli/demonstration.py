"""The demonstration: rendered pictures through the default weights to an Excel file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from engine.cli import output
from engine.cli.detect import Exports, report, work
from engine.config import RunConfig
from engine.errors import writing_failed
from engine.i18n import translate as _
from engine.media import write_picture
from engine.store import MEDIA_FOLDER, new_session_folder

PICTURES = 6
SIZE = (1024, 768)
# Not among the seeds that the default weights were trained on.
SAMPLE_SEED = 900_000


def demonstrate() -> int:
    """Render, detect, store and export; return the exit code.

    Raises:
        EngineError: The folder of the sessions cannot be written.
    """
    if has_display():
        output.say(_("This version has no window yet; the demonstration runs without one."))
    else:
        output.say(_("There is no display; the demonstration runs without a window."))
    folder = new_session_folder("demonstration")
    samples = folder / "samples"
    output.say(_("Rendering {count} sample pictures …").format(count=PICTURES))
    render(samples, PICTURES)
    exports = Exports(excel=folder / "results.xlsx")
    done = work(
        [str(samples)], RunConfig(), folder=folder, exports=exports, media=True, as_json=False
    )
    code = report(done, exports, as_json=False)
    output.say(_("Annotated pictures: {path}").format(path=folder / MEDIA_FOLDER))
    output.say(_("Your own pictures: python main.py detect FOLDER --excel results.xlsx"))
    return code


def render(folder: Path, count: int) -> list[Path]:
    """Write sample pictures into a folder and return their paths."""
    from engine.scenes.tubes import render_tubes

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise writing_failed(error, folder) from error
    paths = [folder / f"tubes-{number + 1}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        write_picture(render_tubes(SAMPLE_SEED + number, SIZE).image, path)
    return paths


def has_display() -> bool:
    """Tell whether a window could be shown."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
