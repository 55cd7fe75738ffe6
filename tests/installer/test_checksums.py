"""The sums of a release are those that the usual program reads."""

import subprocess
from pathlib import Path

import pytest

from installer import checksums


@pytest.mark.tool("sha256sum")
def test_sha256sum_agrees(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b.zip").write_bytes(b"b")
    (tmp_path / "a.deb").write_bytes(b"a")
    (tmp_path / "folder").mkdir()
    assert checksums.main([str(tmp_path)]) == 0
    # Once more: the sums have none of themselves.
    assert checksums.main([str(tmp_path)]) == 0
    command = ["sha256sum", "-c", checksums.NAME]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "a.deb: OK\nb.zip: OK\n"
    capsys.readouterr()
    (tmp_path / "a.deb").write_bytes(b"changed")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 1


def test_nothing_to_sum_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checksums.main([str(tmp_path)]) == 1
    assert str(tmp_path) in capsys.readouterr().err
