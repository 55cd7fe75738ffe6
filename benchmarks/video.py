"""A video at 720p: from the file to session and annotated video, beside a peer's predictor.

Both write the annotated video as they do by themselves: LabSight H.264 (libx264, veryfast, crf 23)
with the times of the source, the peer what its version of OpenCV gives. See `benchmarks.pictures`
for the peer and how the two take turns.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import numpy as np

from benchmarks.harness import Measurement, Plan
from benchmarks.pictures import Job, compare
from engine.config import RunConfig
from engine.media import write_picture
from engine.scenes.tubes import render_tubes
from engine.sources.video import read_video
from engine.types import UInt8
from engine.video_writer import VideoWriter

FRAMES = 240
SIZE = 1280, 720
RATE_HZ = 30
LEAST_RATIO = 1.5
_FIRST_SEED = 2_500_000
_SCENES = 4


def measure(plan: Plan) -> list[Measurement]:
    """Compare LabSight with the peer on a rendered or given video."""
    video = plan.video or _rendered(plan)
    measurements = []
    with tempfile.TemporaryDirectory(dir=plan.folder) as folder:
        first = Path(folder) / "first.jpg"
        keep_first(video, first)
        for weights in (RunConfig().weights, plan.weights):
            if weights is not None:
                measurements += compare(Job(video, first, weights), plan, LEAST_RATIO)
    return measurements


def render(path: Path, count: int, size: tuple[int, int] = SIZE) -> None:
    """Write a video of tubes that a camera slowly passes, at `size` pixels."""
    with VideoWriter(path, Fraction(RATE_HZ), size) as writer:
        for index, image in enumerate(passing(count, size)):
            writer.write(image, index / RATE_HZ)


def passing(count: int, size: tuple[int, int]) -> Iterator[UInt8]:
    """Yield pictures of a few rendered scenes, each looked along from left to right."""
    width, height = size
    each = -(-count // _SCENES)
    for number in range(count):
        scene, place = divmod(number, each)
        if place == 0:
            wide = render_tubes(_FIRST_SEED + scene, (width + each, height)).image
        yield np.ascontiguousarray(wide[:, place : place + width])


def keep_first(video: Path, path: Path) -> None:
    """Write the first frame of a video as a picture."""
    with closing(read_video(video)) as frames:
        write_picture(next(frames).image, path)


def _rendered(plan: Plan) -> Path:
    count = plan.size(FRAMES)
    folder = plan.made(f"video-{count}", lambda folder: render(folder / "video.mp4", count))
    return folder / "video.mp4"
