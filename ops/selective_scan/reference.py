"""The selective scan in plain torch: what the operator means, and what runs without a kernel.

"Mamba: Linear-Time Sequence Modeling with Selective State Spaces", arXiv 2312.00752, algorithm 2.
With s_t = softplus(delta_t + bias), of each channel and each of its states

    h_t = exp(s_t A) h_{t-1} + s_t B_t u_t        y_t = sum over the states of C_t h_t + D u_t

The states of all steps are many times as much as the input. Here they exist for a few steps at a
time, and the backward pass makes them again from those that it kept, one for each such span.
Nothing is divided by a product of decays, which overflows.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ops.tracing import tracing

CACHED, HELD = 2**17, 2**24
"""Numbers of a span of states that a processor's cache and a graphics card hold well."""
FEWEST, MOST = 16, 256
"""Steps of a span on a processor."""


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
    """Return y, and with `return_last_state` the states after the last step.

    The modes that other implementations name are choices of these arguments: `mamba_ssm` is with
    `z`, `sscore` without, `ssoflex` is `float_output`, and `sscorendstate` is an `A` of one
    dimension. Their `nrows` says how a kernel divides its work and has no meaning here.

    Inputs of 16 bits are computed in 32, also under autocast. It can be traced for ONNX, for the
    shapes that it is traced with. It can be differentiated once.

    Args:
        u: [b, d, l].
        delta: Steps, [b, d, l].
        A: [d, n], negative where states decay; [d] for one state, which B and C then leave out.
        B: [b, g, n, l] for g groups of d / g channels each, or [b, n, l] for one; with an `A` of
            one dimension [b, g, l].
        C: As B.
        D: [d], adds D u; nothing by default.
        z: [b, d, l], multiplies y by silu(z); nothing by default.
        delta_bias: [d], added to delta.
        delta_softplus: Whether the steps are softplus(delta + bias).
        return_last_state: Whether the states [b, d, n] are returned as well, in at least 32 bits.
        float_output: Whether y keeps at least 32 bits; by default it is of u's type.

    Raises:
        ValueError: The shapes do not belong together.
    """
    B, C = (grouped(A, each) for each in (B, C))
    rate = A[:, None] if A.ndim == 1 else A
    if not tracing():
        check(u, delta, rate, B, C, D, z, delta_bias)
    groups, kind = int(B.shape[1]), torch.promote_types(u.dtype, torch.float32)
    with _exact(u):
        x, step = u.to(kind), delta.to(kind)
        if delta_bias is not None:
            step = step + delta_bias.to(kind)[:, None]
        if delta_softplus:
            step = torch.nn.functional.softplus(step)
        y, last = _scanned(
            _by_step(step, groups),
            _by_step(x, groups),
            rate.to(kind).reshape(groups, -1, rate.shape[1]).transpose(1, 2),
            _by_step(B.to(kind), groups),
            _by_step(C.to(kind), groups),
        )
        y = y.permute(1, 2, 3, 0).flatten(1, 2)
        if D is not None:
            y = y + D.to(kind)[:, None] * x
        if z is not None:
            y = y * torch.nn.functional.silu(z.to(kind))
    y = y if float_output else y.to(u.dtype)
    return (y, last.transpose(2, 3).flatten(1, 2)) if return_last_state else y


def grouped(A: Tensor, each: Tensor) -> Tensor:
    """Return B or C as [b, g, n, l]."""
    if each.ndim == 3:
        return each[:, :, None] if A.ndim == 1 else each[:, None]
    return each


