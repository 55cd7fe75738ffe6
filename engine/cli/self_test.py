"""`main.py self-test`: every part once, in a temporary folder, one JSON line."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from engine import i18n
from engine.cli import output
from engine.config import RunConfig
from engine.errors import EngineError


def self_test() -> int:
    """Try the parts, print one line and return 0, or 1 when one failed."""
    parts: dict[str, Callable[[Path], str]] = {
        "translations": _translations,
        "catalogue": _catalogue,
        "detection": _detection,
    }
    results: dict[str, object] = {}
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="labsight-", ignore_cleanup_errors=True) as folder:
        for name, check in parts.items():
            try:
                results[name] = check(Path(folder)) or "ok"
            except (EngineError, AssertionError, ImportError, OSError) as error:
                results[name] = f"{type(error).__name__}: {error}"
    passed = all(result == "ok" for result in results.values())
    seconds = round(time.monotonic() - began, 2)
    output.say_json({"ok": passed, "parts": results, "seconds": seconds})
    return 0 if passed else 1


def _translations(folder: Path) -> str:
    language = i18n.language()
    try:
        for code in i18n.LANGUAGES:
            i18n.activate(code)
            if code != "en" and i18n.translate("Confidence") == "Confidence":
                return f"{code} is not compiled"
    finally:
        i18n.activate(language)
    return ""


def _catalogue(folder: Path) -> str:
    """Build the recipes that have a name, without memory for their weights."""
    from engine import device

    device.prepare()
    import torch

    from engine.models import plan, recipe_files, registry
    from engine.models.network import build

    recipes = [file.recipe for file in recipe_files.all()]
    with torch.device("meta"):
        for recipe in recipes:
            build(recipe, plan.draw(recipe))
    return "" if recipes and registry.entries() else "it is empty"


def _detection(folder: Path) -> str:
    """Send one rendered picture through detector, store and Excel, and read all of it again."""
    import openpyxl

    from engine import pipeline
    from engine.export import export_excel
    from engine.inference.detector import open_detector
    from engine.recorder import Recorder, run_record
    from engine.scenes.samples import render_samples
    from engine.sources import open_sources
    from engine.store import SessionReader, SessionWriter

    (picture,) = render_samples(folder / "samples", 1)
    config = RunConfig()
    detector = open_detector(config)
    record = run_record(detector.info, detector.device, config, [str(picture)])
    session = SessionWriter.create(folder / "session", record)
    recorder = Recorder(session, detector.info)
    summary = pipeline.run(open_sources([str(picture)]), detector, lambda: config, recorder)
    recorder.close(summary.state)
    with SessionReader.open(session.path) as reader:
        found = reader.object_count()
        workbook = openpyxl.load_workbook(export_excel(reader, folder / "results.xlsx"))
    if not found or found != summary.detections:
        return f"{found} objects stored, {summary.detections} detected"
    if workbook.worksheets[1].max_row != found + 1:
        return f"{workbook.worksheets[1].max_row} rows for {found} objects"
    return ""
