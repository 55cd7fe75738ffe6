"""`python -m ops.build --release`: all that installers carry, and what a machine cannot make."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ops import images, manifest, nvrtc, variants
from ops.build import command, compiler, release
from ops.libraries import Library
from ops.nvrtc import Nvrtc, NvrtcError
from ops.variants import X86, Variant
from tests.helpers import toy_operator
from tests.helpers.toy_operator import KERNEL, NAME

pytestmark = pytest.mark.tool("g++")
IMAGES = {*(images.cubin(NAME, each) for each in images.ARCHITECTURES), images.ptx(NAME)}
LIBRARIES = {each.library("Windows") for each in X86}
REQUIREMENTS = Path(release.__file__).with_name("requirements.txt")


class World:
    """Sources of an operator of a few lines, what stands in for NVRTC, and a folder to fill."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sources = toy_operator.plant(folder / "ops", monkeypatch)
        self.nvrtc = toy_operator.nvrtc(folder / "nvrtc")
        self.folder = folder / "lib"
        monkeypatch.setenv(nvrtc.PLACE, str(folder / "nowhere"))

    def build(self, *options: str, place: Path | None = None) -> int:
        given = ("--nvrtc", str(place or self.nvrtc), "--into", str(self.folder))
        return command.main([*options, *given])

    def files(self) -> set[str]:
        return {file.name for file in self.folder.iterdir()} - {manifest.NAME}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def test_kernels_are_made_for_each_architecture(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.build("--only", "kernels") == 0
    assert world.files() == IMAGES == set(manifest.read(world.folder))
    sources = "kernel.cu math.inl ../common/simt.h"
    assert (world.folder / "toy.sm_90.cubin").read_text() == f"sm_90 of {sources}"
    assert (world.folder / "toy.ptx").read_text() == f"compute_75 of {sources}"
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"\[1/11\] toy\.sm_50\.cubin: 0 kB, \d+\.\d s", lines[0])
    assert len(lines) == len(IMAGES)


def test_what_is_made_is_fresh(world: World) -> None:
    assert world.build("--only", "kernels") == 0
    listed, fresh = manifest.read(world.folder), images.source_fingerprint(NAME)
    assert {manifest.fault(world.folder / name, listed, fresh) for name in IMAGES} == {None}


