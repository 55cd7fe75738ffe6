"""Libraries become smaller only where the system would still map them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from installer import stripping

SOURCE = "static int secret_helper(int x) { return x + 1; }\nint answer(int x) { return %s; }\n"


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a library with names in it that only a debugger reads."""
    monkeypatch.setattr(stripping, "SMALLEST", 1000)
    source = tmp_path / "a.c"
    source.write_text(SOURCE % "secret_helper(x) * secret_helper(x + 2)")
    path = tmp_path / "bundle" / "torch" / "lib" / "libtorch.so"
    path.parent.mkdir(parents=True)
    command = ["g++", "-g", "-O0", "-shared", "-fPIC", "-x", "c", str(source), "-o", str(path)]
    subprocess.run(command, check=True)
    return path


@pytest.mark.tool("g++")
@pytest.mark.tool("strip")
def test_a_library_is_stripped_and_still_loads(library: Path, tmp_path: Path) -> None:
    import ctypes

    before = library.stat().st_size
    assert b"secret_helper" in library.read_bytes()
    library.chmod(0o755)
    won = stripping.strip(tmp_path / "bundle")
    assert won == before - library.stat().st_size > 0
    assert b"secret_helper" not in library.read_bytes()
    assert os.access(library, os.X_OK)
    assert ctypes.CDLL(str(library)).answer(1) == 8
    assert [path.name for path in library.parent.iterdir()] == [library.name]
    assert stripping.strip(tmp_path / "bundle") == 0


@pytest.mark.tool("g++")
@pytest.mark.tool("strip")
def test_what_would_not_load_stays_as_it_was(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = library.read_bytes()
    monkeypatch.setattr(stripping, "loads", lambda path: False)
    assert stripping.strip(tmp_path / "bundle") == 0
    assert library.read_bytes() == before
    assert [path.name for path in library.parent.iterdir()] == [library.name]


@pytest.mark.tool("g++")
def test_who_is_not_touched(library: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    for name in (
        "ops/lib/labsight-ops-avx2.so",
        "av.libs/libx264.so",
        "libopenblasp-r0-59ffcd50.3.15.so",
        "libscipy_openblas64_-32a4b2a6.so",
        "nvidia/cudnn/lib/libcudnn.so.9",
    ):
        path = bundle / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, path)
    (bundle / "libtorch.so").symlink_to(library)
    (bundle / "small.so").write_bytes(b"x")
    assert list(stripping.candidates(bundle)) == [library]


@pytest.mark.tool("g++")
def test_damage_is_seen(library: Path) -> None:
    assert stripping.loads(library)
    whole = library.read_bytes()
    library.write_bytes(whole[: len(whole) // 3])
    assert not stripping.loads(library)
    library.write_bytes(b"no library")
    assert not stripping.loads(library)
    # The header of the first segment that is mapped, with another place in the file.
    start = int.from_bytes(whole[32:40], "little")
    moved = bytearray(whole)
    moved[start + 8] ^= 0x10
    library.write_bytes(moved)
    assert not stripping.loads(library)


def test_without_the_program_nothing_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert stripping.strip(tmp_path) == 0
