"""What reads between pixels against plain torch in 64 bits, for each library that runs here."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import pytest
import torch
from torch import Tensor

from ops.bilinear_gather import bilinear_gather
from ops.bilinear_gather.cpu import PROCESSOR
from ops.deform_conv2d import deform_conv2d
from ops.deform_conv2d import operator as deform_operator
from ops.ms_deform_attn import ms_deform_attn
from ops.snake_gather import snake_gather
from tests.helpers.gathers import CASES, NEAR, Case, errors

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
ALL = CASES["convolution: all options"]


@pytest.fixture(autouse=True)
def poisoned() -> Iterator[None]:
    """Fill what is allocated and not written with NaN."""
    torch.use_deterministic_algorithms(True)
    assert torch.empty(3).isnan().all()
    yield
    torch.use_deterministic_algorithms(False)


@every_case
@pytest.mark.parametrize("kind", NEAR, ids=str)
def test_it_is_what_plain_torch_finds(case: Case, kind: torch.dtype, variant: str) -> None:
    found = errors(case.called(case.arguments(kind)), case.exact(kind))
    assert max(found.values()) < NEAR[kind], found


@every_case
def test_two_runs_give_the_same_bits_however_many_threads(case: Case, variant: str) -> None:
    arguments, threads, runs = case.arguments(torch.float32), torch.get_num_threads(), []
    for count in (1, 2, 3, 3):
        torch.set_num_threads(count)
        runs.append(case.called(arguments))
    torch.set_num_threads(threads)
    for other in runs[1:]:
        assert all(torch.equal(other[name], each) for name, each in runs[0].items())


def test_sums_over_many_places_keep_their_bits_and_digits(native: str) -> None:
    torch.manual_seed(0)
    x, offset = torch.randn(1, 1, 400, 400), torch.randn(1, 2, 400, 400)
    weight, bias, dy = torch.randn(1, 1, 1, 1), torch.randn(1), torch.randn(1, 1, 400, 400)

    def slopes(kind: torch.dtype) -> tuple[Tensor, ...]:
        given = [each.to(kind).requires_grad_() for each in (x, offset, weight, bias)]
        a, b, c, d = given
        return torch.autograd.grad(deform_conv2d(a, b, c, d), given, dy.to(kind))

    exact, threads = slopes(torch.float64), torch.get_num_threads()
    runs = []
    for count in (1, 2, 3):
        torch.set_num_threads(count)
        runs.append(slopes(torch.float32))
    torch.set_num_threads(threads)
    for wanted, each, *others in zip(exact, *runs, strict=True):
        assert (each - wanted).abs().max() < NEAR[torch.float32] * wanted.abs().max()
        assert all(torch.equal(each, other) for other in others)


@pytest.mark.parametrize("held", [1, 20_000, 60_000])
@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("convolution")])
def test_columns_are_made_a_few_at_a_time(name: str, held: int, native: str) -> None:
    case, means = CASES[name], replace(PROCESSOR, held=held)
    arguments = case.arguments(torch.float32)
    expected = case.called(arguments)
    output = deform_operator._forward(means, *arguments.values())
    assert torch.allclose(output, expected["output"], rtol=1e-4, atol=1e-4)
    dy = torch.ones_like(output)
    some = deform_operator._backward(means, dy, *arguments.values())
    every = deform_operator._backward(PROCESSOR, dy, *arguments.values())
    for one, two in zip(some, every, strict=True):
        assert torch.allclose(one, two, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("axis", ["x", "y"])
def test_a_chain_is_what_plain_torch_finds(axis: Literal["x", "y"], variant: str) -> None:
    x, steps = torch.randn(2, 19, 6, 9), torch.randn(2, 4, 6, 9)
    given = [each.requires_grad_() for each in (x, steps)]
    exact = [each.detach().double().requires_grad_() for each in given]
    found, expected = snake_gather(given[0], given[1], axis), snake_gather(exact[0], exact[1], axis)
    slopes = torch.autograd.grad(found.square().sum(), given)
    exact_slopes = torch.autograd.grad(expected.square().sum(), exact)
    for one, two in zip((found, *slopes), (expected, *exact_slopes), strict=True):
        assert (one - two).abs().max() < 1e-5 * two.abs().max()


@pytest.mark.parametrize("place", [math.nan, math.inf, -math.inf, 1e30, -1e30, 3e9, -3e9])
@pytest.mark.parametrize("case", ["gather: whole vectors", "convolution: all options"])
def test_places_that_are_none_spoil_what_they_do_in_plain_torch(
    case: str, place: float, variant: str
) -> None:
    arguments = CASES[case].arguments(torch.float32)
    places = arguments["rows" if "rows" in arguments else "offset"]
    places[0, 0, 2] = place
    found, expected = (
        CASES[case].called(
            {
                name: each.to(kind) if isinstance(each, Tensor) else each
                for name, each in arguments.items()
            }
        )
        for kind in (torch.float32, torch.float64)
    )
    assert expected["output"].isnan().any() == (not abs(place) < math.inf)
    for name, each in expected.items():
        assert torch.equal(found[name].isnan(), each.isnan()), name
        assert torch.allclose(found[name].double(), each, atol=1e-4, equal_nan=True), name


def test_pixels_that_are_not_read_do_not_matter(variant: str) -> None:
    x = torch.full((1, 20, 3, 4), torch.inf)
    x[..., 1:3, 1:3] = 1
    rows, columns = torch.tensor([[[1.5, -1.5, 1.0, 9.0]]]), torch.tensor([[[1.5, 1.0, -7.0, 2.0]]])
    found = bilinear_gather(x, rows, columns)
    assert torch.equal(found, torch.tensor([1.0, 0, 0, 0]).expand(1, 20, 1, 4))


def test_at_a_pixel_the_slope_is_that_to_the_next(variant: str) -> None:
    x = torch.randn(1, 40, 5, 6)
    rows = torch.tensor([[[2.0]]], requires_grad=True)
    columns = torch.tensor([[[3.0]]], requires_grad=True)
    found = bilinear_gather(x, rows, columns)
    assert torch.equal(found.flatten(), x[0, :, 2, 3])
    down, right = torch.autograd.grad(found.sum(), (rows, columns))
    assert torch.allclose(down.flatten(), (x[0, :, 3, 3] - x[0, :, 2, 3]).sum(), atol=1e-5)
    assert torch.allclose(right.flatten(), (x[0, :, 2, 4] - x[0, :, 2, 3]).sum(), atol=1e-5)


@pytest.mark.parametrize("name", list(CASES))
def test_tensors_need_not_be_dense(name: str, native: str) -> None:
    arguments = CASES[name].arguments(torch.float32)
    strided = {
        key: each.repeat_interleave(2, 0)[::2].transpose(0, -1).contiguous().transpose(0, -1)
        if isinstance(each, Tensor)
        else each
        for key, each in arguments.items()
    }
    found, expected = (CASES[name].called(each) for each in (strided, arguments))
    assert all(torch.equal(found[key], each) for key, each in expected.items())


def test_a_part_of_a_tensor_is_read_where_it_lies(native: str) -> None:
    case = CASES["convolution: all options"]
    arguments = case.arguments(torch.float32)
    expected = case.called(arguments)
    offset, mask = arguments["offset"], arguments["mask"]
    both = torch.cat((offset, mask), 1)
    parts = torch.split(both, [offset.shape[1], mask.shape[1]], 1)
    found = case.called(arguments | {"offset": parts[0], "mask": parts[1]})
    assert all(torch.equal(found[key], each) for key, each in expected.items())


def test_the_library_is_what_runs(native: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise AssertionError

    monkeypatch.setattr(torch.nn.functional, "grid_sample", refuse)
    for case in CASES.values():
        assert case.called(case.arguments(torch.float32))["output"].isfinite().all()
        with pytest.raises(AssertionError):
            case.exact(torch.float32)


def test_columns_are_not_kept_for_the_backward_pass(native: str) -> None:
    arguments, kept = ALL.arguments(torch.float32), []

    def pack(each: Tensor) -> Tensor:
        kept.append(each)
        return each

    arguments["x"].requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda each: each):
        deform_conv2d(*arguments.values())
    given = {each.data_ptr() for each in arguments.values() if isinstance(each, Tensor)}
    assert {each.data_ptr() for each in kept} == given


def test_under_autocast_a_convolution_has_its_type(native: str) -> None:
    arguments = ALL.arguments(torch.float32)
    expected = ALL.called(arguments)
    with torch.autocast("cpu", torch.bfloat16):
        found = ALL.called(arguments)
    assert found["output"].dtype == torch.bfloat16
    assert {found[name].dtype for name in arguments if name in found} == {torch.float32}
    assert max(errors(found, expected).values()) < 2e-2


def test_more_levels_or_taps_than_are_compiled_are_left_to_plain_torch(native: str) -> None:
    for levels, points in ((9, 1), (1, 129)):
        value = torch.randn(1, levels, 1, 4)
        places = torch.rand(1, 3, 1, levels, points, 2)
        weights = torch.rand(1, 3, 1, levels, points)
        found = ms_deform_attn(value, [(1, 1)] * levels, places, weights)
        exact = ms_deform_attn(value.double(), [(1, 1)] * levels, places.double(), weights.double())
        assert torch.allclose(found.double(), exact, atol=1e-5)
