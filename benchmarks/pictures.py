"""A folder of pictures: from files to session and annotated pictures, beside a peer's predictor.

The peer is ultralytics' `YOLO(...).predict(..., save=True, stream=True)`, used as its manual says.
It sets torch to one thread fewer than there are cores; it runs that way and with all cores.
LabSight shares the cores out by itself. All take turns in one process, their models loaded and one
picture seen before the clock starts.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Protocol

from benchmarks.harness import Measurement, Plan, at_least
from engine import device, pipeline
from engine.config import RunConfig
from engine.inference.detector import open_detector
from engine.media import write_picture
from engine.recorder import Recorder, run_record
from engine.scenes.tubes import render_tubes
from engine.sources import Failure, open_sources
from engine.store import SessionWriter
from engine.types import Frame, Result

PICTURES = 200
SIZE = 1024, 768
FIRST_SEED = 2_000_000
LEAST_RATIO = 1.2


@dataclass(frozen=True, slots=True)
class Pass:
    """One run over the folder.

    Attributes:
        seconds: Wall time from the folder's name to the last file closed.
        pictures: Pictures worked on.
        objects: Objects found.
        parts_ms: Median milliseconds a picture by stage.
    """

    seconds: float
    pictures: int
    objects: int
    parts_ms: dict[str, float]

    @property
    def picture_ms(self) -> float:
        """Milliseconds a picture."""
        return self.seconds / self.pictures * 1000


class Side(Protocol):
    """One of those compared."""

    def warm_up(self) -> None:
        """Work on one picture."""

    def run(self, folder: Path) -> Pass:
        """Work on all pictures and write into a folder that does not exist yet."""


def measure(plan: Plan) -> list[Measurement]:
    """Compare LabSight with the peer on rendered or given pictures."""
    count = plan.size(PICTURES)
    pictures = plan.pictures or plan.made(f"tubes-{count}", lambda folder: render(folder, count))
    measurements = []
    for weights in (RunConfig().weights, plan.weights):
        if weights is not None:
            job = Job(pictures, open_sources([str(pictures)]).items[0], weights)
            measurements += compare(job, plan, LEAST_RATIO)
    return measurements


def render(folder: Path, count: int) -> None:
    """Write as many rendered pictures."""
    for index in range(count):
        write_picture(render_tubes(FIRST_SEED + index, SIZE).image, folder / f"tubes-{index}.jpg")


@dataclass(frozen=True, slots=True)
class Job:
    """What both work on.

    Attributes:
        source: A folder of pictures or a video.
        first: A picture of the same size, to warm up with.
        weights: The checkpoint.
    """

    source: Path
    first: Path
    weights: Path


def compare(job: Job, plan: Plan, least: float) -> list[Measurement]:
    """Run both in turn; return their medians and ratios, which are to be `least` and more."""
    ours, label = LabSight(job), job.weights.stem
    with tempfile.TemporaryDirectory(dir=plan.folder) as scratch:
        peer = Peer(job, ours.input_size, Path(scratch))
        turns: dict[str, tuple[Side, int | None]] = {"LabSight": (ours, None)}
        for threads in dict.fromkeys((peer.threads, device.cores())):
            turns[f"peer, {threads} thread{'s' * (threads > 1)}"] = peer, threads
        passes: dict[str, list[Pass]] = {name: [] for name in turns}
        for number in range(plan.repeats):
            for name, (side, wanted) in turns.items():
                if wanted is not None:
                    _use_threads(wanted)
                side.warm_up()
                gc.collect()
                passes[name].append(side.run(Path(scratch) / f"{number} {name}"))
    ours.close()
    spent = {name: median(one.picture_ms for one in runs) for name, runs in passes.items()}
    figures = [
        at_least(f"{label}: {name} / LabSight", ms / spent["LabSight"], "", least)
        for name, ms in spent.items()
        if name != "LabSight"
    ]
    for name, runs in passes.items():
        figures += _parts(f"{label}: {name}", runs)
    return figures


def _use_threads(threads: int) -> None:
    import torch

    torch.set_num_threads(threads)


def _parts(name: str, runs: list[Pass]) -> list[Measurement]:
    """Return what a picture cost, in all and by stage."""
    parts = {part: median(one.parts_ms[part] for one in runs) for part in runs[0].parts_ms}
    return [
        Measurement(f"{name}: a picture", median(one.picture_ms for one in runs), "ms"),
        *(Measurement(f"{name}: {part}, median", spent, "ms") for part, spent in parts.items()),
        Measurement(f"{name}: objects found", runs[0].objects, ""),
    ]


class LabSight:
    """The whole path: reader, detector, session, annotated pictures."""

    def __init__(self, job: Job) -> None:
        """Load the network."""
        self._job = job
        self._config = RunConfig(weights=job.weights, device="cpu")
        self._detector = open_detector(self._config)
        self.input_size = self._detector.info.input_size

    def warm_up(self) -> None:
        """Work on one picture."""
        for frame in open_sources([str(self._job.first)]):
            if isinstance(frame, Frame):
                self._detector.detect(frame, self._config)
                return

    def run(self, folder: Path) -> Pass:
        """Work on all pictures."""
        detector, config, sources = self._detector, self._config, [str(self._job.source)]
        began = time.perf_counter()
        record = run_record(detector.info, detector.device, config, sources)
        session = SessionWriter.create(folder, record)
        sink = _Watched(Recorder(session, detector.info))
        listed = open_sources(sources)
        reading: list[float] = []
        summary = pipeline.run(
            _timed_reading(iter(listed), reading),
            detector,
            lambda: config,
            sink,
            total=listed.total_frames,
        )
        sink.recorder.close(summary.state)
        seconds = time.perf_counter() - began
        parts = {"reading": median(reading)} | sink.medians()
        return Pass(seconds, summary.frames, summary.detections, parts)

    def close(self) -> None:
        """Free the network."""
        self._detector.close()


class _Watched:
    """A recorder and how long each of its results took."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self._times: dict[str, list[float]] = {
            "preprocessing": [],
            "network": [],
            "postprocessing": [],
            "recording": [],
        }

    def write(self, result: Result) -> None:
        began = time.perf_counter()
        self.recorder.write(result)
        timing = result.timing
        self._times["preprocessing"].append(timing.preprocess_ms)
        self._times["network"].append(timing.network_ms)
        self._times["postprocessing"].append(timing.postprocess_ms)
        self._times["recording"].append((time.perf_counter() - began) * 1000)

    def fail(self, failure: Failure) -> None:
        self.recorder.fail(failure)

    def tick(self) -> float | None:
        return self.recorder.tick()

    def medians(self) -> dict[str, float]:
        return {part: median(times) for part, times in self._times.items()}


