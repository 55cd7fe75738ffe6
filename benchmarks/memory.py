"""An hour of video at 30 frames a second: does memory grow with the length of a run?"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from benchmarks import made
from benchmarks.harness import (
    MB,
    Measurement,
    Plan,
    at_most,
    gained_bytes,
    in_fresh_process,
    memory_bytes,
)
from engine import pipeline
from engine.config import RunConfig
from engine.inference.fake import FakeDetector
from engine.recorder import Recorder
from engine.sources import open_sources
from engine.store import SessionWriter
from engine.types import Progress
from engine.video_writer import VideoWriter

CLIPS = 20
CLIP_FRAMES = 5400
SETTLED = 5000
OBJECTS = 5
RATE_HZ = 30
WIDTH, HEIGHT = 64, 48
LIMIT_MB = 100.0


@dataclass(frozen=True, slots=True)
class Run:
    """What a long run did.

    Attributes:
        frames: Frames worked on.
        seconds: Wall time.
        samples: Frames done and memory held in bytes, several times a second.
    """

    frames: int
    seconds: float
    samples: tuple[tuple[int, int], ...]

    def growth_bytes(self, settled: int) -> int:
        """Return by how much memory rose above what it was once so many frames were done."""
        return gained_bytes(self.samples, settled)


def measure(plan: Plan) -> list[Measurement]:
    """Measure one run over 108,000 small frames with everything but a network."""
    frames = plan.size(CLIP_FRAMES)
    clips = plan.made(f"clips-{CLIPS}x{frames}", lambda folder: make_clips(folder, CLIPS, frames))
    with tempfile.TemporaryDirectory(dir=plan.folder) as name:
        run = in_fresh_process(work, clips, Path(name) / "session")
    settled = plan.size(SETTLED)
    what = f"{run.frames:,} frames"
    growth, peak = run.growth_bytes(settled), max(size for _, size in run.samples)
    return [
        at_most(f"{what}: memory gained after frame {settled:,}", growth / MB, "MB", LIMIT_MB),
        Measurement(f"{what}: most memory held", peak / MB, "MB"),
        Measurement(f"{what}: speed", run.frames / run.seconds, "frames/s"),
    ]


def make_clips(folder: Path, clips: int, frames: int) -> None:
    """Make one clip of moving stripes and give it as many names."""
    first = folder / "clip-0.mp4"
    across = np.arange(WIDTH) + np.zeros((HEIGHT, 1), np.int64)
    with VideoWriter(first, Fraction(RATE_HZ), (WIDTH, HEIGHT)) as video:
        for index in range(frames):
            stripes = ((across + index) * 8 % 256).astype(np.uint8)
            video.write(np.repeat(stripes[..., None], 3, axis=2), index / RATE_HZ)
    for number in range(1, clips):
        path = folder / f"clip-{number}.mp4"
        try:
            os.link(first, path)
        except OSError:
            shutil.copyfile(first, path)


def work(clips: Path, folder: Path) -> Run:
    """Run over a folder of clips, in a process of its own for the sake of its memory."""
    detector = FakeDetector(OBJECTS)
    config = RunConfig()
    recorder = Recorder(SessionWriter.create(folder, made.run_record()), detector.info)
    samples = []

    def sample(progress: Progress) -> None:
        samples.append((progress.done, memory_bytes()))

    summary = pipeline.run(
        open_sources([str(clips)]), detector, lambda: config, recorder, on_progress=sample
    )
    recorder.close(summary.state)
    return Run(summary.frames, summary.seconds, tuple(samples))
