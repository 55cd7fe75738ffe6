"""Opening what a run writes to: a new session, or that of a run that goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from engine.config import RunConfig
from engine.following import Follower
from engine.inference.detector import Detector
from engine.inference.tracking import nothing_to_track
from engine.recorder import Former, Recorder, RecordingSwitch, run_record
from engine.resume import Resumption, catch_up, reopen
from engine.sources import Failure, SourceList
from engine.sources.live import LiveSource
from engine.store import RunState, SessionWriter
from engine.types import Result


def open_follower(config: RunConfig, resumption: Resumption | None = None) -> Follower | None:
    """Return what follows the objects of a run, None where its tracking is off.

    Args:
        config: The run's settings.
        resumption: Of a run that goes on, whose session was opened by `open_recorder`.

    Raises:
        SettingError: A line or zone cannot be read, or there is one without tracking.
    """
    if config.track == "off" and not config.counters:
        return None
    follower = Follower(config)
    if resumption is not None:
        catch_up(follower, resumption)
    return follower


def open_recorder(
    detector: Detector,
    config: RunConfig,
    *,
    sources: SourceList | LiveSource,
    folder: Path,
    asked: Sequence[str],
    title: str = "",
    media: bool = True,
    record: RecordingSwitch | None = None,
    resumption: Resumption | None = None,
    on_written: Callable[[Result], None] = lambda result: None,
    on_failed: Callable[[Failure], None] = lambda failure: None,
) -> Recorder:
    """Open the session of a run and return the sink that writes it.

    Args:
        detector: Says how the run is made.
        config: The run's settings.
        sources: What the run works through; files are noted, so that it can go on after a crash.
        folder: Where a new session goes; of no meaning for a run that goes on.
        asked: What the person named, for the record.
        title: What the person calls the application.
        media: Whether annotated pictures and videos are kept.
        record: See `Recorder`.
        resumption: Of a run that goes on, None for a new one.
        on_written: Told of each result once it is stored.
        on_failed: Told of each failure once it is stored.

    Raises:
        StoreError: The session cannot be made or written.
        SettingError: A line or zone cannot be read, or the model finds nothing to track.
    """
    if config.track != "off" and detector.info.task == "classify":
        raise nothing_to_track()
    former: Former | None = None
    if resumption is None:
        made = run_record(detector.info, detector.device, config, asked, title)
        files = () if isinstance(sources, LiveSource) else sources.items
        session = SessionWriter.create(folder, made, files=files)
    else:
        session, former = reopen(resumption)
    return Recorder(
        session,
        detector.info,
        config=config,
        media=media,
        record=record,
        former=former,
        on_written=on_written,
        on_failed=on_failed,
    )


def close_recorder(
    recorder: Recorder, sources: SourceList | LiveSource, state: RunState
) -> bool:
    """Finish what a run has written; a camera or stream that gave no picture leaves nothing.

    Args:
        recorder: That of `open_recorder`.
        sources: What the run worked through.
        state: How it ended.

    Returns:
        Whether there is a session.

    Raises:
        StoreError: The disk is full or gone.
    """
    if isinstance(sources, LiveSource) and not sources.status.captured:
        recorder.discard()
        return False
    recorder.close(state)
    return True
