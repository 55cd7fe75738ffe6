"""`main.py detect`: sources to a session, annotated media and exports."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType

from engine import pipeline
from engine.cli import output
from engine.cli.exports import Exports
from engine.cli.lines import failure_line, result_line, result_words
from engine.cli.live_watch import LiveWatch
from engine.cli.plan import Plan, planned
from engine.cli.report import Counts, Finished, report
from engine.errors import Cancelled, EngineError
from engine.i18n import translate as _
from engine.inference.detector import Detector, class_indices, open_detector
from engine.opening import close_recorder, open_follower, open_recorder
from engine.resumption import Resumption
from engine.sources import Failure
from engine.sources.live import LiveSource
from engine.types import Result


def detect(options: argparse.Namespace) -> int:
    """Run the command and return its exit code.

    Raises:
        EngineError: Nothing could be worked on.
        Cancelled: It was stopped before there was anything to keep.
    """
    exports = Exports(options.excel, options.csv, options.coco, options.yolo, options.labelme)
    exports.check()
    plan = planned(options)
    done = work(plan, exports=exports, media=not options.no_media, as_json=options.json)
    return report(done, exports, as_json=options.json)


def work(plan: Plan, *, exports: Exports, media: bool, as_json: bool) -> Finished:
    """Detect, store and export.

    Args:
        plan: The run.
        exports: What to write after it.
        media: Whether a new run keeps annotated pictures and videos.
        as_json: Whether results are said as JSON.

    Raises:
        EngineError: Nothing could be worked on, or the run ended early; what was stored stays.
        Cancelled: A camera or stream was stopped before its first picture.
    """
    config = plan.config
    # Lines and zones are refused before weights are loaded and a folder is made.
    open_follower(config)
    detector = open_detector(config)
    class_indices(detector.info.names, config.classes)
    on_written, on_failed = _speakers(detector, as_json=as_json)
    recorder = open_recorder(
        detector,
        config,
        sources=plan.sources,
        folder=plan.folder,
        asked=plan.asked,
        media=media if plan.resumption is None else plan.resumption.media,
        resumption=plan.resumption,
        on_written=on_written,
        on_failed=on_failed,
    )
    if plan.resumption is not None:
        _tell_where(plan.resumption)
    live = plan.sources if isinstance(plan.sources, LiveSource) else None
    with _stop_on_signals() as stopped:
        watch = LiveWatch(live, plan.seconds, stopped.is_set)
        try:
            follower = open_follower(config, plan.resumption)
            summary = pipeline.run(
                plan.sources,
                detector,
                lambda: config,
                recorder,
                total=plan.total,
                follower=follower,
                should_stop=watch.should_stop,
                on_progress=lambda progress: output.Meter.show(_("Detecting"), progress),
                on_result=watch.on_result,
            )
        except (KeyboardInterrupt, BrokenPipeError):
            close_recorder(recorder, plan.sources, "interrupted")
            raise
        except BaseException:
            close_recorder(recorder, plan.sources, "failed")
            raise
        finally:
            output.Meter.clear()
            detector.close()
        if not close_recorder(recorder, plan.sources, summary.state):
            raise Cancelled
        if live is not None and stopped.is_set():
            # To the session a camera that is stopped is done; the caller is told of the signal.
            summary = replace(summary, state="interrupted")
        # What was found before a stop is exported all the same; one more stop ends that too.
        stopped.clear()
        path = recorder.path
        exported = tuple(exports.write(path, stopped.is_set)) if summary.frames else ()
    return Finished(
        summary,
        path,
        Counts.of_session(path),
        tuple(outcome for outcome in exported if isinstance(outcome, Path)),
        tuple(outcome for outcome in exported if isinstance(outcome, EngineError)),
    )


def _tell_where(resumption: Resumption) -> None:
    text = _("Going on with {name} at its frame {frame}; {kept} frames are there already.")
    name = Path(resumption.source).name
    values = {"name": name, "frame": resumption.frame + 1, "kept": resumption.kept}
    output.tell(output.one_line(text.format(**values)))


def _speakers(
    detector: Detector, *, as_json: bool
) -> tuple[Callable[[Result], None], Callable[[Failure], None]]:
    """Return what is said of each result and each failure."""
    info = detector.info
    if as_json:
        return (
            lambda result: output.say_json(result_line(result, info)),
            lambda failure: output.say_json(failure_line(failure)),
        )

    def written(result: Result) -> None:
        if result.frame.time_s is None:
            output.Meter.clear()
            output.say(result_words(result, info))

    return written, lambda failure: output.complain(failure.error)


@contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    """Turn Ctrl+C and termination into a flag, so that a run ends with its files whole."""
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()

    names = (signal.SIGINT, signal.SIGTERM)
    before = {name: signal.signal(name, stop) for name in names}
    try:
        yield stopped
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
