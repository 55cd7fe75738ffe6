"""Whether a network is being written down rather than run."""

from __future__ import annotations

import torch


def tracing() -> bool:
    """Tell whether torch records what is computed, as for ONNX and TorchScript.

    Sizes are tensors then, and what Python decides by them is decided for good.
    """
    return bool(torch.jit.is_tracing())  # type: ignore[attr-defined, no-untyped-call]
