"""The driver's functions are called as cuda.h declares them, and what it refuses is an error."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest
import torch

from ops import driver
from ops.build import compiler
from ops.driver import Driver, DriverError
from ops.rungs import Reason
from tests.helpers import toy_operator
from tests.helpers.toy_operator import KERNEL, ToyArguments

pytestmark = pytest.mark.tool("g++")
CUBIN = b"\x7fELF\0\1\2\3"
Fake = tuple[Driver, ctypes.CDLL]


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    return toy_operator.driver(tmp_path)


def told(handle: ctypes.CDLL) -> list[int]:
    return list((ctypes.c_longlong * 9).in_dll(handle, "driver_launch"))


def test_a_kernel_is_given_its_structure_by_value(fake: Fake) -> None:
    system, handle = fake
    x, y = torch.arange(5.0), torch.zeros(5)
    arguments = ToyArguments(x.data_ptr(), y.data_ptr(), 4)
    function = system.module(CUBIN).function(KERNEL)
    function.launch((70_000, 2, 3), 256, arguments, stream=2**40, shared=100)
    assert y.tolist() == [0, 2, 4, 6, 0]
    assert told(handle)[:8] == [70_000, 2, 3, 256, 1, 1, 100, 2**40]
    assert (ctypes.c_char * 8).in_dll(handle, "driver_image").raw == CUBIN


class Longer(ctypes.Structure):
    _fields_ = (*ToyArguments._fields_, ("more", ctypes.c_int64))


@pytest.mark.parametrize("tells", [True, False])
def test_a_structure_of_another_size_is_refused(tells: bool, fake: Fake) -> None:
    system, handle = fake
    ctypes.c_int.in_dll(handle, "driver_tells").value = tells
    function = system.module(CUBIN).function(KERNEL)
    if tells:
        with pytest.raises(TypeError, match="takes 24 bytes, not 32"):
            function.launch((1, 1, 1), 1, Longer(), stream=0)
    function.launch((1, 1, 1), 1, ToyArguments() if tells else Longer(), stream=0)
    assert told(handle)[0] == 1


def test_more_shared_memory_is_asked_for_once(fake: Fake) -> None:
    system, handle = fake
    function = system.module(CUBIN).function(KERNEL)
    allowed = ctypes.c_int.in_dll(handle, "driver_allowed")
    for shared, expected in ((1000, 49_152), (60_000, 60_000), (50_000, 60_000), (70_000, 70_000)):
        function.launch((1, 1, 1), 32, ToyArguments(), stream=0, shared=shared)
        assert allowed.value == expected
        assert told(handle)[6] == shared
    with pytest.raises(DriverError) as refused:
        function.launch((1, 1, 1), 32, ToyArguments(), stream=0, shared=300_000)
    assert refused.value.code == 1


def test_a_thread_enters_the_context_of_a_card(fake: Fake) -> None:
    system, handle = fake
    for device in (1, 0, 1):
        system.enter(device)
        system.module(CUBIN).function(KERNEL).launch((1, 1, 1), 1, ToyArguments(), stream=0)
        assert told(handle)[8] == 0x1000 + device
    assert ctypes.c_int.in_dll(handle, "driver_retained").value == 2


def test_the_version_is_known(fake: Fake) -> None:
    assert fake[0].version() == 12_080


@pytest.mark.parametrize(
    ("code", "reason"),
    [(222, Reason.OLD_DRIVER), (209, Reason.UNSUPPORTED), (100, Reason.NO_DEVICE),
     (200, Reason.UNLOADABLE)],
)  # fmt: skip
def test_an_image_that_is_refused_has_a_reason(code: int, reason: Reason, fake: Fake) -> None:
    with pytest.raises(DriverError) as refused:
        fake[0].module(f"refuse {code}".encode())
    assert (refused.value.code, refused.value.reason) == (code, reason)


def test_the_driver_says_why(fake: Fake) -> None:
    with pytest.raises(DriverError, match="^CUDA_ERROR_UNSUPPORTED_PTX_VERSION: the provided PTX"):
        fake[0].module(b"refuse 222")
    with pytest.raises(DriverError, match="^500"):
        fake[0].module(CUBIN).function("labsight_toy_other")


def test_a_driver_that_lacks_a_function_is_none(tmp_path: Path) -> None:
    empty = tmp_path / "empty.so"
    compiler.run(["g++", "-shared", "-x", "c++", "/dev/null", "-o", empty])
    with pytest.raises(DriverError) as missing:
        Driver(ctypes.CDLL(str(empty))).version()
    assert missing.value.reason is Reason.NO_DRIVER


def test_a_machine_without_a_driver_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    with pytest.raises(DriverError, match="no driver: .*cannot open") as missing:
        driver.load()
    assert missing.value.reason is Reason.NO_DRIVER


@pytest.mark.parametrize(("code", "reason"), [(0, None), (100, Reason.NO_DEVICE)])
def test_the_driver_is_started(
    code: int, reason: Reason | None, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = fake[1]
    ctypes.c_int.in_dll(handle, "driver_start").value = code
    monkeypatch.setattr(ctypes, "CDLL", lambda name: handle)
    if reason is None:
        assert driver.load().version() == 12_080
    else:
        with pytest.raises(DriverError) as refused:
            driver.load()
        assert refused.value.reason is reason
