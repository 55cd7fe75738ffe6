"""Networks whose normalisation does something, as after training."""

from __future__ import annotations

from typing import Any


def lively(module: Any) -> Any:  # noqa: ANN401 - layers of several kinds
    """Give every normalisation statistics and weights that change something, and return it."""
    from torch import nn

    for norm in module.modules():
        if isinstance(norm, nn.BatchNorm2d):
            assert norm.running_mean is not None
            assert norm.running_var is not None
            nn.init.normal_(norm.running_mean, std=0.3)
            nn.init.uniform_(norm.running_var, 0.5, 2.0)
            nn.init.uniform_(norm.weight, 0.5, 1.5)
            nn.init.normal_(norm.bias, std=0.3)
    return module.eval()
