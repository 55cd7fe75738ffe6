"""Sample pictures for those who have none at hand yet: rendered tubes, the same every time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.errors import Cancelled, writing_failed
from engine.types import Progress

SAMPLES = 6
SIZE = (1024, 768)
"""Width and height in pixels."""

# Not among the seeds that the default weights were trained on.
_SEED = 900_000


def render_samples(
    folder: Path,
    count: int = SAMPLES,
    *,
    should_stop: Callable[[], bool] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> list[Path]:
    """Write sample pictures into a folder, which is made where it is missing.

    A sample that is there already is kept, so that work that was interrupted goes on.

    Args:
        folder: Where to.
        count: Number of pictures.
        should_stop: Asked before each picture.
        progress: Told after each picture, in pictures.

    Returns:
        The pictures, in order.

    Raises:
        StoreError: The folder or a picture cannot be written.
        Cancelled: `should_stop` said so.
    """
    from engine.media import write_picture
    from engine.scenes.tubes import render_tubes

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise writing_failed(error, folder) from error
    paths = [folder / f"tubes-{number + 1}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        if should_stop is not None and should_stop():
            raise Cancelled
        if not path.exists():
            write_picture(render_tubes(_SEED + number, SIZE).image, path)
        if progress is not None:
            progress(Progress(number + 1, count))
    return paths
