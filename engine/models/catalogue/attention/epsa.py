"""The pyramid split attention of EPSANet: kernels of four sizes compete for the channels."""

from __future__ import annotations

import math

import torch
from torch import nn

from engine.models.parts.squeeze import squeezed
from engine.models.registry import register

KERNELS, GROUPS = (3, 5, 7, 9), (1, 4, 8, 16)
"""Sides and groups of the convolutions, section 3.2."""


@register(
    "epsa",
    slot="attention",
    family="EPSANet",
    paper="EPSANet: An Efficient Pyramid Squeeze Attention Block on Convolutional Neural Network,"
    " ACCV 2022",
    year=2021,
    arxiv="2105.14447",
    origin="https://github.com/murufeng/EPSANet",
    licence="not verified; written from the paper",
)
class PyramidSplitAttention(nn.Module):
    """Four convolutions make a quarter of the channels each, weighted by softmax over the four.

    Zᵢ = σ(mlp(avgpool(Fᵢ))) with one perceptron for all, and the output is Fᵢ softmax(Z)ᵢ side by
    side: the module of section 3.2, which EPSANet has in the place of its 3×3 convolutions. The
    authors' code joins them in the opposite order, which the layer after it cannot tell. Where the
    groups of a convolution do not divide the channels there are fewer.

    Args:
        channels: In and out, a multiple of 4.
        ratio: The channels in the middle of the perceptron are a quarter of them / `ratio`.
    """

    def __init__(self, channels: int, *, ratio: int = 16) -> None:
        """Make the convolutions and the perceptron."""
        super().__init__()
        if channels % len(KERNELS):
            raise ValueError(f"{channels} channels are no multiple of {len(KERNELS)}")
        quarter = channels // len(KERNELS)
        self.convs = nn.ModuleList(
            nn.Conv2d(
                channels,
                quarter,
                kernel,
                padding=kernel // 2,
                groups=math.gcd(quarter, groups),
                bias=False,
            )
            for kernel, groups in zip(KERNELS, GROUPS, strict=True)
        )
        self.weigh = squeezed(quarter, ratio)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        seen = [conv(x) for conv in self.convs]
        weights = [self.weigh(each.mean((2, 3), keepdim=True)).sigmoid() for each in seen]
        shares = torch.stack(weights, 1).softmax(1)
        return (torch.stack(seen, 1) * shares).flatten(1, 2)
