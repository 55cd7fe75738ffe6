"""What the shim makes of kernels that are right, and of each way in which one can be wrong."""

from __future__ import annotations

import ctypes
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ops.build import compiler
from ops.build import shim as build
from ops.driver import DriverError
from ops.manifest import OPS
from tests.helpers import shim as helper
from tests.helpers.scan_kernel import SEEDS
from tests.helpers.shim import Shim

pytestmark = pytest.mark.tool("g++")
ROOT = Path(__file__).resolve().parents[2]
PLACE = OPS / "selective_scan" / "kernel.cu"
TEXT = """
#include "../common/simt.h"

struct Arguments {
    float* to;
    int32 number;
};

constexpr uint32 ALL = 0xffffffffu;

KERNEL(shuffle, 32, Arguments) {
    const int lane = threadIdx.x;
    const float own = float(lane);
    float* to = a.to + lane;
    to[0] = __shfl_sync(ALL, own, lane * 3);
    to[32] = __shfl_up_sync(ALL, own, 3);
    to[64] = __shfl_down_sync(ALL, own, 3);
    to[96] = __shfl_xor_sync(ALL, own, 5);
    to[128] = __shfl_down_sync(ALL, own, 2, 8);
    to[160] = float(__ballot_sync(ALL, lane > 28) >> 29);
    to[192] = float(__any_sync(ALL, lane == a.number));
    to[224] = lane < 8 ? __shfl_sync(0xffu, own, 7) : __shfl_sync(~0xffu, own, 8);
}

KERNEL(index, 64, Arguments) {
    const int thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
    const int block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
    a.to[block * blockDim.x * blockDim.y * blockDim.z + thread] += 1;
}

KERNEL(mirror, 256, Arguments) {
    SHARED(float[256], row);
    row[threadIdx.x] = float(threadIdx.x);
    __syncthreads();
    a.to[threadIdx.x] = row[255 - threadIdx.x];
}

KERNEL(mirror_without_barrier, 256, Arguments) {
    SHARED(float[256], row);
    row[threadIdx.x] = float(threadIdx.x);
    a.to[threadIdx.x] = row[255 - threadIdx.x];
}

KERNEL(mirror_of_lanes, 32, Arguments) {
    SHARED(float[32], row);
    row[threadIdx.x] = float(threadIdx.x);
    __syncwarp();
    a.to[threadIdx.x] = row[31 - threadIdx.x];
}

INLINE float sum_of_next_warp(int rounds, bool two_barriers) {
    SHARED(float[256], row);
    float sum = 0;
    for (int i = 0; i < rounds; i++) {
        row[threadIdx.x] = float(i * threadIdx.x);
        __syncthreads();
        sum += row[(threadIdx.x + 32) % 256];
        if (two_barriers) __syncthreads();
    }
    return sum;
}

KERNEL(sum_with_two_barriers, 256, Arguments) {
    a.to[threadIdx.x] = sum_of_next_warp(a.number, true);
}

// Nothing keeps a warp from writing what a slower one has yet to read.
KERNEL(sum_with_one_barrier, 256, Arguments) {
    a.to[threadIdx.x] = sum_of_next_warp(a.number, false);
}

KERNEL(order, 256, Arguments) {
    const float come = a.to[0]++;
    a.to[1 + blockIdx.x * 256 + threadIdx.x] = come;
}

KERNEL(left_over, 32, Arguments) {
    SHARED(float[32], row);
    a.to[blockIdx.x * 32 + threadIdx.x] = row[threadIdx.x];
    row[threadIdx.x] = 1;
}

KERNEL(dynamic, 32, Arguments) {
    DYNAMIC_SHARED(float, row);
    row[a.number + threadIdx.x] = float(threadIdx.x);
    __syncwarp();
    a.to[threadIdx.x] = row[a.number + 31 - threadIdx.x];
}

KERNEL(early_end, 32, Arguments) {
    if (int(threadIdx.x) == a.number) return;
    a.to[threadIdx.x] = __shfl_down_sync(ALL, 1.0f, 1);
}

KERNEL(divergent_shuffles, 32, Arguments) {
    if (int(threadIdx.x) < a.number)
        a.to[threadIdx.x] = __shfl_down_sync(ALL, 1.0f, 1);
    else
        a.to[threadIdx.x] = __shfl_down_sync(ALL, 2.0f, 1);
}

KERNEL(outside_of_mask, 32, Arguments) {
    a.to[threadIdx.x] = __shfl_down_sync(0xffffu, 1.0f, 1);
}

KERNEL(source_outside_of_mask, 32, Arguments) {
    if (threadIdx.x < 16) a.to[threadIdx.x] = __shfl_down_sync(0xffffu, 1.0f, 1);
}

KERNEL(barrier_of_some, 64, Arguments) {
    if (int(threadIdx.x) < a.number) __syncthreads();
}

KERNEL(divergent_barriers, 64, Arguments) {
    if (int(threadIdx.x) < a.number)
        __syncthreads();
    else
        __syncthreads();
}

KERNEL(barrier_beside_shuffle, 32, Arguments) {
    if (int(threadIdx.x) < a.number)
        __syncthreads();
    else
        a.to[threadIdx.x] = __shfl_sync(ALL, 1.0f, 0);
}
"""


