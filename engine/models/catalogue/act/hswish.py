"""h-swish: swish with a sigmoid of straight lines."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.registry import register


@register(
    "hswish",
    slot="act",
    family="MobileNetV3",
    paper="Searching for MobileNetV3, ICCV 2019",
    year=2019,
    arxiv="1905.02244",
    origin="https://github.com/tensorflow/models",
    licence="Apache-2.0; the function is torch's own",
)
class HSwish(nn.Module):
    """x relu6(x + 3) / 6, section 5.2: x times the hard sigmoid of x."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the same shape."""
        return nn.functional.hardswish(x)
