"""The kernels of the selective scan on a processor against the reference in 64 bits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from ops.manifest import OPS
from ops.selective_scan import cuda
from ops.selective_scan.arguments import SPAN_GPU
from tests.helpers import shim as helper
from tests.helpers.scan_kernel import FEW, MANY, SEEDS, is_near, run
from tests.helpers.shim import Shim
from tests.ops.test_selective_scan_library import ALL, Case
from tests.ops.test_selective_scan_library import run as reference

pytestmark = pytest.mark.tool("g++")
KERNEL = OPS / "selective_scan" / "kernel.cu"
CASES = {
    "one step": Case(1, 1, 1, 1),
    "two steps": Case(1, 1, 2, 1),
    "all options": Case(2, 20, 100, 3, 2, ALL, True),
    "a step short of a chunk": Case(2, 9, SPAN_GPU - 1, 5, 1, ("D",)),
    "a chunk": Case(1, 8, SPAN_GPU, 1, 1, ("z",), True),
    "a step more": Case(1, 33, SPAN_GPU + 1, 2, 3, ALL),
    "several chunks": Case(1, 11, 600, 16, 1, ALL, True),
    "rows that no pack fits": Case(1, 5, 3 * SPAN_GPU + 37, 3, 1, ALL, True),
    "a state more than lanes": Case(1, 3, 300, 33, 1, ("z", "delta_bias")),
    "as many states as there may be": Case(1, 3, 270, 64, 1, ALL, True),
    "a channel a group": Case(1, 4, 67, 17, 4, ALL, True),
    "several octets a part": Case(1, 8 * 17, 30, 1, 1, ALL, True),
}
KINDS = {torch.float32: 1e-5, torch.float16: 1e-2, torch.bfloat16: 1e-2}
SCALES = pytest.mark.parametrize("multiprocessors", [FEW, MANY], ids=["whole", "in segments"])


@pytest.fixture(scope="module")
def shim() -> Shim:
    return helper.compiled({KERNEL: KERNEL.read_text("utf-8")})


@pytest.fixture(autouse=True)
def poisoned() -> Iterator[None]:
    """Fill what is allocated and not written with NaN."""
    torch.use_deterministic_algorithms(True)
    assert torch.empty(3).isnan().all()
    yield
    torch.use_deterministic_algorithms(False)


@SCALES
@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_it_is_the_scan(case: Case, kind: torch.dtype, multiprocessors: int, shim: Shim) -> None:
    inputs = {name: each.to(kind).double() for name, each in case.inputs().items()}
    found = run(shim, case, kind, inputs, multiprocessors=multiprocessors)
    assert found["y"].dtype == found["u"].dtype == found["B"].dtype == kind
    assert is_near(found, reference(case, torch.float64, inputs), KINDS[kind])


def test_the_length_is_cut_where_the_card_would_be_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    def segments(length: int, blocks: int, multiprocessors: int) -> int:
        monkeypatch.setattr(cuda, "multiprocessors", lambda _: multiprocessors)
        return cuda.segments_of(torch.empty(1, 1, length), blocks)

    assert segments(6400, 16, 132) == 13
    assert segments(6400, 128, 132) == 1
    assert segments(SPAN_GPU, 1, 132) == 1
    assert segments(SPAN_GPU + 1, 1, 132) == 2
    for length in range(1, 20 * SPAN_GPU, 100):
        chunks, found = -(-length // SPAN_GPU), segments(length, 3, 20)
        each = -(-chunks // found)
        assert each * (found - 1) < chunks <= each * found, "a segment would be empty"


@SCALES
@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_16_bits_are_added_up_in_32(kind: torch.dtype, multiprocessors: int, shim: Shim) -> None:
    case = CASES["several chunks"]
    inputs = {name: each.to(kind).double() for name, each in case.inputs().items()}
    options: dict[str, Any] = {"multiprocessors": multiprocessors, "float_output": True}
    found = run(shim, case, kind, inputs, **options)
    assert found["y"].dtype == torch.float32
    expected = reference(case, torch.float64, inputs)
    assert is_near(found, {name: expected[name] for name in ("y", "last", "A", "D")}, 1e-5)


@SCALES
def test_the_order_in_which_threads_come_changes_no_bit(multiprocessors: int, shim: Shim) -> None:
    case = Case(2, 20, 600, 3, 2, ALL, True)
    inputs = case.inputs()
    first, *others = (
        run(shim, case, torch.float32, inputs, seed=seed, multiprocessors=multiprocessors)
        for seed in (*SEEDS, 0)
    )
    for other in others:
        assert all(torch.equal(other[name], each) for name, each in first.items())


def test_tensors_need_not_be_dense_nor_begin_at_16_bytes(shim: Shim) -> None:
    case = Case(1, 3, 64, 2, 1, ALL, True)
    inputs = case.inputs()
    expected = run(shim, case, torch.float32, inputs)

    def strided(each: Tensor) -> Tensor:
        return each.repeat_interleave(2, -1)[..., ::2]

    def shifted(each: Tensor) -> Tensor:
        beside = torch.cat((each.new_zeros(1), each.flatten()))[1:].view(each.shape)
        assert beside.data_ptr() % 16
        return beside

    for change in (strided, shifted):
        found = run(shim, case, torch.float32, inputs, change=change)
        assert all(torch.equal(found[name], each) for name, each in expected.items())


def test_decays_that_are_almost_1_do_not_drift(shim: Shim) -> None:
    case = Case(1, 1, 20_000, 2)
    inputs = case.inputs()
    inputs["delta"] = inputs["delta"] * 1e-3
    inputs |= {name: inputs[name].abs() for name in ("u", "B", "C")}
    expected = reference(case, torch.float64, inputs)
    for multiprocessors in (FEW, MANY):
        found = run(shim, case, torch.float32, inputs, multiprocessors=multiprocessors)
        assert is_near(found, expected, 1e-5)


def test_steps_that_decay_everything_stay_finite(shim: Shim) -> None:
    case = Case(1, 9, 600, 16, 1, ALL, True)
    inputs = case.inputs()
    inputs["delta"] = inputs["delta"] * 1e4
    expected = {"y": reference(case, torch.float64, inputs)["y"]}
    for multiprocessors in (FEW, MANY):
        found = run(shim, case, torch.float32, inputs, multiprocessors=multiprocessors)
        assert all(each.isfinite().all() for each in found.values())
        assert is_near(found, expected, 1e-5)


@SCALES
@pytest.mark.parametrize("name", ["u", "delta", "z"])
def test_nan_stays_in_its_channel_and_does_not_reach_back(
    name: str, multiprocessors: int, shim: Shim
) -> None:
    case = Case(2, 20, 600, 3, 1, ALL, True)
    inputs = case.inputs()
    clean = run(shim, case, torch.float32, inputs, multiprocessors=multiprocessors)["y"]
    inputs[name][1, 5, 290] = torch.nan
    y = run(shim, case, torch.float32, inputs, multiprocessors=multiprocessors)["y"]
    spoilt = y.isnan()
    assert spoilt[1, 5, 290]
    assert not spoilt[1, 5, :290].any()
    assert spoilt[1, 5, 291:].all() == (name != "z")
    spoilt[1, 5] = False
    assert not spoilt.any()
    others = torch.arange(20) != 5
    assert torch.equal(y[:, others], clean[:, others])
