"""The selective scan by the fastest means that there is."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ops import devices, libraries
from ops.registry import register
from ops.selective_scan import cpu, cuda, reference
from ops.selective_scan.arguments import SPAN_CPU, SPAN_GPU, STATES, TYPES, ScanArguments
from ops.selective_scan.tensors import Scan
from ops.tracing import below, tracing

LARGEST = 2**31

libraries.ready("selective_scan", ScanArguments)


def selective_scan(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None = None,
    z: Tensor | None = None,
    delta_bias: Tensor | None = None,
    delta_softplus: bool = False,
    return_last_state: bool = False,
    *,
    float_output: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """Return what `reference.selective_scan` defines, where arguments and errors are described."""
    B, C = reference.grouped(A, B), reference.grouped(A, C)
    rate = A[:, None] if A.ndim == 1 else A
    if not tracing():
        reference.check(u, delta, rate, B, C, D, z, delta_bias)
    moving = [each for each in (u, delta, B, C, z) if each is not None]
    kind = u.dtype if all(each.dtype == u.dtype for each in moving) else torch.float32
    if tracing() or not _is_taken(moving, rate):
        return reference.selective_scan(
            *(u, delta, A, B, C, D, z, delta_bias, delta_softplus, return_last_state),
            float_output=float_output,
        )
    y, last, _ = _scan(
        *(_cast(each, kind) for each in (u, delta)),
        _cast(rate, torch.float32),
        *(_cast(each, kind) for each in (B, C)),
        _cast(D, torch.float32),
        _cast(z, kind),
        _cast(delta_bias, torch.float32),
        delta_softplus,
        float_output,
    )
    if not float_output and y.dtype != u.dtype:
        y = y.to(u.dtype)
    return (y, last) if return_last_state else y


def _cast(each: Tensor | None, kind: torch.dtype) -> Tensor | None:
    """Return a tensor of a type; one that is of it leaves no trace in an exported graph."""
    return each if each is None or each.dtype == kind else each.to(kind)


def _is_taken(moving: list[Tensor], rate: Tensor) -> bool:
    """Tell whether something compiled computes these."""
    return (
        rate.shape[1] <= STATES
        and all(each.dtype in TYPES for each in (*moving, rate))
        and all(each.numel() > 0 and below(LARGEST, each.shape) for each in moving)
        and devices.is_served("selective_scan", moving[0].device)
    )


def _fake_forward(*given: Any) -> tuple[Tensor, Tensor, Tensor]:  # noqa: ANN401
    scan = Scan(*given)
    return scan.outputs(SPAN_CPU if scan.u.device.type == "cpu" else SPAN_GPU)


def _fake_backward(_dy: Tensor, _dlast: Tensor, *given: Any) -> tuple[Tensor, ...]:  # noqa: ANN401
    u, _delta, A, B, C, D, z, bias, *_rest = given
    like = (u, u, A, B, C, D, z, bias)
    return tuple(u.new_empty(0) if each is None else each.new_empty(each.shape) for each in like)


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:  # noqa: ANN401
    *tensors, ctx.softplus, ctx.float_output = inputs
    ctx.given = [each is not None for each in tensors]
    ctx.save_for_backward(*tensors, output[2])
    ctx.mark_non_differentiable(output[2])
    ctx.set_materialize_grads(True)


def _differentiate(
    ctx: Any,  # noqa: ANN401
    dy: Tensor,
    dlast: Tensor,
    _starts: Tensor,
) -> tuple[Tensor | None, ...]:
    *inputs, starts = ctx.saved_tensors
    found = _scan_backward(dy, dlast, *inputs, starts, ctx.softplus, ctx.float_output)
    slopes = [each if given else None for each, given in zip(found, ctx.given, strict=True)]
    return (*slopes, None, None)


_INPUTS = "Tensor u, Tensor delta, Tensor A, Tensor B, Tensor C, Tensor? D, Tensor? z, Tensor? bias"
_FLAGS = "bool softplus, bool float_output"

_scan_backward = register(
    f"selective_scan_backward(Tensor dy, Tensor dlast, {_INPUTS}, Tensor starts, {_FLAGS})"
    " -> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)",
    fake=_fake_backward,
    CPU=cpu.backward,
    CUDA=cuda.backward,
)
_scan = register(
    f"selective_scan({_INPUTS}, {_FLAGS}) -> (Tensor, Tensor, Tensor)",
    fake=_fake_forward,
    backward=_differentiate,
    save=_save,
    CPU=cpu.forward,
    CUDA=cuda.forward,
)
