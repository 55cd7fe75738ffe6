"""`main.py detect`: sources to a session, annotated media and exports."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Self

from engine import pipeline
from engine.cli import output
from engine.cli.arguments import run_config
from engine.cli.lines import failure_line, result_line, result_words
from engine.cli.live_watch import LiveWatch
from engine.config import RunConfig
from engine.errors import EngineError, SettingError, SourceError
from engine.i18n import N_
from engine.i18n import translate as _
from engine.inference.detector import Detector, class_indices, open_detector
from engine.opening import open_follower, open_recorder
from engine.resumption import Resumption, prepare
from engine.sources import Failure, SourceList, open_sources
from engine.sources.live import LiveSource, is_live, open_live
from engine.store import MEDIA_FOLDER, SESSION_FILE, SessionReader, new_session_folder
from engine.types import Progress, Result


@dataclass(frozen=True, slots=True)
class Exports:
    """Files to write after a run, each where a path is given."""

    excel: Path | None = None
    csv: Path | None = None
    coco: Path | None = None
    yolo: Path | None = None
    labelme: Path | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A run as it was asked for.

    Attributes:
        sources: What to work through.
        config: Settings.
        asked: What the person named.
        folder: Where a new session goes.
        total: Frames to expect, None while unknown.
        seconds: A camera or stream ends after so long, None for never.
        resumption: Of a run that goes on, None for a new one.
    """

    sources: SourceList | LiveSource
    config: RunConfig
    asked: tuple[str, ...]
    folder: Path
    total: int | None = None
    seconds: float | None = None
    resumption: Resumption | None = None

    @classmethod
    def of_sources(cls, specs: Sequence[str], config: RunConfig, folder: Path | None) -> Self:
        """Return a new run over files, or over one camera or stream.

        Raises:
            SourceError: A spec names nothing, or a camera is named beside something else.
        """
        live = [spec for spec in specs if is_live(spec) and not Path(spec).exists()]
        if not live:
            listed = open_sources(specs)
            chosen = session_folder(folder, Path(specs[0]).name)
            return cls(listed, config, tuple(specs), chosen, listed.total_frames)
        if len(specs) > 1:
            raise SourceError(
                N_("A camera or stream is worked on alone."), N_("Name it without other sources.")
            )
        source = open_live(live[0])
        return cls(source, config, (source.origin,), session_folder(folder, source.origin))

    @classmethod
    def of_resumption(cls, resumption: Resumption) -> Self:
        """Return what is left of a run that was cut short."""
        folder = resumption.path.parent
        return cls(
            resumption.sources, resumption.config, (), folder, resumption=resumption
        )


@dataclass(frozen=True, slots=True)
class Finished:
    """What a run left behind."""

    summary: pipeline.Summary
    session: Path
    written: tuple[Path, ...]
    failed_exports: tuple[EngineError, ...]


def detect(options: argparse.Namespace) -> int:
    """Run the command and return its exit code.

    Raises:
        EngineError: Nothing could be worked on.
    """
    exports = Exports(options.excel, options.csv, options.coco, options.yolo, options.labelme)
    _check_targets(exports)
    done = work(
        planned(options),
        exports=exports,
        media=not options.no_media,
        as_json=options.json,
    )
    return report(done, exports, as_json=options.json)


def planned(options: argparse.Namespace) -> Plan:
    """Return the run that the flags ask for.

    Raises:
        EngineError: There is nothing to work on.
    """
    if options.resume is not None:
        if options.sources:
            raise SettingError(
                N_("A run that goes on has its own sources."), N_("Leave out the others.")
            )
        return Plan.of_resumption(prepare(options.resume))
    plan = Plan.of_sources(options.sources, run_config(options), options.out)
    if options.seconds is not None and not isinstance(plan.sources, LiveSource):
        raise SettingError(
            N_("Files end by themselves."), N_("--seconds is for cameras and streams.")
        )
    return replace(plan, seconds=options.seconds)


