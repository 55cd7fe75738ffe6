"""The kernels that read between pixels, unmodified on a processor, against torch in 64 bits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from ops.bilinear_gather import cuda
from ops.bilinear_gather.cuda import CARD
from ops.deform_conv2d import operator as deform_operator
from tests.helpers import shim
from tests.helpers.gathers import CASES, NEAR, Case, errors
from tests.helpers.shim import Shim

pytestmark = pytest.mark.tool("g++")
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@pytest.fixture(autouse=True)
def poisoned() -> Iterator[None]:
    """Fill what is allocated and not written with NaN."""
    torch.use_deterministic_algorithms(True)
    assert torch.empty(3).isnan().all()
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture
def kernels() -> Shim:
    return shim.whole()


@every_case
@pytest.mark.parametrize("kind", NEAR, ids=str)
def test_it_is_what_plain_torch_finds(case: Case, kind: torch.dtype, kernels: Shim) -> None:
    with kernels.seeded():
        found = errors(case.done(CARD, case.arguments(kind)), case.exact(kind))
    assert max(found.values()) < NEAR[kind], found


@every_case
def test_whatever_comes_first_gives_the_same_bits(case: Case, kernels: Shim) -> None:
    arguments, runs = case.arguments(torch.float32), []
    for seed in range(5):
        with kernels.seeded(seed):
            runs.append(case.done(CARD, arguments))
    for other in runs[1:]:
        assert all(torch.equal(other[name], each) for name, each in runs[0].items())


@every_case
def test_tensors_that_begin_anywhere_are_read_number_by_number(
    case: Case, kernels: Shim, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = case.arguments(torch.float32)
    with kernels.seeded():
        expected = case.done(CARD, arguments)
        monkeypatch.setattr(cuda, "_is_wide", lambda a: False)
        found = case.done(CARD, arguments)
    for name, each in expected.items():
        assert torch.allclose(found[name], each, rtol=1e-5, atol=1e-5), name


@pytest.mark.parametrize("at_once", [1, 300, 5000])
@pytest.mark.parametrize("name", ["convolution: all options", "attention: all levels"])
def test_pixels_are_sorted_a_few_at_a_time(
    name: str, at_once: int, kernels: Shim, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[name]
    monkeypatch.setattr(cuda, "SORTED", at_once)
    with kernels.seeded():
        found = errors(case.done(CARD, case.arguments(torch.float32)), case.exact(torch.float32))
    assert max(found.values()) < NEAR[torch.float32], found


@pytest.mark.parametrize("held", [1, 20_000, 60_000])
def test_columns_are_made_a_few_at_a_time(held: int, kernels: Shim) -> None:
    case = CASES["convolution: uneven"]
    arguments, means = case.arguments(torch.float32).values(), replace(CARD, held=held)
    with kernels.seeded():
        output = deform_operator._forward(means, *arguments)
        some = deform_operator._backward(means, torch.ones_like(output), *arguments)
        every = deform_operator._backward(CARD, torch.ones_like(output), *arguments)
    assert torch.allclose(output.double(), case.exact(torch.float32)["output"], atol=1e-4)
    for one, two in zip(some, every, strict=True):
        assert torch.allclose(one, two, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("place", [math.nan, math.inf, -math.inf, 1e30, -1e30, 3e9, -3e9])
@pytest.mark.parametrize("name", ["gather: whole vectors", "convolution: all options"])
def test_places_that_are_none_spoil_what_they_do_in_plain_torch(
    name: str, place: float, kernels: Shim
) -> None:
    case = CASES[name]
    arguments = case.arguments(torch.float32)
    arguments["rows" if "rows" in arguments else "offset"][0, 0, 2] = place
    with kernels.seeded():
        found = case.done(CARD, arguments)
    expected = case.called(
        {
            key: each.double() if isinstance(each, torch.Tensor) else each
            for key, each in arguments.items()
        }
    )
    for key, each in expected.items():
        assert torch.equal(found[key].isnan(), each.isnan()), key
        assert torch.allclose(found[key].double(), each, atol=1e-4, equal_nan=True), key


def test_more_taps_than_a_launch_counts_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES["gather: few channels"]
    monkeypatch.setattr(cuda, "MOST", 71)
    with pytest.raises(ValueError, match="72 taps"):
        case.module._forward(CARD, *case.arguments(torch.float32).values())
