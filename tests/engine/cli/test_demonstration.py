"""Without arguments: rendered pictures, a session, annotated pictures and an Excel file."""

from pathlib import Path

import numpy as np
import openpyxl
import pytest
from PIL import Image

from engine.cli import demonstration
from engine.errors import StoreError
from engine.store import SessionReader
from tests.helpers.command_line import Command


def test_the_samples_are_the_same_every_time(tmp_path: Path) -> None:
    first = demonstration.render(tmp_path / "a", 2)
    again = demonstration.render(tmp_path / "b", 2)
    assert [path.name for path in first] == ["tubes-1.jpg", "tubes-2.jpg"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    with Image.open(first[0]) as one, Image.open(first[1]) as other:
        assert one.size == demonstration.SIZE
        assert not np.array_equal(np.asarray(one), np.asarray(other))


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StoreError, match="file, not a folder"):
        demonstration.render(tmp_path / "file" / "samples", 1)


@pytest.mark.slow
def test_the_whole_demonstration(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABSIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    said = command()
    assert (said.code, said.err) == (0, "")
    (day,) = (tmp_path / "home").iterdir()
    (folder,) = day.iterdir()
    assert folder.name.endswith("-demonstration")
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["annotated", "results.xlsx", "samples", "session.labsight"]
    pictures = [f"tubes-{number}.jpg" for number in range(1, 7)]
    for part in ("annotated", "samples"):
        assert sorted(path.name for path in (folder / part).iterdir()) == pictures
    with SessionReader.open(folder) as reader:
        assert reader.run.state == "done"
        assert reader.frame_count() == 6
        assert reader.object_count() >= 12
        assert set(reader.class_counts()) == {0, 1, 2}
        sheet = openpyxl.load_workbook(folder / "results.xlsx").worksheets[1]
        assert sheet.max_row == reader.object_count() + 1
    for path in (folder / "annotated", folder / "results.xlsx", folder / "session.labsight"):
        assert str(path) in said.out