class Arguments(ctypes.Structure):
    """As in the text above."""

    _fields_ = (("to", ctypes.c_void_p), ("number", ctypes.c_int32))


@pytest.fixture(scope="module")
def shim() -> Shim:
    return helper.compiled({PLACE: TEXT})


def run(
    shim: Shim,
    kernel: str,
    size: int,
    *,
    grid: tuple[int, int, int] = (1, 1, 1),
    block: int = 32,
    number: int = 0,
    seed: int = 0,
    shared: int = 0,
) -> Tensor:
    """Return what a kernel writes into so many zeros."""
    to = torch.zeros(size)
    shim.seed(seed)
    function = shim.driver.module(b"").function(kernel)
    function.launch(grid, block, Arguments(to.data_ptr(), number), stream=0, shared=shared)
    return to


def test_shuffles(shim: Shim) -> None:
    found = run(shim, "shuffle", 256, number=31).view(8, 32)
    lane = torch.arange(32)
    assert torch.equal(found[0], (lane * 3 % 32).float())
    assert torch.equal(found[1], torch.where(lane < 3, lane, lane - 3).float())
    assert torch.equal(found[2], torch.where(lane > 28, lane, lane + 3).float())
    assert torch.equal(found[3], (lane ^ 5).float())
    assert torch.equal(found[4], torch.where(lane % 8 > 5, lane, lane + 2).float())
    assert found[5].tolist() == [7] * 32
    assert found[6].tolist() == [1] * 32
    assert found[7].tolist() == [7] * 8 + [8] * 24
    assert run(shim, "shuffle", 256, number=32).view(8, 32)[6].tolist() == [0] * 32


def test_each_thread_of_each_block_runs_once(shim: Shim) -> None:
    assert run(shim, "index", 5 * 3 * 2 * 40, grid=(5, 3, 2), block=40).tolist() == [1] * 1200


def test_a_barrier_is_one_in_any_order(shim: Shim) -> None:
    backwards = torch.arange(255, -1, -1).float()
    for seed in SEEDS:
        assert torch.equal(run(shim, "mirror", 256, block=256, seed=seed), backwards)
        lanes = run(shim, "mirror_of_lanes", 32, seed=seed)
        assert torch.equal(lanes, backwards[-32:])


def test_a_missing_barrier_shows(shim: Shim) -> None:
    for seed in SEEDS:
        found = run(shim, "mirror_without_barrier", 256, block=256, seed=seed)
        assert found.isnan().any()


def test_a_warp_that_runs_ahead_of_the_others_shows(shim: Shim) -> None:
    expected = ((torch.arange(256) + 32) % 256 * sum(range(5))).float()
    for seed in SEEDS:
        for kernel, right in (("sum_with_two_barriers", True), ("sum_with_one_barrier", False)):
            found = run(shim, kernel, 256, block=256, number=5, seed=seed)
            assert torch.equal(found, expected) == right


def test_the_order_is_that_of_the_seed(shim: Shim) -> None:
    def order(seed: int) -> list[float]:
        return run(shim, "order", 1 + 3 * 256, grid=(3, 1, 1), block=256, seed=seed).tolist()[1:]

    orders = [order(seed) for seed in SEEDS]
    assert len({tuple(each) for each in orders}) == len(orders)
    assert order(3) == orders[3]
    assert {block for each in orders for block in range(3) if each[block * 256] < 256} == {0, 1, 2}


