"""The libraries for Windows, under Wine, against the reference in 64 bits."""

from __future__ import annotations

import ctypes
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from ops import libraries, variants
from ops.build import compiler, release
from ops.variants import Variant
from tests.helpers import host
from tests.helpers.host import Host
from tests.helpers.operator_calls import CALLS, KINDS, Call
from tests.helpers.wine import Wine

pytestmark = [pytest.mark.slow, pytest.mark.tool(compiler.MINGW), pytest.mark.tool("wine64")]
ALLOWED = {"KERNEL32.dll", "msvcrt.dll"}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("host") / "host.exe"
    host.build(compiler.windows(), file)
    return file


@pytest.fixture(scope="module")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wine]:
    started = Wine(tmp_path_factory.mktemp("wine"))
    yield started
    started.close()


@pytest.fixture(scope="module", params=variants.X86, ids=lambda each: each.name)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the library of a variant, with the variant's name as its folder's."""
    folder = tmp_path_factory.mktemp("windows")
    part = release.library(compiler.windows(), request.param)
    release.make(part, folder)
    return folder / part.name


@pytest.fixture
def hosted(
    made: Path, program: Path, wine: Wine, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Host]:
    """Have the operators run on a library under Wine, with as many ranges as for three threads."""
    variant = variant_of(made)
    if variant not in variants.here():
        pytest.skip(f"needs the system tool {variant.name}")
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    started = Host(wine.command(program, made), wine.environment)
    monkeypatch.setattr(libraries, "_loaded", (started.library(variant, monkeypatch), ()))
    yield started
    started.close()


def variant_of(file: Path) -> Variant:
    return next(each for each in variants.X86 if each.library("Windows") == file.name)


def test_it_needs_nothing_but_windows(made: Path) -> None:
    dump = compiler.MINGW.replace("g++-posix", "objdump")
    said = subprocess.run([dump, "-p", made], capture_output=True, text=True, check=True).stdout
    needed = set(re.findall(r"DLL Name: (\S+)", said))
    assert "KERNEL32.dll" in needed
    assert needed <= ALLOWED
    assert "labsight_selective_scan_forward" in said


def test_structures_are_laid_out_as_here(hosted: Host) -> None:
    assert "selective_scan" in libraries._structures
    for name, structure in libraries._structures.items():
        assert hosted.call(f"labsight_{name}_size") == ctypes.sizeof(structure)


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_it_computes_what_the_reference_does(call: Call, kind: torch.dtype, hosted: Host) -> None:
    errors = call.errors(kind)
    assert hosted.calls
    assert max(errors.values()) < KINDS[kind], errors
