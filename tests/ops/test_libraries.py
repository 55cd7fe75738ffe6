"""Which library is loaded, and why none that is faster."""

from __future__ import annotations

import ctypes
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from ops import devices, libraries, manifest, variants
from ops.build import compiler, release
from ops.libraries import Library
from ops.rungs import CHOICE, Miss, Reason
from ops.selective_scan import selective_scan
from ops.variants import X86, Variant
from tests.helpers import toy_operator
from tests.helpers.toy_operator import ToyArguments

pytestmark = pytest.mark.tool("g++")
FAST, SLOW = Variant("avx2", ("-msse2",), "AVX2"), X86[-1]
"""Two that every processor runs, whatever their names say."""


class World:
    """A folder with libraries of an operator of a few lines."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sources = toy_operator.plant(folder / "ops", monkeypatch)
        self.folder = folder / "lib"
        self.opened: list[str] = []
        for variant in (FAST, SLOW):
            release.make(release.library(compiler.native(), variant), self.folder)
        self.fast, self.slow = (self.folder / each.library() for each in (FAST, SLOW))
        monkeypatch.setattr(variants, "here", lambda: (FAST, SLOW))
        monkeypatch.setattr(libraries, "_structures", {"toy": ToyArguments})
        monkeypatch.setattr(ctypes, "CDLL", self._open(ctypes.CDLL))

    def find(self) -> tuple[str | None, list[tuple[str, Reason]]]:
        found, misses = libraries.find(self.folder)
        if found is not None:
            assert doubled(found) == [0, 2, 4]
        return (found.variant.name if found else None), [
            (each.rung, each.reason) for each in misses
        ]

    def list_as_it_is(self, file: Path) -> None:
        """Have the manifest say of a file what it now is."""
        listed = json.loads((self.folder / manifest.NAME).read_text())
        listed[file.name]["sha256"] = manifest.digest(file)
        (self.folder / manifest.NAME).write_text(json.dumps(listed))

    def _open(self, plainly: Callable[[str], ctypes.CDLL]) -> Callable[[str], ctypes.CDLL]:
        def opened(name: str) -> ctypes.CDLL:
            self.opened.append(Path(name).name)
            return plainly(name)

        return opened


def doubled(library: Library) -> list[float]:
    x, y = torch.arange(3.0), torch.zeros(3)
    arguments = ToyArguments(x.data_ptr(), y.data_ptr(), 3)
    span = (ctypes.c_int64(0), ctypes.c_int64(3))
    library.function("toy_double")(ctypes.byref(arguments), *span)
    return list(y.tolist())


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.delenv(CHOICE, raising=False)
    return World(tmp_path, monkeypatch)


def test_the_fastest_is_taken(world: World) -> None:
    assert world.find() == ("avx2", [])


def test_one_that_was_not_built(world: World) -> None:
    world.fast.unlink()
    assert world.find() == ("sse2", [("avx2", Reason.MISSING)])
    world.slow.unlink()
    assert world.find() == (None, [("avx2", Reason.MISSING), ("sse2", Reason.MISSING)])


def flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def cut(content: bytes) -> bytes:
    return content[:-1]


def empty(_content: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("harm", [flip, cut, empty])
def test_a_damaged_one_is_never_opened(harm: Callable[[bytes], bytes], world: World) -> None:
    world.fast.write_bytes(harm(world.fast.read_bytes()))
    assert world.find() == ("sse2", [("avx2", Reason.DAMAGED)])
    assert world.opened == [world.slow.name]


def test_one_of_other_sources_is_never_opened(world: World) -> None:
    with (world.sources / "cpu.cpp").open("a") as file:
        file.write("// changed\n")
    assert world.find() == (None, [("avx2", Reason.STALE), ("sse2", Reason.STALE)])
    assert world.opened == []


def test_without_sources_nothing_is_stale(world: World) -> None:
    shutil.rmtree(world.sources)
    assert world.find() == ("avx2", [])


def test_what_is_no_library_is_refused_by_the_system(world: World) -> None:
    world.fast.write_bytes(b"this is no library")
    world.list_as_it_is(world.fast)
    _, (miss,) = libraries.find(world.folder)
    assert (miss.rung, miss.reason) == ("avx2", Reason.UNLOADABLE)
    assert "invalid ELF header" in miss.detail or "too short" in miss.detail
    assert world.find()[0] == "sse2"


def test_one_that_cannot_be_read_is_passed_over(world: World) -> None:
    world.fast.unlink()
    world.fast.mkdir()
    assert world.find() == ("sse2", [("avx2", Reason.UNLOADABLE)])


class Longer(ctypes.Structure):
    _fields_ = (*ToyArguments._fields_, ("more", ctypes.c_int64))


def test_one_with_other_structures_is_not_taken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries, "_structures", {"toy": Longer})
    found, misses = libraries.find(world.folder)
    assert found is None
    assert misses[0] == Miss("avx2", Reason.STALE, "toy takes 24 bytes, not 32")
    monkeypatch.setattr(libraries, "_structures", {"scan": ToyArguments})
    assert libraries.find(world.folder)[1][0] == Miss("avx2", Reason.STALE, "it has no scan")


def test_a_structure_that_comes_later_is_looked_at_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "BUILT", world.folder)
    monkeypatch.setattr(libraries, "_loaded", None)
    libraries.ready("toy", ToyArguments)
    assert libraries.needed().variant is FAST
    libraries.ready("other", Longer)
    assert libraries.library() is None
    assert [each.reason for each in libraries.misses()] == [Reason.STALE, Reason.STALE]
    with pytest.raises(RuntimeError, match="not compiled here .avx2: stale it has no other; sse2"):
        libraries.needed()


@pytest.mark.parametrize(
    ("chosen", "expected", "off"),
    [
        ("reference", None, ["avx2", "sse2"]),
        ("sse2", "sse2", ["avx2"]),
        ("avx2", "avx2", []),
        ("ptx", "avx2", []),
    ],
)
def test_faster_ones_are_switched_off(
    chosen: str,
    expected: str | None,
    off: list[str],
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(CHOICE, chosen)
    assert world.find() == (expected, [(each, Reason.SWITCHED_OFF) for each in off])
    assert len(world.opened) == (expected is not None)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", '{"labsight-ops-avx2.so": {"sha256": "0"}}', '{"a": null}', "\udce9"],
)
def test_a_manifest_that_is_none_lists_nothing(text: str, world: World) -> None:
    file = world.folder / manifest.NAME
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert world.find() == (None, [("avx2", Reason.MISSING), ("sse2", Reason.MISSING)])
    assert world.opened == []


def test_the_manifest_keeps_what_is_there_and_drops_what_is_gone(world: World) -> None:
    world.slow.unlink()
    release.make(release.library(compiler.native(), FAST), world.folder)
    assert set(manifest.read(world.folder)) == {world.fast.name}
    assert not list(world.folder.glob("*.part"))


@pytest.fixture
def looked_anew() -> Iterator[None]:
    yield
    libraries.forget()


@pytest.mark.slow
def test_the_operators_compute_the_same_whatever_is_damaged(
    built: Callable[[Variant], Library],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    looked_anew: None,
) -> None:
    monkeypatch.setattr(manifest, "BUILT", tmp_path)
    monkeypatch.delenv(CHOICE, raising=False)
    files = []
    for variant in variants.here():
        files.append(Path(shutil.copy(built(variant).handle._name, tmp_path / variant.library())))
        manifest.add(tmp_path, files[-1:], variant.fingerprint())
    u, delta, A = torch.randn(2, 20, 70), torch.rand(2, 20, 70), -torch.rand(20, 8)
    B, C = torch.randn(2, 2, 1, 8, 70)
    expected = selective_scan(u.double(), delta.double(), A.double(), B.double(), C.double())
    rungs: list[str] = []
    for damaged in (None, *files):
        if damaged is not None:
            content = damaged.read_bytes()
            # What is loaded stays as it is, until the end of the process.
            damaged.unlink()
            damaged.write_bytes(cut(content))
        libraries.forget()
        found = selective_scan(u, delta, A, B, C)
        assert isinstance(found, torch.Tensor)
        assert isinstance(expected, torch.Tensor)
        assert torch.allclose(found.double(), expected, rtol=0, atol=1e-5)
        status = next(each for each in devices.status() if each.device == "cpu")
        assert [each.reason for each in status.misses] == [Reason.DAMAGED] * len(rungs)
        rungs.append(status.rung)
    assert rungs == [*(each.name for each in variants.here()), "reference"]
