"""`python -m ops.build`: the library of this machine, and the budget of kernels."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ops import images, manifest, nvrtc, variants
from ops.build import budget, command, compiler, processor
from ops.build.budget import Usage
from tests.helpers import toy_operator

ROOT = Path(__file__).parents[2]
NOWHERE = "/nowhere/g++"
PLAIN = "Operators run as plain torch, slower."
CPUINFO = """\
processor\t: 0
vmx flags\t: avx512f avx512bw avx512dq avx512vl
flags\t\t: fpu sse2 avx avx2 fma f16c {}
bugs\t\t: spectre_v1 avx512f

processor\t: 1
flags\t\t: fpu
"""


class World:
    """Sources of an operator of a few lines, and where its library is built."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sources = toy_operator.plant(folder / "ops", monkeypatch)
        self.folder = folder / "lib"
        self.library = self.folder / variants.here()[0].library()

    def build(self, *options: str) -> int:
        return command.main([*options, "--into", str(self.folder)])

    def is_good(self) -> bool:
        variant = variants.here()[0]
        listed = manifest.read(self.folder)
        return manifest.fault(self.library, listed, variant.fingerprint()) is None


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv(nvrtc.PLACE, str(tmp_path / "nvrtc"))
    return World(tmp_path, monkeypatch)


