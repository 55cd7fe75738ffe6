"""Whether a network is being written down rather than run, and what holds while it is."""

from __future__ import annotations

from collections.abc import Iterable

import torch


def tracing() -> bool:
    """Tell whether torch records what is computed, as for ONNX and TorchScript.

    Sizes are tensors then, and what Python decides by them is decided for good.
    """
    return bool(torch.jit.is_tracing())  # type: ignore[attr-defined, no-untyped-call]


def below(limit: int, sizes: Iterable[int]) -> bool:
    """Tell whether sizes are below a limit.

    A symbol of an exported graph is taken to be: to compare it would bind the graph to the answer.
    """
    return all(size < limit for size in sizes if isinstance(size, int))
