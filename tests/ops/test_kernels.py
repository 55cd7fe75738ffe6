"""Which image a card gets, why it gets none that is better, and how it is launched from."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from ops import devices, driver, images, kernels, manifest, nvrtc
from ops.build import compiler
from ops.driver import ABSENT, Driver, DriverError
from ops.rungs import CHOICE, Miss, Reason
from tests.helpers import toy_operator
from tests.helpers.toy_operator import KERNEL, NAME, ToyArguments

pytestmark = pytest.mark.tool("g++")
OLD = (
    "CUDA_ERROR_UNSUPPORTED_PTX_VERSION:"
    " the provided PTX was compiled with an unsupported toolchain."
)


class World:
    """A card with a driver, the sources of an operator, and images of it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sources = toy_operator.plant(folder / "ops", monkeypatch)
        self.images = folder / "lib"
        self.images.mkdir()
        self.driver, self.handle = toy_operator.driver(folder)

    def add(self, name: str, content: bytes = b"\x7fELF\0\0\0\0") -> Path:
        file = self.images / name
        file.write_bytes(content)
        manifest.add(self.images, [file], images.source_fingerprint(NAME))
        return file

    def find(self, capability: int) -> tuple[str | None, list[tuple[str, Reason]]]:
        found, misses = kernels.find(self.images, NAME, capability, self.driver)
        return (found.rung if found else None), [(each.rung, each.reason) for each in misses]

    def loaded(self) -> bytes:
        return (ctypes.c_char * 8).in_dll(self.handle, "driver_image").raw


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv(nvrtc.PLACE, str(tmp_path / "nowhere"))
    kernels.forget()
    yield World(tmp_path, monkeypatch)
    kernels.forget()


@pytest.mark.parametrize(
    ("capability", "expected"),
    [(86, 86), (87, 86), (89, 89), (80, 80), (75, 70), (121, 120), (103, 100)],
)
def test_a_card_gets_its_own_cubin_or_an_earlier_one_of_its_kind(
    capability: int, expected: int, world: World
) -> None:
    for architecture in (70, 80, 86, 89, 100, 120):
        world.add(images.cubin(NAME, architecture), b"cubin%03d" % architecture)
    assert world.find(capability) == (f"cubin sm_{expected}", [])
    assert world.loaded() == b"cubin%03d" % expected


@pytest.mark.parametrize("capability", [110, 75, 52])
def test_a_card_of_another_kind_gets_the_ptx(capability: int, world: World) -> None:
    for architecture in (60, 80, 90, 100):
        world.add(images.cubin(NAME, architecture))
    world.add(images.ptx(NAME), b".version")
    assert world.find(capability) == ("ptx", [(f"cubin sm_{capability}", Reason.MISSING)])
    assert world.loaded() == b".version"


def test_cubins_of_another_operator_are_none_of_its_own(world: World) -> None:
    world.add(images.cubin(f"other_{NAME}", 90))
    assert world.find(90)[0] is None


def test_a_damaged_image_is_never_given_to_the_driver(world: World) -> None:
    for name in (images.cubin(NAME, 89), images.cubin(NAME, 86)):
        file = world.add(name)
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(content)
    cut = world.add(images.cubin(NAME, 80))
    cut.write_bytes(cut.read_bytes()[:-1])
    world.add(images.ptx(NAME), b".version")
    assert world.find(89) == (
        "ptx",
        [(f"cubin sm_{each}", Reason.DAMAGED) for each in (89, 86, 80)],
    )
    assert world.loaded() == b".version"


def test_an_image_of_other_sources_is_left_alone(world: World) -> None:
    world.add(images.cubin(NAME, 90))
    assert world.find(90)[0] == "cubin sm_90"
    with (world.sources / "math.inl").open("a") as file:
        file.write("// changed\n")
    assert world.find(90)[1][:2] == [("cubin sm_90", Reason.STALE), ("ptx", Reason.MISSING)]
    world.add(images.cubin(NAME, 90))
    assert world.find(90)[0] == "cubin sm_90"


def test_without_sources_images_are_as_they_were_built(world: World) -> None:
    world.add(images.cubin(NAME, 90))
    (world.sources / "kernel.cu").unlink()
    assert world.find(90) == ("cubin sm_90", [])
    assert world.find(75) == (None, [("cubin sm_75", Reason.MISSING), ("ptx", Reason.MISSING)])


