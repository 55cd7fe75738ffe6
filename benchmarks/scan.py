"""The selective scan: beside its recurrence in Python, its memory, and a network of scans."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from benchmarks.harness import (
    MB,
    Measurement,
    Plan,
    at_least,
    at_most,
    forget_peak_memory,
    in_fresh_process,
    peak_memory_bytes,
)
from benchmarks.operators import Work, begin, libraries_in, on, ratio, runs_of, timed

if TYPE_CHECKING:
    from torch import Tensor, nn

CHANNELS, LENGTH, STATES = 128, 6400, 16
SIDE = 640
FORWARD = {"avx2": 40.0, "avx512": 65.0}
BACKWARD = 15.0
MEMORY_MB = 5.0
NETWORK = 5.0


def measure(plan: Plan) -> list[Measurement]:
    """Measure speed and memory."""
    found = in_fresh_process(compare, runs_of(plan), plan.size(LENGTH), plan.folder)
    return [*found, in_fresh_process(remember, plan.size(LENGTH), plan.folder)]


def measure_network(plan: Plan) -> list[Measurement]:
    """Measure a whole network with the operator and with the reference."""
    return in_fresh_process(detect, runs_of(plan), 32 * plan.size(SIDE // 32), plan.folder)


def inputs(length: int) -> dict[str, Tensor]:
    """Return one picture's sequence with steps and decays as Mamba begins with them."""
    import torch

    return {
        "u": torch.randn(1, CHANNELS, length),
        "delta": torch.rand(1, CHANNELS, length) * 0.09 + 0.01,
        "A": -torch.arange(1, STATES + 1.0).repeat(CHANNELS, 1),
        "B": torch.randn(1, 1, STATES, length),
        "C": torch.randn(1, 1, STATES, length),
    }


def recurrence(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor) -> Tensor:
    """Return y one step after another, the way Mamba's reference goes.

    Its steps are taken apart at once: slices one by one would make the backward pass quadratic.
    """
    import torch

    share = u.shape[1] // B.shape[1]
    decay = torch.exp(delta[..., None] * A[:, None])
    driven = (delta * u)[..., None] * B.repeat_interleave(share, 1).transpose(2, 3)
    steps = zip(decay.unbind(2), driven.unbind(2), C.unbind(3), strict=True)
    state, out = u.new_zeros(*u.shape[:2], A.shape[1]), []
    shape = (len(u), -1, share, A.shape[1])
    for factor, added, read in steps:
        state = factor * state + added
        out.append(torch.einsum("bgdn,bgn->bgd", state.reshape(shape), read))
    return torch.stack(out, 3).flatten(1, 2)


def _scanned(given: dict[str, Tensor]) -> Tensor:
    from ops.selective_scan import selective_scan

    u, delta, A, B, C = given.values()
    y = selective_scan(u, delta, A, B, C)
    assert not isinstance(y, tuple)
    return y


def _backward(y: Tensor, leaves: dict[str, Tensor]) -> Work:
    """Return the backward pass of an output."""
    import torch

    slope = torch.randn_like(y)
    return lambda: torch.autograd.grad(y, list(leaves.values()), slope, retain_graph=True)


def compare(runs: int, length: int, folder: Path) -> list[Measurement]:
    """Compare each library with the recurrence, forward and backward."""
    begin()
    given = inputs(length)
    leaves = {name: each.clone().requires_grad_() for name, each in given.items()}
    ahead: dict[str, Work] = {"": lambda: recurrence(**given)}
    back = {"": _backward(recurrence(**leaves), leaves)}
    for name, library in libraries_in(folder).items():
        ahead[name] = on(library, lambda: _scanned(given))
        back[name] = on(library, _backward(on(library, lambda: _scanned(leaves))(), leaves))
    forward_ms, backward_ms = timed(ahead, runs), timed(back, runs)
    found = [
        Measurement("recurrence in Python: forward", forward_ms[""], "ms"),
        Measurement("recurrence in Python: backward", backward_ms[""], "ms"),
    ]
    for name in list(ahead)[1:]:
        times = forward_ms[""] / forward_ms[name]
        found += [
            ratio(name, f"{name}: forward, recurrence / operator", times, least=FORWARD.get(name)),
            Measurement(f"{name}: forward", forward_ms[name], "ms"),
        ]
        times = backward_ms[""] / backward_ms[name]
        found += [
            ratio(name, f"{name}: backward, recurrence / operator", times, least=BACKWARD),
            Measurement(f"{name}: backward", backward_ms[name], "ms"),
        ]
    return found


def remember(length: int, folder: Path) -> Measurement:
    """Measure what a scan holds beside its inputs, its output included."""
    begin()
    library = next(iter(libraries_in(folder).values()))
    on(library, lambda: _scanned(inputs(64)))()
    given = inputs(length)
    gc.collect()
    before = forget_peak_memory()
    y = on(library, lambda: _scanned(given))()
    gained = (peak_memory_bytes() - before) / MB
    assert y.isfinite().all()
    return at_most("forward: memory beside the inputs", gained, "MB", MEMORY_MB)


def detect(runs: int, side: int, folder: Path) -> list[Measurement]:
    """Compare Mamba-YOLO-T with the operator, with our reference and with the recurrence."""
    begin()
    import torch

    from benchmarks.mamba_yolo import MambaYolo
    from engine.models.parts import ss2d

    network: nn.Module = MambaYolo().eval()
    picture = torch.rand(1, 3, side, side)
    library = next(iter(libraries_in(folder).values()))

    def sequentially() -> None:
        with patch.object(ss2d, "selective_scan", _with_options):
            network(picture)

    works: dict[str, Work] = {
        "operator": on(library, lambda: network(picture)),
        "plain torch": on(None, lambda: network(picture)),
        "recurrence": sequentially,
    }
    with torch.inference_mode():
        taken = timed(works, runs)
    operator, name = taken["operator"], f"Mamba-YOLO-T at {side} px"
    return [
        at_least(f"{name}: recurrence / operator", taken["recurrence"] / operator, "", NETWORK),
        Measurement(f"{name}: plain torch / operator", taken["plain torch"] / operator, ""),
        *(Measurement(f"{name}: {each}", time, "ms") for each, time in taken.items()),
    ]


def _with_options(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor,
    **rest: Any,  # noqa: ANN401
) -> Tensor:
    """Return the recurrence with what a network's layer asks for beside it."""
    import torch

    step = torch.nn.functional.softplus(delta + rest["delta_bias"][:, None])
    return recurrence(u, step, A, B, C) + D[:, None] * u
