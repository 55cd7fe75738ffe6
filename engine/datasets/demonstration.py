"""A small data set to try a training on: rendered tubes, the same every time."""

from __future__ import annotations

from pathlib import Path

from engine.datasets.copies import folder_of_copies, whole_copy
from engine.export.progress import Question, Report, Ticker

NAME = "blood-tubes"
TRAIN, VAL = 48, 16
"""Numbers of pictures."""

SIZES = ((384, 288), (320, 320), (384, 288), (352, 264))
"""Width and height of the pictures, taken in turn."""

# Neither among the seeds that the default weights were trained on nor those of the samples.
_SEED = 700_000


def demonstration(
    base: Path | None = None,
    *,
    progress: Report | None = None,
    cancelled: Question | None = None,
) -> Path:
    """Render a data set of blood-collection tubes: cells, gel and serum, outlined.

    One that is there already is used again.

    Args:
        base: Folder of the copies; by default the one below the person's folder.
        progress: Told how far it is, in pictures.
        cancelled: True ends the work.

    Returns:
        Its description.

    Raises:
        DataError: It cannot be written.
        Cancelled: `cancelled` said so; nothing is left of it.
    """
    from engine.scenes.tubes import CLASS_NAMES, render_tubes
    from engine.training.tube_data import write_scene

    former = folder_of_copies(base) / NAME / "data.yaml"
    if former.is_file():
        return former
    ticker = Ticker(TRAIN + VAL, progress, cancelled, every=1)
    with whole_copy(base, NAME) as copy:
        for number in range(TRAIN + VAL):
            split = "train" if number < TRAIN else "val"
            scene = render_tubes(_SEED + number, SIZES[number % len(SIZES)])
            write_scene(scene, copy.folder, split, f"tubes-{number + 1:02d}")
            ticker.step()
        copy.describe(CLASS_NAMES, {})
        ticker.finish()
    return copy.path