def check(
    u: Tensor,
    delta: Tensor,
    rate: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None = None,
    z: Tensor | None = None,
    bias: Tensor | None = None,
) -> None:
    """Raise ValueError or TypeError where inputs do not belong together.

    Args:
        u: As `selective_scan`, likewise the others.
        delta: Steps.
        rate: A as [d, n].
        B: As [b, g, n, l].
        C: As [b, g, n, l].
        D: Skip.
        z: Gate.
        bias: Of the steps.
    """
    named = {"u": u, "delta": delta, "A": rate, "B": B, "C": C, "D": D, "z": z, "delta_bias": bias}
    given = {name: each for name, each in named.items() if each is not None}
    if u.ndim != 3 or rate.ndim != 2 or B.ndim != 4:
        raise ValueError(f"{_shapes(given)} do not belong together")
    batch, channels, length = u.shape
    fit = delta.shape == u.shape and B.shape == C.shape and length > 0
    fit = fit and rate.shape[0] == channels and B.shape[1] > 0 and channels % B.shape[1] == 0
    fit = fit and (B.shape[0], B.shape[2], B.shape[3]) == (batch, rate.shape[1], length)
    fit = fit and (z is None or z.shape == u.shape)
    fit = fit and all(each is None or list(each.shape) == [channels] for each in (D, bias))
    if not fit:
        raise ValueError(f"{_shapes(given)} do not belong together")
    if any(each.device != u.device for each in given.values()):
        where = ", ".join(f"{name} on {each.device}" for name, each in given.items())
        raise ValueError(f"the tensors lie on several devices: {where}")
    if not all(each.is_floating_point() for each in given.values()):
        kinds = ", ".join(f"{name} {each.dtype}" for name, each in given.items())
        raise TypeError(f"the scan takes real numbers only, not {kinds}")


def _shapes(given: dict[str, Tensor]) -> str:
    *most, last = (f"{name} {list(each.shape)}" for name, each in given.items())
    return f"{', '.join(most)} and {last}"


def _exact(u: Tensor) -> torch.autocast:
    """Return a context without autocast."""
    kind = u.device.type
    return torch.autocast(kind if torch.amp.is_autocast_available(kind) else "cpu", enabled=False)


