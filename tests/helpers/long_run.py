"""A run over files without a network, to be killed and to go on.

    python -m tests.helpers.long_run FOLDER WEIGHTS SECONDS SOURCE...

SECONDS is how long the detector thinks about each frame.
"""

from __future__ import annotations

import hashlib
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine import pipeline
from engine.config import RunConfig
from engine.following import Follower
from engine.inference.fake import FakeDetector
from engine.recorder import Recorder, run_record
from engine.resume import catch_up, prepare, reopen
from engine.sources import Failure, SourceList
from engine.store import RunState, SessionReader, SessionWriter, schema
from engine.types import Candidates, Detections, Frame, Result


class SlowDetector(FakeDetector):
    """Finds the same objects in a frame each time, after a while."""

    def __init__(self, weights: Path, seconds: float) -> None:
        """Say that the model is that of a weights file."""
        super().__init__(3)
        self.info = replace(
            self.info, sha256=hashlib.sha256(weights.read_bytes()).hexdigest()
        )
        self._seconds = seconds

    def detect(self, frame: Frame, config: RunConfig) -> Result:
        """Think and find; where objects are followed, three that walk to the right."""
        time.sleep(self._seconds)
        if config.track == "off":
            return super().detect(frame, config)
        left = 0.45 * frame.index - np.array([0, 8, 20], np.float32)
        top = np.array([4, 18, 32], np.float32)
        boxes = np.stack((left, top, left + 9, top + 9), axis=1).astype(np.float32)
        inside = (left > -4) & (left < frame.width - 5)
        boxes = boxes[inside]
        scores, classes = np.full(len(boxes), 0.9, np.float32), np.zeros(len(boxes), np.int32)
        proposed = Candidates(boxes, scores, classes, suppressed=True)
        return Result(frame, Detections(boxes, scores, classes), proposed)


def begin(
    folder: Path,
    weights: Path,
    sources: SourceList,
    *,
    seconds: float = 0.0,
    most: int | None = None,
    media: bool = True,
    track: str = "off",
    counters: tuple[str, ...] = (),
) -> None:
    """Run over files, or stop after so many frames as a person does."""
    detector = SlowDetector(weights, seconds)
    config = RunConfig(weights=weights, track=track, counters=counters)
    record = run_record(detector.info, "fake", config, [str(each) for each in sources.items])
    session = SessionWriter.create(folder, record, files=sources.items)
    recorder = Recorder(session, detector.info, config=config, media=media)
    if most is None:
        _run(sources, detector, config, recorder, Follower(config))
    else:
        _run_a_part(sources, detector, config, recorder, most)


def go_on(folder: Path, *, seconds: float = 0.0) -> None:
    """Go on with a run."""
    resumption = prepare(folder)
    config = resumption.config
    detector = SlowDetector(config.weights, seconds)
    session, former = reopen(resumption)
    recorder = Recorder(
        session, detector.info, config=config, media=resumption.media, former=former
    )
    follower = Follower(config)
    catch_up(follower, resumption)
    _run(resumption.sources, detector, config, recorder, follower)


def say(folder: Path, state: RunState) -> None:
    """Write another end into a session."""
    with SessionReader.open(folder) as reader:
        path = reader.path
    SessionWriter(folder, schema.open_for_writing(path)).close(state)


def _run(
    sources: SourceList,
    detector: FakeDetector,
    config: RunConfig,
    recorder: Recorder,
    follower: Follower,
) -> None:
    try:
        summary = pipeline.run(sources, detector, lambda: config, recorder, follower=follower)
    except BaseException:
        recorder.close("failed")
        raise
    recorder.close(summary.state)


def _run_a_part(
    sources: SourceList, detector: FakeDetector, config: RunConfig, recorder: Recorder, most: int
) -> None:
    follower = Follower(config)
    with closing(iter(sources)) as items:
        for item in items:
            if isinstance(item, Failure):
                recorder.fail(item)
                continue
            recorder.write(follower.follow(detector.detect(item, config)))
            most -= 1
            if not most:
                break
    recorder.close("interrupted")


def main() -> None:
    """Begin a run, or with `--` in place of the sources go on with one."""
    folder, weights, seconds, *sources = sys.argv[1:]
    if sources == ["--"]:
        go_on(Path(folder), seconds=float(seconds))
    else:
        files = SourceList(tuple(Path(each) for each in sources))
        begin(Path(folder), Path(weights), files, seconds=float(seconds))


if __name__ == "__main__":
    main()
