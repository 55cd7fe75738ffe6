"""The demonstration: rendered pictures through the default weights to an Excel file."""

from __future__ import annotations

from engine.bundle import program
from engine.cli import output
from engine.cli.detect import work
from engine.cli.exports import Exports
from engine.cli.plan import Plan
from engine.cli.report import report
from engine.config import RunConfig
from engine.i18n import translate as _
from engine.scenes.samples import SAMPLES, render_samples
from engine.store import MEDIA_FOLDER, new_session_folder


def demonstrate() -> int:
    """Render, detect, store and export; return the exit code.

    Raises:
        EngineError: The folder of the sessions cannot be written.
    """
    output.say(_("There is no display; the demonstration runs without a window."))
    folder = new_session_folder("demonstration")
    samples = folder / "samples"
    output.say(_("Rendering {count} sample pictures …").format(count=SAMPLES))
    render_samples(samples)
    exports = Exports(excel=folder / "results.xlsx")
    plan = Plan.of_sources([str(samples)], RunConfig(), folder)
    done = work(plan, exports=exports, media=True, as_json=False)
    code = report(done, exports, as_json=False)
    output.say(_("Annotated pictures: {path}").format(path=folder / MEDIA_FOLDER))
    own = _("Your own pictures: {program} detect FOLDER --excel results.xlsx")
    output.say(own.format(program=program()))
    return code