@pytest.mark.tool("g++")
def test_the_library_of_this_machine_is_built(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.build() == 0
    assert world.is_good()
    assert capsys.readouterr().out.startswith(f"{world.library.name}: ")
    assert {file.name for file in world.folder.iterdir()} == {world.library.name, manifest.NAME}


@pytest.mark.tool("g++")
@pytest.mark.parametrize("likely", [True, False])
def test_what_is_good_is_left_alone(
    likely: bool, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.build("--if-needed") == 0
    before = world.library.stat().st_mtime_ns
    capsys.readouterr()
    if not likely:
        monkeypatch.setattr(processor, "fastest", lambda: None)
    assert world.build("--if-needed") == 0
    assert world.library.stat().st_mtime_ns == before
    assert capsys.readouterr().out == ""


@pytest.mark.tool("g++")
def test_what_is_not_good_is_built_anew(world: World) -> None:
    assert world.build("--if-needed") == 0
    with (world.sources / "math.inl").open("a") as file:
        file.write("// changed\n")
    assert not world.is_good()
    assert world.build("--if-needed") == 0
    assert world.is_good()
    world.library.write_bytes(b"")
    assert world.build("--if-needed") == 0
    assert world.is_good()


@pytest.mark.tool("g++")
def test_where_there_is_nothing_to_do_torch_is_not_imported(world: World, tmp_path: Path) -> None:
    assert world.build() == 0
    program = """
import sys
from pathlib import Path
from ops import images, variants
from ops.build import command
variants.OPS = images.OPS = Path(sys.argv[1])
assert command.main(["--if-needed", "--into", sys.argv[2]]) == 0
assert "torch" not in sys.modules
"""
    arguments = [sys.executable, "-c", program, str(world.sources.parent), str(world.folder)]
    missing = {"CXX": NOWHERE} if processor.fastest() else {}
    subprocess.run(arguments, cwd=ROOT, env=os.environ | missing, check=True, timeout=60)


@pytest.mark.parametrize("options", [[], ["--if-needed"]])
def test_without_a_compiler_it_says_so(
    options: list[str],
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CXX", NOWHERE)
    assert world.build(*options) == 3
    assert capsys.readouterr() == ("", f"No C++ compiler ({NOWHERE}) was found. {PLAIN}\n")
    monkeypatch.delenv("CXX")
    monkeypatch.setenv("PATH", "/nowhere")
    assert world.build(*options) == 3
    # So that bootstrap.py does not ask at every start.
    assert json.loads((world.folder / "manifest.json").read_text("utf-8")) == {}
    assert capsys.readouterr().err == f"No C++ compiler (g++ or clang++) was found. {PLAIN}\n"


@pytest.mark.tool("g++")
def test_what_the_compiler_refuses_is_told(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.build() == 0
    before = world.library.read_bytes()
    (world.sources / "cpu.cpp").write_text("int f() { return nothing; }\n")
    assert world.build() == 1
    assert "'nothing' was not declared" in capsys.readouterr().err
    assert world.library.read_bytes() == before
    assert not list(world.folder.glob("*.part"))


@pytest.mark.parametrize(
    ("more", "expected"),
    [("avx512f avx512bw avx512dq avx512vl", "avx512"), ("avx512f avx512bw", "avx2"), ("", "avx2")],
)
def test_the_system_tells_of_the_processor(
    more: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text(CPUINFO.format(more))
    monkeypatch.setattr(processor, "LISTED", file)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.delenv(processor.OVERRIDE, raising=False)
    found = processor.fastest()
    assert found is not None
    assert found.name == expected
    monkeypatch.setenv(processor.OVERRIDE, "default")
    assert processor.fastest() is None


def test_where_the_system_tells_nothing_torch_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "LISTED", tmp_path / "none")
    assert processor.fastest() is None
    monkeypatch.undo()
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    assert processor.fastest() is None


def test_torch_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(processor.OVERRIDE, raising=False)
    assert processor.fastest() in (None, variants.here()[0])


LOG = """\
ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'labsight_b_f32' for 'sm_75'
ptxas info    : Function properties for labsight_b_f32
    16 bytes stack frame, 4 bytes spill stores, 8 bytes spill loads
ptxas info    : Used 33 registers, used 1 barriers, 16 bytes cumulative stack size
ptxas info    : Compile time = 2.542 ms
ptxas info    : Compiling entry function 'labsight_a_f32' for 'sm_120'
ptxas info    : Function properties for labsight_a_f32
ptxas         .     0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 12 registers, used 0 barriers
"""
FOUND = {
    "labsight_b_f32": {"sm_75": Usage(33, 16)},
    "labsight_a_f32": {"sm_120": Usage(12, 0)},
}


def test_what_ptxas_says_is_understood() -> None:
    found = {kernel: {target: usage} for kernel, target, usage in budget.parse(LOG)}
    assert found == FOUND


def test_a_budget_is_what_cards_hand_out(tmp_path: Path) -> None:
    file = tmp_path / "budget.json"
    budget.write(FOUND, file)
    allowed = budget.read(file)
    assert allowed == {
        "labsight_b_f32": {"sm_75": Usage(40, 16)},
        "labsight_a_f32": {"sm_120": Usage(16, 0)},
    }
    assert budget.over(FOUND, allowed) == []


@pytest.mark.parametrize(
    ("allowed", "words"),
    [
        ({"labsight_a_f32": {"sm_120": Usage(8, 0)}}, "takes 12 registers .* 8 and 0 are"),
        ({"labsight_a_f32": {"sm_90": Usage(99, 0)}}, "has no budget for sm_120"),
        ({"labsight_b_f32": {"sm_75": Usage(40, 8)}}, "16 bytes of local memory; 40 and 8"),
        ({"labsight_c_f32": {"sm_75": Usage(40, 8)}}, "labsight_c_f32 has a budget and is no more"),
    ],
)
def test_a_kernel_over_its_budget_is_named(allowed: budget.Usages, words: str) -> None:
    generous = {
        "labsight_a_f32": {"sm_120": Usage(99, 9)},
        "labsight_b_f32": {"sm_75": Usage(99, 99)},
    }
    (sentence,) = budget.over(FOUND, generous | allowed)
    assert re.search(words, sentence)


@pytest.mark.tool("g++")
def test_kernels_are_held_to_their_budget(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = str(toy_operator.nvrtc(tmp_path / "nvrtc"))
    monkeypatch.setattr(budget, "FILE", tmp_path / "budget.json")
    monkeypatch.setattr(shutil, "which", {"nvcc": None}.get)
    assert world.build("--write-budget", "--nvrtc", place) == 0
    assert budget.read(tmp_path / "budget.json") == {
        "labsight_toy": {f"sm_{each}": Usage(40, 16) for each in images.ARCHITECTURES}
    }
    assert world.build("--budget", "--nvrtc", place) == 0
    assert capsys.readouterr().out == "All kernels are within their budget.\n"
    text = (tmp_path / "budget.json").read_text()
    (tmp_path / "budget.json").write_text(text.replace('"sm_90": [40, 16]', '"sm_90": [32, 16]'))
    assert world.build("--budget", "--nvrtc", place) == 1
    assert "labsight_toy for sm_90 takes 40 registers" in capsys.readouterr().out
    assert world.build("--budget", "--nvrtc", str(tmp_path / "none")) == 3
    assert capsys.readouterr().err == "Neither NVRTC nor nvcc was found.\n"


@pytest.mark.slow
@pytest.mark.tool("nvcc")
def test_all_kernels_are_within_their_budget_on_all_architectures() -> None:
    found = budget.measure()
    names = compiler.run(["nvcc", "--list-gpu-code"]).split()
    assert all({*names} <= {*usages} for usages in found.values())
    assert {kernel.split("_", 1)[0] for kernel in found} == {"labsight"}
    assert budget.over(found, budget.read()) == []
    tighter = {
        kernel: {each: Usage(usage.registers - 1, usage.local) for each, usage in usages.items()}
        for kernel, usages in found.items()
    }
    assert len(budget.over(found, tighter)) == sum(map(len, found.values())) > 0