def _by_step(each: Tensor, groups: int) -> Tensor:
    """Return [l, b, g, m] for [b, g m, l] or [b, g, m, l]."""
    batch, length = each.shape[0], each.shape[-1]
    wide = int(each.shape[1] // groups if each.ndim == 3 else each.shape[2])
    return each.reshape(batch, groups, wide, length).permute(3, 0, 1, 2).contiguous()


def _scanned(step: Tensor, u: Tensor, rate: Tensor, B: Tensor, C: Tensor) -> tuple[Tensor, Tensor]:
    """Return y [l, b, g, d] and the last states [b, g, n, d].

    Args:
        step: [l, b, g, d].
        u: [l, b, g, d].
        rate: A as [g, n, d].
        B: [l, b, g, n].
        C: [l, b, g, n].
    """
    inputs = step, u, rate, B, C
    if _is_traced():
        _, states = _states(step, u, rate, B, None)
        return _read(C, states), states[-1]
    if torch.is_grad_enabled() and any(each.requires_grad for each in inputs):
        y, last = _Scan.apply(*inputs)  # type: ignore[no-untyped-call] # torch is not typed
        return y, last
    y, last, _ = _forward(*inputs)
    return y, last


class _Scan(torch.autograd.Function):
    """The scan with a backward pass that computes the states again."""

    @staticmethod
    def forward(ctx: Any, *inputs: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ANN401
        y, last, starts = _forward(*inputs)
        ctx.save_for_backward(*inputs, starts)
        return y, last

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor, dlast: Tensor) -> tuple[Tensor, ...]:  # noqa: ANN401
        with _exact(dy):
            step, u, rate, B, C, starts = ctx.saved_tensors
            return _backward(step, u, rate, B, C, starts, dy, dlast)


def _forward(
    step: Tensor, u: Tensor, rate: Tensor, B: Tensor, C: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return y, the last states, and the states before each span [spans, b, g, n, d]."""
    y = torch.empty_like(u)
    before = u.new_zeros(*u.shape[1:3], *rate.shape[1:])
    starts = []
    for span in _spans(step, rate):
        starts.append(before)
        _, states = _states(step[span], u[span], rate, B[span], before)
        y[span] = _read(C[span], states)
        before = states[-1].clone()
    return y, before, torch.stack(starts)


def _backward(
    step: Tensor,
    u: Tensor,
    rate: Tensor,
    B: Tensor,
    C: Tensor,
    starts: Tensor,
    dy: Tensor,
    dlast: Tensor,
) -> tuple[Tensor, ...]:
    """Return the gradients of step, u, rate, B and C.

    With g_t the gradient of h_t: g_t = C_t dy_t + exp(s_{t+1} A) g_{t+1}.
    """
    dstep, du, dB, dC = (torch.empty_like(each) for each in (step, u, B, C))
    drate, carried = torch.zeros_like(rate), dlast
    for span, before in reversed(list(zip(_spans(step, rate), starts, strict=True))):
        s, x, b, d = step[span], u[span], B[span], dy[span]
        decay, states = _states(s, x, rate, b, before)
        g = d[..., None, :] * C[span][..., None]
        g[-1] += carried
        g = _recurred(decay, g, backwards=True)
        carried = decay[0] * g[0]
        dC[span] = (states @ d[..., None])[..., 0]
        dB[span] = (g @ (s * x)[..., None])[..., 0]
        driven = _read(b, g)
        du[span] = s * driven
        turned = torch.cat((before[None], states[:-1])).mul_(decay).mul_(g)
        dstep[span] = (x * driven).add_((turned * rate).sum(-2))
        drate += turned.mul_(s[..., None, :]).sum((0, 1))
    return dstep, du, drate, dB, dC


def _spans(step: Tensor, rate: Tensor) -> list[slice]:
    """Return the steps that are computed at a time."""
    length, batch = len(step), step.shape[1]
    wide = max(1, batch * rate.numel())
    if step.device.type == "cpu":
        span = min(max(CACHED // wide, FEWEST), MOST)
    else:
        span = max(HELD // wide, FEWEST)
    return [slice(at, at + span) for at in range(0, length, span)]


def _states(
    step: Tensor, u: Tensor, rate: Tensor, B: Tensor, before: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Return the decays and the states of a span, both [l, b, g, n, d]."""
    decay = torch.exp(step[..., None, :] * rate)
    states = (step * u)[..., None, :] * B[..., None]
    if before is not None:
        states[0].addcmul_(decay[0], before)
    return decay, _recurred(decay, states)


def _read(weights: Tensor, states: Tensor) -> Tensor:
    """Return the states [l, b, g, n, d] weighted by [l, b, g, n], as [l, b, g, d]."""
    return (weights[..., None, :] @ states)[..., 0, :]


def _recurred(decay: Tensor, added: Tensor, *, backwards: bool = False) -> Tensor:
    """Return h with h[t] = decay[t] h[t-1] + added[t], in the place of `added` where it can.

    Backwards it is h[t] = decay[t+1] h[t+1] + added[t].
    """
    if _is_traced() or added.device.type != "cpu":
        if not backwards:
            return _joined(decay, added)
        return _joined(torch.cat((decay[:1], decay[1:].flip(0))), added.flip(0)).flip(0)
    rows, decays = list(added.unbind(0)), list(decay.unbind(0)[1:])
    if backwards:
        rows.reverse()
        decays.reverse()
    for before, row, factor in zip(rows, rows[1:], decays, strict=False):
        row.addcmul_(factor, before)
    return added


def _joined(decay: Tensor, added: Tensor) -> Tensor:
    """Return h with h[0] = added[0] and h[t] = decay[t] h[t-1] + added[t], in few operations.

    Two steps after one another are one step with the product of their decays, so that every second
    state comes from a sequence of half the length; each of the others is a step from one of these.
    """
    length, rest = int(added.shape[0]), [int(side) for side in added.shape[1:]]
    if length == 1:
        return added
    pairs = 2 * (length // 2)
    second = decay[1:pairs:2]
    odd = _joined(second * decay[:pairs:2], added[1:pairs:2] + second * added[:pairs:2])
    later = added[2::2] + decay[2::2] * odd[: (length - 1) // 2]
    even = torch.cat((added[:1], later))
    joined = torch.stack((even[: pairs // 2], odd), 1).reshape(pairs, *rest)
    return torch.cat((joined, even[-1:])) if length % 2 else joined


def _is_traced() -> bool:
    tracing: bool = torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
    return tracing or torch.onnx.is_in_onnx_export()
