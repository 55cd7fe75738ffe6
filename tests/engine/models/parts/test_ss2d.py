"""The selective scan over maps."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from engine.models.parts.ss2d import Ss2d


def made(gate: bool = False, **rest: Any) -> Ss2d:  # noqa: ANN401
    torch.manual_seed(0)
    settings: dict[str, Any] = {"state": 4, "ratio": 2.0} | rest
    return Ss2d(8, gate=gate, act=nn.SiLU, bias=True, **settings)


def by_steps(layer: Ss2d, x: Tensor) -> Tensor:
    """Return what a layer without gate gives, along each direction pixel by pixel."""
    _, _, height, width = x.shape
    u = nn.functional.silu(layer.near(layer.begin(x)))[0]
    rows = [(i, j) for i in range(height) for j in range(width)]
    columns = [(i, j) for j in range(width) for i in range(height)]
    merged = torch.zeros_like(u)
    inner = u.shape[0]
    for k, path in enumerate((rows, columns, rows[::-1], columns[::-1])):
        own = slice(k * inner, (k + 1) * inner)
        state = torch.zeros(inner, layer.split[1])
        for i, j in path:
            low, b, c = torch.split(layer.select[k] @ u[:, i, j], layer.split)
            step = torch.log1p(torch.exp(layer.step[k] @ low + layer.step_bias[own]))
            decay = torch.exp(-step[:, None] * layer.log_decay[k].exp())
            state = decay * state + step[:, None] * b * u[:, i, j, None]
            merged[:, i, j] += state @ c + layer.skip[own] * u[:, i, j]
    ended: Tensor = layer.end(layer.norm(merged[None]))
    return ended


@pytest.mark.parametrize("long", [False, True])
def test_it_is_the_recurrence_along_four_paths(long: bool) -> None:
    layer = made()
    if long:
        layer.begin_long()
    x = torch.randn(1, 8, 3, 5)
    with torch.no_grad():
        assert torch.allclose(layer(x), by_steps(layer, x), atol=1e-5)


def test_every_pixel_sees_every_other() -> None:
    layer, x = made(), torch.randn(1, 8, 9, 7)
    layer.begin_long()
    with torch.no_grad():
        before = layer(x)
        x[0, :, 0, 3] += 1
        assert (layer(x) != before).any(1).all()


def test_the_gate_multiplies() -> None:
    layer, x = made(gate=True), torch.randn(1, 8, 4, 4)
    with torch.no_grad():
        layer.begin.weight[16:] = 0
        assert torch.equal(layer(x), torch.zeros_like(x))
    plain = made()
    assert layer.begin.weight.shape[0] == 2 * plain.begin.weight.shape[0]


def test_long_memory_begins_with_steps_between_its_bounds() -> None:
    layer = made(ratio=16.0)
    layer.begin_long(0.01, 0.2)
    steps = nn.functional.softplus(layer.step_bias)
    assert 0.01 - 1e-6 < steps.min() < 0.02
    assert 0.1 < steps.max() < 0.2 + 1e-6
    assert torch.allclose(layer.log_decay.exp(), torch.arange(1.0, 5).expand_as(layer.log_decay))


def test_short_memory_begins_with_states_that_decay_alike() -> None:
    assert not made().log_decay.any()
    assert torch.equal(made().skip, torch.ones(4 * 16))


def test_nothing_that_is_not_a_matrix_has_two_dimensions() -> None:
    """MuSGD would make it orthogonal."""
    layer = made(gate=True)
    wide = [key for key, value in layer.named_parameters() if value.ndim in {2, 4}]
    assert wide == ["begin.weight", "near.weight", "end.weight"]


def test_it_is_finite_for_a_constant_map_and_in_half_precision() -> None:
    layer = made(gate=True)
    assert layer(torch.ones(2, 8, 5, 5)).isfinite().all()
    half = layer.to(torch.bfloat16)(torch.randn(1, 8, 5, 5, dtype=torch.bfloat16))
    assert half.dtype == torch.bfloat16
    assert half.isfinite().all()


@pytest.mark.parametrize(
    ("wrong", "said"), [({"state": 0}, "state 0"), ({"ratio": 0.01}, "0.01 times 8")]
)
def test_what_leaves_nothing_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        made(**wrong)