def _timed_reading(
    source: Iterator[Frame | Failure], times_ms: list[float]
) -> Iterator[Frame | Failure]:
    while True:
        began = time.perf_counter()
        item = next(source, None)
        if item is None:
            return
        times_ms.append((time.perf_counter() - began) * 1000)
        yield item


class Peer:
    """Ultralytics' own predictor."""

    def __init__(self, job: Job, input_size: int, scratch: Path) -> None:
        """Load the network and let it choose its threads."""
        device.prepare()
        import torch
        from ultralytics.models.yolo.model import YOLO

        self._job = job
        self._scratch = scratch
        self._input_size = input_size
        self._model = YOLO(str(job.weights))
        self.warm_up()
        self.threads = torch.get_num_threads()

    def warm_up(self) -> None:
        """Work on one picture."""
        self._predict(self._job.first, self._scratch / "warm")

    def run(self, folder: Path) -> Pass:
        """Work on all pictures."""
        began = time.perf_counter()
        pictures, objects, speeds = self._predict(self._job.source, folder)
        seconds = time.perf_counter() - began
        parts = {
            part: median(speed[key] for speed in speeds)
            for part, key in (
                ("preprocessing", "preprocess"),
                ("network", "inference"),
                ("postprocessing", "postprocess"),
            )
        }
        return Pass(seconds, pictures, objects, parts)

    def _predict(self, source: Path, folder: Path) -> tuple[int, int, list[dict[str, float]]]:
        results = self._model.predict(
            source=str(source),
            save=True,
            stream=True,
            project=str(folder),
            imgsz=self._input_size,
            device="cpu",
            verbose=False,
        )
        objects, speeds = 0, []
        for result in results:
            objects += len(result)
            speeds.append(result.speed)
        return len(speeds), objects, speeds
