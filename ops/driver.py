"""NVIDIA's driver by ctypes: from an image of kernels to a kernel that runs.

"CUDA Driver API", docs.nvidia.com/cuda/cuda-driver-api. Only what launching takes; memory, streams
and the context are torch's.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any

from ops.rungs import Reason

_INT, _UINT, _POINTER = ctypes.c_int, ctypes.c_uint, ctypes.c_void_p
_SIZE, _TO_SIZE = ctypes.c_size_t, ctypes.POINTER(ctypes.c_size_t)
_TO_POINTER, _TO_TEXT = ctypes.POINTER(_POINTER), ctypes.POINTER(ctypes.c_char_p)
_SIGNATURES: dict[str, tuple[Any, ...]] = {
    "cuInit": (_UINT,),
    "cuDriverGetVersion": (ctypes.POINTER(_INT),),
    "cuDevicePrimaryCtxRetain": (_TO_POINTER, _INT),
    "cuCtxSetCurrent": (_POINTER,),
    "cuModuleLoadData": (_TO_POINTER, ctypes.c_char_p),
    "cuModuleGetFunction": (_TO_POINTER, _POINTER, ctypes.c_char_p),
    "cuFuncGetParamInfo": (_POINTER, _SIZE, _TO_SIZE, _TO_SIZE),
    "cuFuncSetAttribute": (_POINTER, _INT, _INT),
    "cuLaunchKernel": (_POINTER, *[_UINT] * 7, _POINTER, _TO_POINTER, _TO_POINTER),
    "cuGetErrorName": (_INT, _TO_TEXT),
    "cuGetErrorString": (_INT, _TO_TEXT),
}
_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8
USUAL_SHARED = 48 * 1024
"""Bytes of shared memory that a block may have without being allowed more."""
ABSENT = -1
"""Stands for a `CUresult` where there is no driver or it lacks a function."""
_REASONS = {
    ABSENT: Reason.NO_DRIVER,
    100: Reason.NO_DEVICE,
    209: Reason.UNSUPPORTED,  # no kernel image for the card
    222: Reason.OLD_DRIVER,  # PTX of a later toolkit
}


class DriverError(Exception):
    """The driver refused.

    Attributes:
        code: Its number, a `CUresult`, or `ABSENT`.
        name: Its name, such as CUDA_ERROR_INVALID_PTX.
    """

    def __init__(self, code: int, name: str, text: str) -> None:
        """Keep the number, its name and the driver's sentence."""
        super().__init__(f"{name}: {text}" if text else name)
        self.code, self.name = code, name

    @property
    def reason(self) -> Reason:
        """Why an image that is refused so is not in use."""
        return _REASONS.get(self.code, Reason.UNLOADABLE)


class Driver:
    """The driver."""

    def __init__(self, handle: ctypes.CDLL) -> None:
        """Use the driver in a library."""
        self._handle = handle
        self._functions: dict[str, Any] = {}
        self._contexts: dict[int, ctypes.c_void_p] = {}

    def call(self, name: str, *arguments: Any) -> None:  # noqa: ANN401
        """Call a function of the driver.

        Raises:
            DriverError: It refused.
        """
        code = self._function(name)(*arguments)
        if code:
            texts = (self._text(each, code) for each in ("cuGetErrorName", "cuGetErrorString"))
            raise DriverError(code, *texts)

    def version(self) -> int:
        """Return the version of CUDA that the driver knows, such as 12080 for 12.8."""
        found = _INT()
        self.call("cuDriverGetVersion", ctypes.byref(found))
        return found.value

    def enter(self, device: int) -> None:
        """Make the context that torch uses on a card the one of this thread.

        A thread in which torch has computed nothing yet has none.
        """
        context = self._contexts.get(device)
        if context is None:
            context = _POINTER()
            self.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
            self._contexts[device] = context
        self.call("cuCtxSetCurrent", context)

    def module(self, image: bytes) -> Module:
        """Load kernels into the context of this thread.

        Args:
            image: A cubin or the text of a PTX.
        """
        # Python ends bytes with a zero, which ends a PTX.
        found = _POINTER()
        self.call("cuModuleLoadData", ctypes.byref(found), image)
        return Module(self, found)

    def _function(self, name: str) -> Any:  # noqa: ANN401
        if name not in self._functions:
            try:
                found = self._handle[name]
            except AttributeError as error:
                raise DriverError(ABSENT, "no function", str(error)) from None
            found.argtypes, found.restype = _SIGNATURES[name], _INT
            self._functions[name] = found
        return self._functions[name]

    def _text(self, function: str, code: int) -> str:
        text = ctypes.c_char_p()
        self._function(function)(code, ctypes.byref(text))
        return (text.value or b"").decode("utf-8", "replace") or str(code)


class Module:
    """Kernels in the memory of a card."""

    def __init__(self, driver: Driver, handle: ctypes.c_void_p) -> None:
        """Keep a `CUmodule`."""
        self._driver, self._handle = driver, handle
        self._functions: dict[str, Function] = {}

    def function(self, name: str) -> Function:
        """Return a kernel.

        Raises:
            DriverError: There is none of this name.
        """
        if name not in self._functions:
            found = _POINTER()
            self._driver.call(
                "cuModuleGetFunction", ctypes.byref(found), self._handle, name.encode()
            )
            self._functions[name] = Function(self._driver, found)
        return self._functions[name]


class Function:
    """A kernel that takes one structure by value."""

    def __init__(self, driver: Driver, handle: ctypes.c_void_p) -> None:
        """Keep a `CUfunction`."""
        self._driver, self._handle = driver, handle
        self._allowed = USUAL_SHARED
        self._takes = self._parameter()

    def launch(
        self,
        grid: tuple[int, int, int],
        block: int,
        arguments: ctypes.Structure,
        *,
        stream: int,
        shared: int = 0,
    ) -> None:
        """Have the card run it, in the context of this thread, and return at once.

        Args:
            grid: Blocks, all sides above 0.
            block: Threads of each.
            arguments: Copied before this returns; what it points to must live on.
            stream: A `CUstream`.
            shared: Bytes of dynamic shared memory of each block.

        Raises:
            DriverError: It was refused, or something before it failed on the card.
            TypeError: The structure is not as large as the kernel's.
        """
        if self._takes not in (0, ctypes.sizeof(arguments)):
            raise TypeError(f"a kernel takes {self._takes} bytes, not {ctypes.sizeof(arguments)}")
        if shared > self._allowed:
            self._driver.call(
                "cuFuncSetAttribute", self._handle, _MAX_DYNAMIC_SHARED_SIZE_BYTES, shared
            )
            self._allowed = shared
        pointers = (_POINTER * 1)(ctypes.addressof(arguments))
        self._driver.call(
            *("cuLaunchKernel", self._handle, *grid, block, 1, 1),
            *(shared, stream, pointers, None),
        )

    def _parameter(self) -> int:
        """Return the size of its structure, or 0 where the driver is too old to tell."""
        offset, size = _SIZE(), _SIZE()
        try:
            self._driver.call(
                *("cuFuncGetParamInfo", self._handle, 0),
                *(ctypes.byref(offset), ctypes.byref(size)),
            )
        except DriverError:
            return 0
        return size.value


def load() -> Driver:
    """Return the driver of this machine.

    Raises:
        DriverError: There is none, or it does not start.
    """
    try:
        found = Driver(ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1"))
    except OSError as error:
        raise DriverError(ABSENT, "no driver", str(error)) from None
    found.call("cuInit", 0)
    return found
