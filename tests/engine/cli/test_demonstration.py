"""Without arguments: rendered pictures, a session, annotated pictures and an Excel file."""

from pathlib import Path

import openpyxl
import pytest

from engine.store import SessionReader
from tests.helpers.command_line import Command


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