@pytest.mark.parametrize(
    ("code", "reason"),
    [(222, Reason.OLD_DRIVER), (209, Reason.UNSUPPORTED), (2, Reason.UNLOADABLE)],
)
def test_what_the_driver_refuses_has_its_reason(code: int, reason: Reason, world: World) -> None:
    world.add(images.ptx(NAME), b"refuse %d" % code)
    assert world.find(90) == (
        None,
        [("cubin sm_90", Reason.MISSING), ("ptx", reason), ("nvrtc", Reason.NO_COMPILER)],
    )


def test_what_the_driver_said_is_told(world: World) -> None:
    world.add(images.ptx(NAME), b"refuse 222")
    misses = kernels.find(world.images, NAME, 90, world.driver)[1]
    assert misses[1] == Miss("ptx", Reason.OLD_DRIVER, OLD)


def test_an_image_that_cannot_be_read_is_passed_over(world: World) -> None:
    file = world.add(images.cubin(NAME, 90))
    file.unlink()
    file.mkdir()
    world.add(images.ptx(NAME))
    assert world.find(90) == ("ptx", [("cubin sm_90", Reason.UNLOADABLE)])


@pytest.mark.parametrize(
    ("chosen", "rung", "off"),
    [
        ("reference", None, ["cubin sm_90", "ptx", "nvrtc"]),
        ("ptx", "ptx", ["cubin sm_90"]),
        ("avx2", "cubin sm_90", []),
        ("", "cubin sm_90", []),
    ],
)
def test_rungs_are_switched_off(
    chosen: str, rung: str | None, off: list[str], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(images.cubin(NAME, 90))
    world.add(images.ptx(NAME))
    monkeypatch.setenv(CHOICE, chosen)
    assert world.find(90) == (rung, [(each, Reason.SWITCHED_OFF) for each in off])


def test_a_program_that_runs_from_source_compiles(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(nvrtc.PLACE, str(toy_operator.nvrtc(tmp_path / "nvrtc")))
    missing = [("cubin sm_90", Reason.MISSING), ("ptx", Reason.MISSING)]
    assert world.find(90) == ("nvrtc", missing)
    assert world.loaded() == b"sm_90 of"
    (world.sources / "kernel.cu").write_text("#error no\n")
    found, misses = kernels.find(world.images, NAME, 90, world.driver)
    assert found is None
    assert misses[2].reason is Reason.NOT_COMPILED
    assert "error: #error directive" in misses[2].detail


def test_a_manifest_that_is_none_lists_nothing(world: World) -> None:
    world.add(images.cubin(NAME, 90))
    (world.images / manifest.NAME).write_text('{"toy.sm_90.cubin": [1]}')
    assert world.find(90)[1][0] == ("cubin sm_90", Reason.MISSING)


@contextmanager
def card(
    world: World, capability: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Have torch see a card, with number 1."""
    stream = SimpleNamespace(cuda_stream=77)
    stand_ins = {
        "is_available": lambda: True,
        "device_count": lambda: 2,
        "current_device": lambda: 1,
        "get_device_capability": lambda number: capability,
        "current_stream": lambda: stream,
        "device": nullcontext,
    }
    with monkeypatch.context() as patched:
        for name, stand_in in stand_ins.items():
            patched.setattr(torch.cuda, name, stand_in)
        patched.setattr(torch.version, "cuda", "13.0")
        patched.setattr(manifest, "BUILT", world.images)
        patched.setattr(driver, "load", lambda: world.driver)
        yield


CARD = torch.device("cuda", 1)


def told(world: World) -> list[int]:
    return list((ctypes.c_longlong * 9).in_dll(world.handle, "driver_launch"))


def test_a_launch_goes_to_the_stream_and_the_context_of_its_card(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(images.cubin(NAME, 90))
    x, y = torch.arange(4.0), torch.zeros(4)
    with card(world, (9, 0), monkeypatch):
        assert devices.is_served(NAME, CARD)
        world.driver.call("cuCtxSetCurrent", None)
        arguments = ToyArguments(x.data_ptr(), y.data_ptr(), 4)
        kernels.launch(NAME, KERNEL, CARD, (3, 1, 1), 128, arguments, 60_000)
    assert y.tolist() == [0, 2, 4, 6]
    assert told(world) == [3, 1, 1, 128, 1, 1, 60_000, 77, 0x1001]


def test_a_card_is_looked_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add(images.cubin(NAME, 90))
    with card(world, (9, 0), monkeypatch):
        assert kernels.status(NAME, CARD) == ("cubin sm_90", ())
        (world.images / images.cubin(NAME, 90)).unlink()
        assert kernels.status(NAME, CARD) == ("cubin sm_90", ())
        assert devices.is_served(NAME, CARD)
        kernels.forget()
        assert kernels.status(NAME, CARD)[0] is None
        assert not devices.is_served(NAME, CARD)
        with pytest.raises(RuntimeError, match="no kernels for cuda:1.*cubin sm_90: missing"):
            kernels.launch(NAME, KERNEL, CARD, (1, 1, 1), 1, ToyArguments())


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (DriverError(ABSENT, "no driver", "libcuda.so.1"), Reason.NO_DRIVER),
        (DriverError(100, "CUDA_ERROR_NO_DEVICE", ""), Reason.NO_DEVICE),
        (RuntimeError("CUDA unknown error"), Reason.NO_DEVICE),
        (AssertionError("Invalid device id"), Reason.NO_DEVICE),
    ],
)
def test_what_fails_on_the_way_is_a_reason(
    error: Exception, reason: Reason, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> Driver:
        raise error

    with card(world, (9, 0), monkeypatch):
        monkeypatch.setattr(driver, "load", refuse)
        assert not devices.is_served(NAME, CARD)
        rung, (miss,) = kernels.status(NAME, CARD)
        assert (rung, miss.reason, miss.detail) == (None, reason, str(error))


def test_a_machine_without_a_card_has_no_kernels(world: World) -> None:
    world.add(images.cubin(NAME, 90))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(torch.cuda, "is_available", lambda: False)
        assert not devices.is_served(NAME, CARD)
        assert kernels.status(NAME, CARD)[1][0].reason is Reason.NO_DEVICE
        assert not devices.is_served(NAME, torch.device("meta"))
        assert kernels.status(NAME, torch.device("meta"))[1][0].reason is Reason.NO_KERNEL


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_nothing_is_looked_for_while_torch_compiles(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(images.cubin(NAME, 90))

    def served(x: torch.Tensor) -> torch.Tensor:
        return x + 1 if kernels.is_served(NAME, CARD) else x - 1

    def told_when_compiled() -> bool:
        torch.compiler.reset()
        compiled = torch.compile(served, fullgraph=True, backend="eager")
        return bool(compiled(torch.zeros(1)).item() == 1)

    assert not told_when_compiled()
    with card(world, (9, 0), monkeypatch):
        assert devices.is_served(NAME, CARD)
    assert told_when_compiled()


def test_a_stand_in_runs_what_lies_on_any_device(world: World) -> None:
    x, y = torch.arange(3.0), torch.zeros(3)
    arguments = ToyArguments(x.data_ptr(), y.data_ptr(), 3)
    with kernels.substitute(world.driver):
        kernels.launch(NAME, KERNEL, torch.device("cpu"), (1, 1, 1), 32, arguments)
    assert y.tolist() == [0, 2, 4]
    assert told(world)[7:] == [0, 0]
    with pytest.raises(RuntimeError, match="no kernels for cpu"):
        kernels.launch(NAME, KERNEL, torch.device("cpu"), (1, 1, 1), 32, arguments)


def test_every_operator_has_a_status_on_every_device(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(images.cubin(NAME, 90))
    with card(world, (9, 0), monkeypatch):
        known = {(each.operator, each.device): each for each in devices.status()}
    assert set(known) == {
        (operator, device) for operator in images.FOLDERS for device in ("cpu", "cuda:0", "cuda:1")
    }
    assert known[NAME, "cuda:0"].rung == "cubin sm_90"
    other = known["snake_gather", "cuda:1"]
    assert (other.rung, other.misses[0]) == (
        "reference",
        Miss("cubin sm_90", Reason.MISSING, "bilinear_gather.sm_90.cubin"),
    )


@pytest.mark.tool("nvcc")
def test_the_kernel_of_these_tests_compiles(world: World, tmp_path: Path) -> None:
    source = images.sources(NAME)["kernel.cu"]
    compiler.run(["nvcc", *images.OPTIONS, "-cubin", source, "-o", tmp_path / "cubin"])
    assert (tmp_path / "cubin").read_bytes().startswith(b"\x7fELF")