def work(plan: Plan, *, exports: Exports, media: bool, as_json: bool) -> Finished:
    """Detect, store and export.

    Raises:
        EngineError: Nothing could be worked on, or the run ended early; what was stored stays.
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
            )
        except (KeyboardInterrupt, BrokenPipeError):
            recorder.close("interrupted")
            raise
        except BaseException:
            recorder.close("failed")
            raise
        finally:
            detector.close()
        recorder.close(summary.state)
        output.Meter.clear()
        if live is not None and stopped.is_set():
            # To the session a camera that is stopped is done; the caller is told of the signal.
            summary = replace(summary, state="interrupted")
        # What was found before a stop is exported all the same; one more stop ends that too.
        stopped.clear()
        path = recorder.path
        exported = tuple(_export(path, exports, stopped.is_set)) if summary.frames else ()
    written = tuple(outcome for outcome in exported if isinstance(outcome, Path))
    failed = tuple(outcome for outcome in exported if isinstance(outcome, EngineError))
    return Finished(summary, path, written, failed)


def session_folder(folder: Path | None, name: str) -> Path:
    """Return where a run's session goes: `folder`, unless that holds what a run writes already."""
    if folder is None:
        return new_session_folder(name)
    if (folder / SESSION_FILE).exists() or (folder / MEDIA_FOLDER).exists():
        return new_session_folder(name, folder)
    return folder


def report(done: Finished, exports: Exports, *, as_json: bool) -> int:
    """Say what was done and return the exit code."""
    summary = done.summary
    for error in done.failed_exports:
        output.complain(error)
    if as_json:
        output.say_json(
            {
                "summary": {
                    "pictures": summary.pictures,
                    "frames": summary.frames,
                    "detections": summary.detections,
                    "failed": summary.failed,
                    "session": str(done.session),
                    "excel": str(exports.excel) if exports.excel in done.written else None,
                    "seconds": round(summary.seconds, 3),
                    "fps": round(summary.fps, 2),
                }
            }
        )
    else:
        line = _("{detections} objects in {frames} pictures, {seconds:.1f} s, {fps:.1f} a second")
        output.say(
            line.format(
                detections=summary.detections,
                frames=summary.frames,
                seconds=summary.seconds,
                fps=summary.fps,
            )
        )
        output.say(_("Session: {path}").format(path=done.session))
        for path in done.written:
            output.say(_("Written: {path}").format(path=path))
    if summary.state == "interrupted":
        output.tell(_("Interrupted. The results so far are in the session."))
        return 130
    if done.failed_exports or not summary.frames:
        return 2
    return 3 if summary.failed else 0


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


def _check_targets(exports: Exports) -> None:
    """Refuse a bad name before hours of work, not after."""
    from engine.errors import ExportError

    for path, suffix in ((exports.excel, ".xlsx"), (exports.csv, ".csv"), (exports.coco, ".json")):
        if path is not None and path.suffix.lower() != suffix:
            raise ExportError(
                N_("{path} does not end in {suffix}."),
                N_("Give the file a name that does."),
                path=path,
                suffix=suffix,
            )
        if path is not None and path.is_dir():
            raise ExportError(
                N_("This is a folder, not a file: {path}."),
                N_("Give the name of a file."),
                path=path,
            )


def _export(
    session: Path, exports: Exports, should_stop: Callable[[], bool]
) -> Iterator[Path | EngineError]:
    """Write what was asked for; a file that cannot be written does not keep the next from it.

    Yields:
        What was written, or why it was not.
    """
    from engine import export

    writers = (
        (exports.excel, export.export_excel),
        (exports.csv, export.export_csv),
        (exports.coco, export.export_coco),
        (exports.yolo, export.export_yolo),
        (exports.labelme, export.export_labelme),
    )

    def show(progress: Progress) -> None:
        output.Meter.show(_("Exporting"), progress)

    with SessionReader.open(session) as reader:
        for path, write in writers:
            if path is None:
                continue
            try:
                yield write(reader, path, progress=show, should_stop=should_stop)
            except EngineError as error:
                yield error
            output.Meter.clear()


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
