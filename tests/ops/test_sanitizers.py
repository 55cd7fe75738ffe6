"""The libraries under the sanitizers of addresses and of undefined behaviour.

They run in a process of their own, where every tensor has a piece of memory to itself; each step
beside one, and each read of what was freed, ends it.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from ops import libraries, variants
from ops.build import compiler
from ops.selective_scan.arguments import filled
from ops.variants import Variant
from tests.helpers import host
from tests.helpers.host import Host
from tests.helpers.operator_calls import CALLS, KINDS, Call

pytestmark = [pytest.mark.slow, pytest.mark.tool("g++")]
FLAGS = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("host") / "host"
    host.build(compiler.native(), file, FLAGS)
    return file


@pytest.fixture(scope="module", params=variants.here(), ids=lambda each: each.name)
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Variant, Path]:
    variant: Variant = request.param
    file = tmp_path_factory.mktemp("sanitized") / variant.library()
    compiler.library(compiler.native(), variant, file, extra=FLAGS)
    return variant, file


def start(program: Path, library: Path) -> Host:
    return Host([str(program), str(library)], {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})


@pytest.fixture
def hosted(
    made: tuple[Variant, Path], program: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Host]:
    """Have the operators run there, with as many ranges as for three threads."""
    variant, file = made
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    started = start(program, file)
    monkeypatch.setattr(libraries, "_loaded", (started.library(variant, monkeypatch), ()))
    yield started
    started.close()


def test_a_step_beside_a_tensor_is_noticed(
    made: tuple[Variant, Path], program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variant, file = made
    started = start(program, file)
    library = started.library(variant, monkeypatch)
    row, rate = torch.zeros(1, 1, 5), torch.zeros(1, 1)
    found = {"y": row, "last": rate, "starts": torch.zeros(1), "u": row, "delta": row, "A": rate}
    sizes = {"batch": 1, "channels": 1, "length": 5, "states": 1, "groups": 1}
    arguments = filled(**found, B=row, C=torch.zeros(1, 1, 1, 4), **sizes)
    forward = library.function("selective_scan_forward")
    with pytest.raises(AssertionError, match="heap-buffer-overflow"):
        forward(ctypes.byref(arguments), ctypes.c_int64(0), ctypes.c_int64(1))
    with pytest.raises(AssertionError, match="heap-buffer-overflow"):
        started.close()


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_nothing_is_touched_that_is_not_ours(call: Call, kind: torch.dtype, hosted: Host) -> None:
    errors = call.errors(kind)
    assert hosted.calls
    assert max(errors.values()) < KINDS[kind], errors
