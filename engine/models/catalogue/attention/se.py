"""SE: channels weighted by what all of them hold on average."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.parts.squeeze import squeezed
from engine.models.registry import register


@register(
    "se",
    slot="attention",
    family="SENet",
    paper="Squeeze-and-Excitation Networks, CVPR 2018",
    year=2017,
    arxiv="1709.01507",
    origin="https://github.com/hujie-frank/SENet",
    licence="not verified; written from the paper",
)
class SqueezeExcitation(nn.Module):
    """x σ(W2 relu(W1 avgpool(x))), equations 2 to 4, without biases as there.

    Args:
        channels: In and out.
        ratio: The channels between W1 and W2 are `channels` / `ratio`, at least one.
    """

    def __init__(self, channels: int, *, ratio: int = 16) -> None:
        """Make both matrices."""
        super().__init__()
        self.excite = squeezed(channels, ratio, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        weight: torch.Tensor = self.excite(x.mean((2, 3), keepdim=True)).sigmoid()
        return x * weight