@pytest.mark.parametrize("minor", [None, 9])
def test_another_compiler_of_kernels_does_not_do(
    minor: int | None, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = toy_operator.nvrtc(tmp_path / "other", minor) if minor else tmp_path / "none"
    assert world.build("--only", "kernels", place=place) == 3
    said = capsys.readouterr()
    why = r"NVRTC 12\.8 is needed, not 12\.9\." if minor else r"No NVRTC was found \(no lib.*\)\."
    assert re.fullmatch(rf"kernels: {why}\n", said.err)
    assert said.out == ""


def test_a_compiler_that_does_not_start_is_none(world: World) -> None:
    (world.nvrtc / "libnvrtc.so.12").write_bytes(b"no library")
    with pytest.raises(NvrtcError):
        nvrtc.load(world.nvrtc)
    assert world.build("--only", "kernels") == 3


def test_it_is_found_by_the_names_that_windows_has_for_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(nvrtc._NAMES, "posix", nvrtc._NAMES["nt"])
    folder = world.nvrtc / "nvidia" / "cu13" / "bin"
    folder.mkdir(parents=True)
    (world.nvrtc / "libnvrtc.so.12").rename(folder / "nvrtc64_120_0.dll")
    (folder / "nvrtc64_130_0.alt.dll").write_bytes(b"another")
    (world.nvrtc / "libnvrtc-builtins.so.12.0").rename(folder / "nvrtc-builtins64_128.dll")
    (folder / "nvrtc-builtins64_128.alt.dll").write_bytes(b"another")
    found = nvrtc.load(world.nvrtc)
    assert found.version() == (12, 8)
    assert found.cubin(NAME, 90).image.startswith(b"sm_90 of")


def test_a_kernel_that_is_refused_fails_and_the_rest_is_made(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    other = world.sources.parent / "wrong"
    shutil.copytree(world.sources, other)
    (other / "kernel.cu").write_text("#error no\n")
    assert world.build("--only", "kernels") == 1
    assert world.files() == IMAGES
    assert (
        "wrong for sm_90: NVRTC_ERROR_COMPILATION\nkernel.cu(1): error" in capsys.readouterr().err
    )


@pytest.mark.tool(compiler.MINGW)
def test_a_whole_release(world: World) -> None:
    assert world.build("--release") == 0
    native = {each.library() for each in X86}
    assert world.files() == IMAGES | LIBRARIES | native == set(manifest.read(world.folder))
    for name in native | LIBRARIES:
        magic = b"MZ" if name in LIBRARIES else b"\x7fELF"
        assert (world.folder / name).read_bytes().startswith(magic)


def test_what_a_machine_cannot_make_is_said_and_the_rest_is_made(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compiler, "MINGW", "no-such-compiler")
    assert world.build("--release") == 3
    assert world.files() == IMAGES | {each.library() for each in X86}
    said = capsys.readouterr().err
    assert said == "windows: No compiler for Windows (no-such-compiler, of mingw-w64) was found.\n"


@pytest.mark.tool(compiler.MINGW)
def test_the_same_sources_make_the_same_files(world: World) -> None:
    found = []
    for _ in range(2):
        assert world.build("--only", "windows", "--only", "kernels") == 0
        found.append(manifest.read(world.folder))
        shutil.rmtree(world.folder)
    assert found[0] == found[1]


def test_the_requirement_is_the_toolkit() -> None:
    pinned = r"^nvidia-cuda-nvrtc-cu12==(\d+)\.(\d+)\.\d+$"
    (line,) = re.findall(pinned, REQUIREMENTS.read_text(), re.MULTILINE)
    assert tuple(map(int, line)) == release.TOOLKIT


@pytest.fixture
def real() -> Nvrtc:
    """Return NVIDIA's own compiler."""
    try:
        return nvrtc.load()
    except NvrtcError:
        pytest.skip("needs the system tool nvrtc")


def test_nvrtc_knows_what_is_asked_of_it(real: Nvrtc) -> None:
    assert real.version() == release.TOOLKIT
    assert {*images.ARCHITECTURES, images.PTX} <= {*real.architectures()}


@pytest.mark.slow
def test_nvrtc_compiles_every_kernel(real: Nvrtc) -> None:
    assert images.folders()
    for folder in images.folders():
        cubins = {real.cubin(folder, each).image for each in images.ARCHITECTURES}
        assert len(cubins) == len(images.ARCHITECTURES)
        ptx = real.ptx(folder, images.PTX).image
        assert not ptx.endswith(b"\0")
        entries = re.findall(rb"\.visible \.entry (\w+)\(", ptx)
        assert entries
        assert all(b"\0" + entry + b"\0" in cubin for entry in entries for cubin in cubins)
        assert all(entry.startswith(f"labsight_{folder}_".encode()) for entry in entries)


def test_nvrtc_compiles_the_kernel_of_these_tests(real: Nvrtc, world: World) -> None:
    first, second = (real.cubin(NAME, 90).image for _ in range(2))
    assert first == second
    assert KERNEL.encode() in first
    with pytest.raises(NvrtcError, match="toy for sm_91: NVRTC_ERROR_INVALID_OPTION"):
        real.cubin(NAME, 91)
    (world.sources / "kernel.cu").write_text("int f() { return nothing; }")
    with pytest.raises(NvrtcError, match='identifier "nothing" is undefined'):
        real.cubin(NAME, 90)


@pytest.mark.slow
@pytest.mark.parametrize("variant", variants.here(), ids=lambda each: each.name)
def test_a_library_needs_nothing_but_the_system(
    variant: Variant, built: Callable[[Variant], Library]
) -> None:
    said = compiler.run(["objdump", "-p", built(variant).handle._name])
    needed = set(re.findall(r"NEEDED\s+(\S+)", said))
    assert "libc.so.6" in needed
    assert needed <= {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"}
