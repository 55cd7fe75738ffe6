"""An operator of a few lines with what stands in for NVIDIA's libraries, for tests of ours."""

from __future__ import annotations

import ctypes
import shutil
from pathlib import Path

import pytest

from ops import images, variants
from ops.build.compiler import native, run
from ops.driver import Driver
from ops.manifest import OPS

HERE = Path(__file__).parent
NAME = "toy"
KERNEL = "labsight_toy_double_f32"
FILES = {
    "math.inl": """\
struct ToyArguments { const float* x; float* y; int32 count; };
INLINE float doubled(float x) { return x + x; }
""",
    "kernel.cu": """\
#include "../common/simt.h"
#include "math.inl"
extern "C" __global__ void labsight_toy_double_f32(const ToyArguments a) {
    const int i = int(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < a.count) a.y[i] = doubled(a.x[i]);
}
""",
    "cpu.cpp": """\
#include "../common/vec.h"
#include "math.inl"
extern "C" int64 labsight_toy_size() { return sizeof(ToyArguments); }
extern "C" void labsight_toy_double(const ToyArguments* a, int64 first, int64 last) {
    for (int64 i = first; i < last; i++) a->y[i] = doubled(a->x[i]);
}
""",
}


class ToyArguments(ctypes.Structure):
    """What the operator is told."""

    _fields_ = (("x", ctypes.c_void_p), ("y", ctypes.c_void_p), ("count", ctypes.c_int32))


def plant(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have the operator be the only one whose sources lie here, and return their folder."""
    shutil.copytree(OPS / "common", folder / "common")
    own = folder / NAME
    own.mkdir()
    for name, text in FILES.items():
        (own / name).write_text(text)
    monkeypatch.setattr(images, "OPS", folder)
    monkeypatch.setattr(variants, "OPS", folder)
    monkeypatch.setitem(images.FOLDERS, NAME, NAME)
    return own


def shared_object(source: str, file: Path, *flags: str) -> Path:
    """Compile a file that lies beside this one."""
    run(
        [
            native().command,
            "-std=c++17",
            "-O1",
            "-shared",
            "-fPIC",
            *flags,
            HERE / source,
            "-o",
            file,
        ]
    )
    return file


def driver(folder: Path) -> tuple[Driver, ctypes.CDLL]:
    """Return what stands in for the driver, and its library."""
    handle = ctypes.CDLL(str(shared_object("fake_driver.cpp", folder / "libcuda.so.1")))
    return Driver(handle), handle


def nvrtc(folder: Path, minor: int = 8) -> Path:
    """Return a folder with what stands in for NVRTC."""
    folder.mkdir()
    shared_object("fake_nvrtc.cpp", folder / "libnvrtc.so.12", f"-DMINOR={minor}", "-ldl")
    name = "libnvrtc-builtins.so.12.0"
    empty = folder / "empty.cpp"
    empty.write_text("")
    flags = ("-shared", "-fPIC", f"-Wl,-soname,{name}")
    run([native().command, *flags, empty, "-o", folder / name])
    return folder
