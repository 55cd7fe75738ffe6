"""The tensors that the compiled scan takes and gives, on a processor and on a graphics card."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from ops.selective_scan.arguments import TYPES, ScanArguments, filled

Gradients = dict[str, Tensor | None]
"""By name; nothing of what the scan was not given."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What the operator is given, in its order. The shapes are those of `ScanArguments`."""

    u: Tensor
    delta: Tensor
    A: Tensor
    B: Tensor
    C: Tensor
    D: Tensor | None
    z: Tensor | None
    bias: Tensor | None
    softplus: bool
    float_output: bool

    @classmethod
    def dense(cls, *given: Any) -> Scan:  # noqa: ANN401
        """Return it with all tensors dense, as the compiled scan takes them."""
        taken: list[Any] = list(given)
        for at, each in enumerate(taken):
            if isinstance(each, Tensor):
                taken[at] = each.contiguous()
        return cls(*taken)

    def outputs(self, span: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return empty tensors for y, the last states and those before each span of steps."""
        batch, channels, length = self.u.shape
        # Flat: of a length that is a symbol torch would decide for good whether it is of one span.
        kept = -(-length // span) * self.A.shape[1] * channels
        return (
            self.u.new_empty(self.u.shape, dtype=torch.float32 if self.float_output else None),
            self.A.new_empty(batch, channels, self.A.shape[1]),
            self.A.new_empty(batch, kept),
        )

    def gradients(self, parts: int = 1, segments: int = 1) -> Gradients:
        """Return empty tensors for the gradients, of which many are sums still to be made.

        Args:
            parts: First dimension of dB and dC.
            segments: As many times the batch is the first dimension of dA, dD and dbias.
        """
        u, A, B = self.u, self.A, self.B
        wide: dict[str, Any] = {"dtype": torch.float32, "device": u.device}
        rows = segments * u.shape[0]
        return {
            "du": torch.empty_like(u),
            "ddelta": torch.empty_like(u),
            "dA": torch.empty(rows, *A.shape, **wide),
            "dB": torch.empty(parts, *B.shape, **wide),
            "dC": torch.empty(parts, *B.shape, **wide),
            "dD": None if self.D is None else torch.empty(rows, u.shape[1], **wide),
            "dz": None if self.z is None else torch.empty_like(u),
            "dbias": None if self.bias is None else torch.empty(rows, u.shape[1], **wide),
        }

    def summed(self, found: Gradients) -> tuple[Tensor, ...]:
        """Return the gradients as the operator does, where what is absent is an empty tensor."""
        sums = {name: self.u.new_empty(0) if each is None else each for name, each in found.items()}
        for name in ("dA", "dD", "dbias"):
            if found[name] is not None:
                sums[name] = sums[name].sum(0)
        for name in ("dB", "dC"):
            parts = sums[name]
            sums[name] = (parts.sum(0) if len(parts) > 1 else parts[0]).to(self.B.dtype)
        return tuple(sums.values())

    def arguments(self, **more: Tensor | int | None) -> ScanArguments:
        """Return what the compiled scan is told, with further fields by name."""
        batch, channels, length = self.u.shape
        given: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        sizes = {"batch": batch, "channels": channels, "length": length}
        sizes |= {"groups": self.B.shape[1], "states": self.B.shape[2]}
        usual = {"type": TYPES.index(self.u.dtype), "parts": 1, "segments": 1}
        return filled(**given | sizes | usual | more)
