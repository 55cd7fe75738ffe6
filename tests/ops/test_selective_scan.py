"""The selective scan against the recurrence that it is, step by step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ops.selective_scan import reference, selective_scan

NAMES = ("u", "delta", "A", "B", "C")
Inputs = dict[str, Any]
"""Tensors by these names."""


def sequential(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor) -> tuple[Tensor, Tensor]:
    """Return y [b, d, l] and the last states [b, d, n], one step after another."""
    batch, channels, length = u.shape
    share = channels // B.shape[1]
    own_b, own_c = B.repeat_interleave(share, 1), C.repeat_interleave(share, 1)
    state, out = u.new_zeros(batch, channels, A.shape[1]), []
    for t in range(length):
        step = delta[:, :, t, None]
        state = torch.exp(step * A) * state + step * own_b[..., t] * u[:, :, t, None]
        out.append((own_c[..., t] * state).sum(-1))
    return torch.stack(out, -1), state


def example(
    length: int, groups: int = 2, state: int = 3, kind: torch.dtype = torch.float64
) -> Inputs:
    """Return positive steps and decays as Mamba begins with them, for two of four channels."""
    torch.manual_seed(length)
    return {
        "u": torch.randn(2, 4, length, dtype=kind),
        "delta": torch.rand(2, 4, length, dtype=kind) * 0.1,
        "A": -torch.arange(1, state + 1, dtype=kind).repeat(4, 1),
        "B": torch.randn(2, groups, state, length, dtype=kind),
        "C": torch.randn(2, groups, state, length, dtype=kind),
    }


def scanned(inputs: Inputs) -> tuple[Tensor, Tensor]:
    found = selective_scan(**inputs, return_last_state=True)
    assert isinstance(found, tuple)
    return found


def output(inputs: Inputs, **rest: Any) -> Tensor:  # noqa: ANN401
    found = selective_scan(**inputs, **rest)
    assert isinstance(found, Tensor)
    return found


SPAN = reference.MOST
"""Steps that are computed at a time where a step is as small as in these examples."""


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> int:
    """Have three steps computed at a time."""
    monkeypatch.setattr(reference, "FEWEST", 3)
    monkeypatch.setattr(reference, "MOST", 3)
    return 3


@pytest.mark.parametrize("length", [1, 2, SPAN - 1, SPAN, SPAN + 1])
def test_it_is_the_recurrence_at_any_length(length: int) -> None:
    inputs = example(length)
    (y, last), (expected, end) = scanned(inputs), sequential(**inputs)
    assert torch.allclose(y, expected, rtol=0, atol=1e-12)
    assert torch.allclose(last, end, rtol=0, atol=1e-12)


@pytest.mark.parametrize("length", [1, 2, SPAN - 1, SPAN, SPAN + 1])
def test_its_gradients_are_those_of_the_recurrence(length: int) -> None:
    inputs = {key: value.requires_grad_() for key, value in example(length).items()}
    to_y, to_last = torch.randn(2, 4, length), torch.randn(2, 4, 3)

    def slopes(y: Tensor, last: Tensor) -> tuple[Tensor, ...]:
        loss = (y * to_y).sum() + (last * to_last).sum()
        return torch.autograd.grad(loss, list(inputs.values()))

    found, expected = slopes(*scanned(inputs)), slopes(*sequential(**inputs))
    for name, one, two in zip(NAMES, found, expected, strict=True):
        assert torch.allclose(one, two, rtol=0, atol=1e-11), name


@pytest.mark.parametrize("length", [1, 2, 3, 4, 7])
def test_gradients_are_slopes(short: int, length: int) -> None:
    inputs = example(length)
    more = {
        "D": torch.randn(4, dtype=torch.float64),
        "z": torch.randn(2, 4, length, dtype=torch.float64),
        "delta_bias": torch.randn(4, dtype=torch.float64),
    }
    variables = [each.requires_grad_() for each in (*inputs.values(), *more.values())]

    def scan(*given: Tensor) -> tuple[Tensor, Tensor]:
        named: Inputs = dict(zip((*inputs, *more), given, strict=True))
        found = selective_scan(**named, delta_softplus=True, return_last_state=True)
        assert isinstance(found, tuple)
        return found

    assert torch.autograd.gradcheck(scan, variables)


def test_steps_that_decay_everything_stay_finite() -> None:
    inputs = example(500, state=16, kind=torch.float32)
    inputs["delta"] = inputs["delta"] * 100
    variables = {key: value.requires_grad_() for key, value in inputs.items()}
    y, last = scanned(variables)
    assert torch.allclose(y, sequential(**inputs)[0], rtol=1e-4, atol=1e-4)
    slopes = torch.autograd.grad(y.sum() + last.sum(), list(variables.values()))
    assert all(each.isfinite().all() for each in slopes)


def test_nothing_of_what_comes_later_is_seen_and_all_of_what_came_before_is() -> None:
    inputs = example(12)
    before = output(inputs)
    inputs["u"][:, :, 6] += 1
    after = output(inputs)
    assert torch.equal(before[..., :6], after[..., :6])
    assert (before[..., 6:] != after[..., 6:]).all()


@pytest.mark.parametrize("name", ["B", "C"])
def test_b_and_c_are_of_each_step(name: str) -> None:
    inputs = example(8)
    before = output(inputs)
    inputs[name][..., 5] += 1
    changed = (output(inputs) != before).any(0).any(0)
    assert changed.tolist() == [t == 5 or (t > 5 and name == "B") for t in range(8)]


def test_groups_have_their_own_b_and_c() -> None:
    inputs = example(6)
    before = output(inputs)
    inputs["B"][:, 1] += 1
    after = output(inputs)
    assert torch.equal(before[:, :2], after[:, :2])
    assert not torch.equal(before[:, 2:], after[:, 2:])


def test_b_and_c_of_one_group_need_not_say_so() -> None:
    inputs = example(6, groups=1)
    flat = inputs | {"B": inputs["B"][:, 0], "C": inputs["C"][:, 0]}
    assert torch.equal(output(flat), output(inputs))


def test_a_single_state_needs_no_dimension() -> None:
    inputs = example(6, state=1)
    flat = {
        **inputs,
        "A": inputs["A"][:, 0],
        "B": inputs["B"][:, :, 0],
        "C": inputs["C"][:, :, 0],
    }
    assert torch.equal(output(flat), output(inputs))


def test_bias_softplus_skip_and_gate() -> None:
    inputs = example(6)
    bias, skip = torch.randn(4, dtype=torch.float64), torch.randn(4, dtype=torch.float64)
    gate = torch.randn(2, 4, 6, dtype=torch.float64)
    step = torch.log1p(torch.exp(inputs["delta"] + bias[:, None]))
    y = sequential(**(inputs | {"delta": step}))[0] + skip[:, None] * inputs["u"]
    expected = y * gate / (1 + torch.exp(-gate))
    found = output(inputs, D=skip, z=gate, delta_bias=bias, delta_softplus=True)
    assert torch.allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_numbers_of_16_bits_are_added_up_in_32(kind: torch.dtype) -> None:
    inputs = {key: value.to(kind) for key, value in example(300).items()}
    exact = output({key: value.float() for key, value in inputs.items()})
    found = output(inputs, float_output=True)
    assert found.dtype == torch.float32
    assert torch.equal(found, exact)
    rounded = output(inputs)
    assert rounded.dtype == kind
    assert torch.equal(rounded, exact.to(kind))


def test_autocast_does_not_round_it() -> None:
    inputs = {k: v.requires_grad_() for k, v in example(20, kind=torch.float32).items()}
    expected = output(inputs)
    slopes = torch.autograd.grad(expected.sum(), list(inputs.values()))
    with torch.autocast("cpu", torch.bfloat16):
        found = output(inputs)
        again = torch.autograd.grad(found.sum(), list(inputs.values()))
    assert torch.equal(found, expected)
    assert all(torch.equal(one, two) for one, two in zip(again, slopes, strict=True))


def test_states_are_not_kept_for_the_backward_pass() -> None:
    inputs = {k: v.requires_grad_() for k, v in example(4 * SPAN, 1, 16).items()}
    kept = 0

    def pack(each: Tensor) -> Tensor:
        nonlocal kept
        kept = max(kept, each.numel())
        return each

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda each: each):
        output(inputs)
    every_state = 2 * 4 * 16 * 4 * SPAN
    assert 0 < kept <= every_state // 4


@pytest.mark.parametrize("length", [1, 2, 3, 8, 13])
@pytest.mark.parametrize("backwards", [False, True])
def test_steps_joined_in_pairs_are_the_recurrence(length: int, backwards: bool) -> None:
    torch.manual_seed(length)
    decay, added = torch.rand(2, length, 3, dtype=torch.float64).unbind(0)
    expected = added.clone()
    for t in range(1, length):
        if backwards:
            expected[-1 - t] += decay[-t] * expected[-t]
        else:
            expected[t] += decay[t] * expected[t - 1]
    found = reference._recurred(decay, added.clone(), backwards=backwards)
    assert torch.allclose(found, expected, rtol=0, atol=1e-12)
    if backwards:
        turned = torch.cat((decay[:1], decay[1:].flip(0)))
        assert torch.allclose(reference._joined(turned, added.flip(0)).flip(0), expected)
    else:
        assert torch.allclose(reference._joined(decay, added), expected)


class Scan(torch.nn.Module):
    def forward(self, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor) -> Tensor:
        found = selective_scan(u, delta, A, B, C)
        assert isinstance(found, Tensor)
        return found


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize("length", [2, 37])
def test_it_is_exported_with_few_operations(length: int, tmp_path: Path) -> None:
    import onnx
    import onnxruntime

    inputs = example(length, kind=torch.float32)
    file = str(tmp_path / "scan.onnx")
    with torch.no_grad():
        torch.onnx.export(
            Scan(),
            tuple(inputs.values()),
            file,
            input_names=list(NAMES),
            dynamo=False,
            opset_version=17,
        )
    nodes = onnx.load(file).graph.node
    assert sum(node.op_type != "Constant" for node in nodes) < 50 + 30 * length.bit_length()
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {key: value.numpy() for key, value in inputs.items()})
    assert torch.allclose(torch.from_numpy(found), output(inputs), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"delta": torch.rand(2, 4, 5)},
        {"A": torch.rand(3, 3)},
        {"B": torch.rand(2, 2, 3, 5)},
        {"B": torch.rand(2, 3, 3, 6), "C": torch.rand(2, 3, 3, 6)},
        {"B": torch.rand(4, 3), "C": torch.rand(4, 3)},
    ],
)
def test_shapes_that_do_not_fit_are_refused(wrong: Inputs) -> None:
    with pytest.raises(ValueError, match="do not belong together"):
        output(example(6, kind=torch.float32) | wrong)
