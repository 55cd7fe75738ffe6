"""The compiled scan against the reference in 64 bits, for each library that this machine runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

from ops.selective_scan import selective_scan
from ops.selective_scan.arguments import SPAN_CPU

Inputs = dict[str, Any]
"""Tensors by the names of the arguments."""


@dataclass(frozen=True, slots=True)
class Case:
    """Sizes and options of one scan."""

    batch: int
    channels: int
    length: int
    states: int
    groups: int = 1
    options: tuple[str, ...] = ()
    softplus: bool = False

    def inputs(self) -> Inputs:
        """Return steps and decays as Mamba begins with them, in 64 bits."""
        torch.manual_seed(self.length + self.states)
        b, d, n, g, length = self.batch, self.channels, self.states, self.groups, self.length
        wide: Inputs = {"dtype": torch.float64}
        made = {
            "u": torch.randn(b, d, length, **wide),
            "delta": torch.rand(b, d, length, **wide) * 0.1,
            "A": -torch.arange(1, n + 1, **wide).repeat(d, 1),
            "B": torch.randn(b, g, n, length, **wide),
            "C": torch.randn(b, g, n, length, **wide),
        }
        options = {
            "D": torch.randn(d, **wide),
            "z": torch.randn(b, d, length, **wide),
            # Without softplus a step below 0 lets states grow without end.
            "delta_bias": torch.randn(d, **wide) - 3 if self.softplus else torch.rand(d, **wide),
        }
        return made | {name: options[name] for name in self.options}


ALL = ("D", "z", "delta_bias")
CASES = {
    "one number": Case(1, 1, 1, 1),
    "all options": Case(2, 24, 100, 16, 2, ALL, True),
    "a step short of a span": Case(2, 17, SPAN_CPU - 1, 5, 1, ("D",)),
    "a span": Case(1, 16, SPAN_CPU, 8, 1, ("z",), True),
    "a step more": Case(1, 36, SPAN_CPU + 1, 7, 3, ALL),
    "as many states as there may be": Case(1, 9, 70, 64, 1, ALL, True),
    "one state": Case(3, 33, 130, 1, 1, ("delta_bias",), True),
    "a channel a group": Case(2, 4, 67, 16, 4, ALL, True),
    "several vectors of channels a worker": Case(4, 4 * 40, 66, 3, 4, ALL, True),
    "four directions": Case(1, 4 * 20, 20 * 20, 16, 4, ALL, True),
}


@pytest.fixture(autouse=True)
def poisoned() -> Iterator[None]:
    """Fill what is allocated and not written with NaN."""
    torch.use_deterministic_algorithms(True)
    assert torch.empty(3).isnan().all()
    yield
    torch.use_deterministic_algorithms(False)


def run(
    case: Case,
    kind: torch.dtype,
    inputs: Inputs,
    **rest: Any,  # noqa: ANN401
) -> dict[str, Tensor]:
    """Return y, the last states and the gradients of all inputs by name."""
    small = ("A", "D", "delta_bias")  # Kept in 32 bits, as layers keep them under autocast.
    wide = torch.promote_types(kind, torch.float32)
    given: Inputs = {
        name: each.to(wide if name in small else kind).requires_grad_()
        for name, each in inputs.items()
    }
    found = selective_scan(**given, delta_softplus=case.softplus, return_last_state=True, **rest)
    assert isinstance(found, tuple)
    y, last = found
    torch.manual_seed(0)
    loss = (y * torch.randn(y.shape).to(y)).sum() + (last * torch.randn(last.shape).to(last)).sum()
    slopes = torch.autograd.grad(loss, list(given.values()))
    return {"y": y.detach(), "last": last.detach(), **dict(zip(given, slopes, strict=True))}


def worst(found: dict[str, Tensor], expected: dict[str, Tensor]) -> dict[str, float]:
    """Return the largest error of each, relative to its largest number."""
    return {
        # Of what is 0 nothing but 0 is near.
        name: float((found[name].double() - each).abs().max() / each.abs().max().clamp(min=1e-30))
        for name, each in expected.items()
    }


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_32_bits(case: Case, variant: str) -> None:
    inputs = case.inputs()
    errors = worst(run(case, torch.float32, inputs), run(case, torch.float64, inputs))
    assert all(each < 1e-5 for each in errors.values()), errors


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_16_bits(case: Case, kind: torch.dtype, variant: str) -> None:
    inputs = {name: each.to(kind).double() for name, each in case.inputs().items()}
    errors = worst(run(case, kind, inputs), run(case, torch.float64, inputs))
    assert all(each < 1e-2 for each in errors.values()), errors


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_16_bits_are_added_up_in_32(kind: torch.dtype, variant: str) -> None:
    case = CASES["all options"]
    inputs = {name: each.to(kind).double() for name, each in case.inputs().items()}
    found = run(case, kind, inputs, float_output=True)
    assert found["y"].dtype == torch.float32
    expected = run(case, torch.float64, inputs)
    assert worst({"y": found["y"]}, {"y": expected["y"]})["y"] < 1e-5


def test_decays_that_are_almost_1_do_not_drift(variant: str) -> None:
    case = Case(1, 16, 20_000, 2)
    inputs = case.inputs()
    inputs["delta"] = inputs["delta"] * 1e-3
    inputs["u"] = inputs["u"].abs()
    inputs["B"], inputs["C"] = inputs["B"].abs(), inputs["C"].abs()
    errors = worst(run(case, torch.float32, inputs), run(case, torch.float64, inputs))
    assert all(each < 1e-5 for each in errors.values()), errors


def test_steps_that_decay_everything_stay_finite(variant: str) -> None:
    case = Case(1, 20, 300, 16, 1, ALL, True)
    inputs = case.inputs()
    inputs["delta"] = inputs["delta"] * 1e4
    found = run(case, torch.float32, inputs)
    assert all(each.isfinite().all() for each in found.values())
    expected = run(case, torch.float64, inputs)
    assert worst({"y": found["y"]}, {"y": expected["y"]})["y"] < 1e-5


@pytest.mark.parametrize("name", ["u", "delta", "z"])
def test_nan_stays_in_its_channel_and_does_not_reach_back(name: str, variant: str) -> None:
    case = Case(2, 40, 200, 3, 1, ALL, True)
    inputs = case.inputs()
    clean = run(case, torch.float32, inputs)["y"]
    inputs[name][1, 5, 90] = torch.nan
    y = run(case, torch.float32, inputs)["y"]
    spoilt = y.isnan()
    assert spoilt[1, 5, 90]
    assert not spoilt[1, 5, :90].any()
    assert spoilt[1, 5, 91:].all() == (name != "z")
    spoilt[1, 5] = False
    assert not spoilt.any()
    others = torch.arange(40) != 5
    assert torch.equal(y[:, others], clean[:, others])


def test_two_runs_give_the_same_bits_however_many_threads(variant: str) -> None:
    case = Case(2, 70, 150, 16, 2, ALL, True)
    threads = torch.get_num_threads()
    runs = []
    for count in (1, 2, 3, 3):
        torch.set_num_threads(count)
        runs.append(run(case, torch.float32, case.inputs()))
    torch.set_num_threads(threads)
    for other in runs[1:]:
        assert all(torch.equal(other[name], each) for name, each in runs[0].items())


def test_types_may_differ(variant: str) -> None:
    case = CASES["all options"]
    inputs: Inputs = {name: each.float() for name, each in case.inputs().items()}
    inputs["u"] = inputs["u"].bfloat16()
    y = selective_scan(**inputs, delta_softplus=True)
    assert isinstance(y, Tensor)
    assert y.dtype == torch.bfloat16
    wide = selective_scan(**{k: v.float() for k, v in inputs.items()}, delta_softplus=True)
    assert isinstance(wide, Tensor)
    assert torch.equal(y, wide.bfloat16())


def test_tensors_need_not_be_dense(variant: str) -> None:
    case = CASES["all options"]
    inputs: Inputs = {name: each.float() for name, each in case.inputs().items()}
    strided: Inputs = {
        name: each.repeat_interleave(2, -1)[..., ::2] for name, each in inputs.items()
    }
    found, expected = (selective_scan(**each, delta_softplus=True) for each in (strided, inputs))
    assert isinstance(found, Tensor)
    assert isinstance(expected, Tensor)
    assert torch.equal(found, expected)


def test_the_library_is_what_runs(variant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise AssertionError

    monkeypatch.setattr("ops.selective_scan.reference.selective_scan", refuse)
    case = CASES["all options"]
    assert run(case, torch.float32, case.inputs())["y"].isfinite().all()
    with pytest.raises(AssertionError):
        run(case, torch.float64, case.inputs())


def test_more_states_than_are_compiled_are_left_to_the_reference(variant: str) -> None:
    case = Case(1, 3, 10, 65)
    inputs = case.inputs()
    errors = worst(run(case, torch.float32, inputs), run(case, torch.float64, inputs))
    assert all(each < 1e-5 for each in errors.values()), errors
