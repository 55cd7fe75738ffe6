"""The sample pictures: the same every time, made once, and stopped when asked."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import Cancelled, StoreError
from engine.scenes.samples import SAMPLES, SIZE, render_samples
from engine.types import Progress


def test_the_samples_are_the_same_every_time(tmp_path: Path) -> None:
    first = render_samples(tmp_path / "a", 2)
    again = render_samples(tmp_path / "b" / "c", 2)
    assert [path.name for path in first] == ["tubes-1.jpg", "tubes-2.jpg"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    with Image.open(first[0]) as one, Image.open(first[1]) as other:
        assert one.size == SIZE
        assert not np.array_equal(np.asarray(one), np.asarray(other))


def test_progress_counts_pictures_and_what_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "tubes-1.jpg").write_bytes(b"mine")
    for number in range(3, SAMPLES + 1):
        (tmp_path / f"tubes-{number}.jpg").write_bytes(b"mine")
    seen: list[Progress] = []
    paths = render_samples(tmp_path, progress=seen.append)
    assert seen == [Progress(done, SAMPLES) for done in range(1, SAMPLES + 1)]
    assert [path for path in paths if path.read_bytes() != b"mine"] == [tmp_path / "tubes-2.jpg"]


def test_a_stop_leaves_whole_pictures_only(tmp_path: Path) -> None:
    seen: list[Progress] = []
    with pytest.raises(Cancelled):
        render_samples(tmp_path, should_stop=lambda: len(seen) == 1, progress=seen.append)
    (picture,) = tmp_path.iterdir()
    with Image.open(picture) as image:
        image.load()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StoreError, match="file, not a folder"):
        render_samples(tmp_path / "file" / "samples", 1)
