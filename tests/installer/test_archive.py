"""The portable archive unpacks to what was packed."""

import os
import subprocess
from pathlib import Path

import pytest

from engine.version import __version__
from installer import archive


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "LabSight"
    (folder / "_internal").mkdir(parents=True)
    (folder / "LabSight").write_text("#!/bin/sh\necho started\n", "utf-8")
    (folder / "LabSight").chmod(0o755)
    (folder / "_internal" / "资源.bin").write_bytes(os.urandom(3_000))
    (folder / "_internal" / "link.so").symlink_to("资源.bin")
    return folder


@pytest.mark.tool("zstd")
def test_a_tar_is_what_was_packed(bundle: Path, tmp_path: Path) -> None:
    (made,) = archive.make(bundle, tmp_path / "out", "cuda", 3)
    assert made.name.startswith(f"labsight-{__version__}-linux-")
    assert made.name.endswith("-cuda.tar.zst")
    subprocess.run(["tar", "--zstd", "-xf", str(made)], cwd=tmp_path / "out", check=True)
    there = tmp_path / "out" / "LabSight"
    assert os.readlink(there / "_internal" / "link.so") == "资源.bin"
    packed = bundle / "_internal" / "资源.bin"
    assert (there / "_internal" / "资源.bin").read_bytes() == packed.read_bytes()
    started = subprocess.run([there / "LabSight"], capture_output=True, text=True, check=True)
    assert started.stdout == "started\n"
    command = ["tar", "--zstd", "-tvf", str(made)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert all(" root/root " in line for line in listed.splitlines())


@pytest.mark.parametrize("size", [1, 99, 100, 101, 200, 250])
def test_what_is_too_large_comes_in_parts(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    whole = tmp_path / "x.tar.zst"
    whole.write_bytes(content)
    parts = archive.split(whole, 100)
    assert b"".join(part.read_bytes() for part in parts) == content
    assert all(part.stat().st_size <= 100 for part in parts)
    assert sorted(tmp_path.iterdir()) == sorted(parts)
    assert len(parts) == -(-size // 100)


def test_without_a_bundle_it_says_what_makes_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert archive.main(["--bundle", str(tmp_path / "absent"), "--out", str(tmp_path)]) == 1
    assert "python -m installer.build" in capsys.readouterr().err


def test_without_zstd_it_says_so(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(archive.Problem, match="zstd is missing"):
        archive.make(bundle, tmp_path)
