"""CPCA: channels are weighted first, then each place of each of them."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.catalogue.attention.msca import Scales
from engine.models.parts.squeeze import squeezed
from engine.models.registry import register


@register(
    "cpca",
    slot="attention",
    family="CPCA",
    paper="Channel prior convolutional attention for medical image segmentation,"
    " Computers in Biology and Medicine 2024",
    year=2023,
    arxiv="2306.05196",
    origin="https://github.com/Cuthbert-Huang/CPCANet",
    licence="not verified; written from the paper",
)
class ChannelPriorConvAttention(nn.Module):
    """x' = CA(x) ⊙ x and then SA(x') ⊙ x', section 3.

    CA = σ(mlp(avgpool(x)) + mlp(maxpool(x))) and SA = W Σ branchᵢ(dw5×5(x')) with the identity and
    strips of 7, 11 and 21, without bounds. The authors' code adds two sigmoids instead of taking
    one of the sum, and has further 1×1 convolutions with shared weights around all of it; those
    are left out.

    Args:
        channels: In and out.
        ratio: The channels in the middle of the perceptron are `channels` / `ratio`.
    """

    def __init__(self, channels: int, *, ratio: int = 4) -> None:
        """Make both attentions."""
        super().__init__()
        self.prior = squeezed(channels, ratio)
        self.scales = Scales(channels)
        self.mix = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        mean, highest = x.mean((2, 3), keepdim=True), x.amax((2, 3), keepdim=True)
        x = x * (self.prior(mean) + self.prior(highest)).sigmoid()
        weight: torch.Tensor = self.mix(self.scales(x))
        return x * weight