def test_shared_memory_is_new_for_each_block(shim: Shim) -> None:
    assert run(shim, "left_over", 5 * 32, grid=(5, 1, 1)).isnan().all()


def test_shared_memory_of_a_size_that_the_launch_says(shim: Shim) -> None:
    backwards = torch.arange(31, -1, -1).float()
    assert torch.equal(run(shim, "dynamic", 32, shared=128), backwards)
    large = 100_000
    assert torch.equal(run(shim, "dynamic", 32, number=large // 4 - 32, shared=large), backwards)


@pytest.mark.parametrize(
    ("kernel", "number", "says"),
    [
        ("early_end", 5, "__shfl_down_sync"),
        ("divergent_shuffles", 7, "__shfl_down_sync"),
        ("outside_of_mask", 0, "outside its mask"),
        ("source_outside_of_mask", 0, "outside its mask"),
        ("barrier_of_some", 40, "thread 0 waits at __syncthreads in line"),
        ("divergent_barriers", 40, "__syncthreads in line"),
        ("barrier_beside_shuffle", 3, "__shfl_sync"),
    ],
)
def test_threads_that_wait_in_vain_end_the_launch(
    kernel: str, number: int, says: str, shim: Shim
) -> None:
    block = 64 if "barrier" in kernel and "beside" not in kernel else 32
    for seed in SEEDS:
        with pytest.raises(DriverError, match=says) as caught:
            run(shim, kernel, 64, block=block, number=number, seed=seed)
        assert caught.value.name == "CUDA_ERROR_LAUNCH_FAILED"
        assert torch.equal(
            run(shim, "mirror", 256, block=256), torch.arange(255, -1, -1).float()
        ), "the next launch is not as it should be"


def test_launches_that_no_card_takes_are_refused(shim: Shim) -> None:
    for grid, block in [((1, 1, 1), 33), ((0, 1, 1), 32), ((1, 65_536, 1), 32), ((1, 1, 1), 0)]:
        with pytest.raises(DriverError, match="INVALID_VALUE"):
            run(shim, "shuffle", 256, grid=grid, block=block)
    with pytest.raises(DriverError, match="NOT_FOUND"):
        run(shim, "nothing", 1)


def test_libraries_do_not_share_what_they_keep(shim: Shim) -> None:
    other = helper.compiled({PLACE: TEXT.replace("255 - threadIdx.x", "threadIdx.x")})
    for each, first in ((shim, 255), (other, 0), (shim, 255)):
        assert run(each, "mirror", 256, block=256)[0] == first


@pytest.mark.slow
def test_the_sanitizers_find_a_step_beside_shared_memory_and_nothing_in_the_kernels(
    tmp_path: Path,
) -> None:
    text = re.sub(r"SCAN_KERNELS\((Half|Brain), \w+\)\n", "", PLACE.read_text("utf-8"))
    mistakes = {
        "right": ("", ""),
        "beside shared memory": ("(lane ^ half * 4)", "(lane + half * 4)"),
        "beside a tensor": ("left > 0 ? int(smaller(left, EACH))", "true ? EACH"),
        "a pack that is not aligned": ("a.length % int32(16 / sizeof(T)) == 0", "true"),
    }
    files = []
    for number, (right, mistaken) in enumerate(mistakes.values()):
        files.append(tmp_path / f"{number}.so")
        source = {PLACE: text.replace(right, mistaken) if right else text}
        build.library(compiler.native(), files[-1], source, extra=build.SANITIZED)
    libraries = (
        subprocess.check_output(["g++", f"-print-file-name={name}"], text=True).strip()
        for name in ("libasan.so", "libubsan.so", "libstdc++.so")
    )
    environment = {"LD_PRELOAD": " ".join(libraries), "ASAN_OPTIONS": "detect_leaks=0"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.helpers.scan_kernel", *map(str, files)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == ["same", "crashed", "crashed", "crashed"]
    assert "heap-buffer-overflow" in done.stderr
    assert "misaligned address" in done.stderr
