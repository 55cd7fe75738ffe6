"""Dynamic convolution: attention over kernels."""

from __future__ import annotations

import math

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts.per_sample import conv2d_per_sample
from engine.models.parts.widths import reduced
from engine.models.registry import register

KERNEL = 3
REDUCTION = 4
"""Of the channels inside the attention, section 3.2."""


@register(
    "dynamicconv",
    slot="conv",
    family="Dynamic Convolution",
    paper="Dynamic Convolution: Attention over Convolution Kernels, CVPR 2020",
    year=2019,
    arxiv="1912.03458",
    licence="no repository of the authors known; written from the paper",
)
class DynamicConv(nn.Module):
    """(Σ_k π_k W_k) x + Σ_k π_k b_k with π = softmax(W' relu(W avgpool(x)) / τ), equations 2 to 4.

    3×3, normalised and activated. The paper lowers τ from 30 to 1 in the first ten epochs; a layer
    does not know the epoch, so it stays, at 30 by default, which the paper finds close to as good.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        kernels: Number of kernels.
        temperature: τ, above 0: the higher, the more equal the weights.
    """

    def __init__(
        self, c_in: int, c_out: int, *, kernels: int = 4, temperature: float = 30.0
    ) -> None:
        """Make the kernels and the attention."""
        super().__init__()
        if kernels < 1:
            raise ValueError(f"there must be a kernel, not {kernels}")
        if temperature <= 0:
            raise ValueError(f"the temperature {temperature} is not above 0")
        self.temperature = temperature
        middle = reduced(c_in, REDUCTION)
        self.attention = nn.Sequential(
            nn.Linear(c_in, middle), nn.ReLU(inplace=True), nn.Linear(middle, kernels)
        )
        self.weight = nn.Parameter(torch.empty(kernels, c_out, c_in, KERNEL, KERNEL))
        self.bias = nn.Parameter(torch.zeros(kernels, c_out))
        for kernel in self.weight:
            nn.init.kaiming_uniform_(kernel, a=math.sqrt(5))
        self.norm = nn.BatchNorm2d(c_out)
        self.act = Conv.default_act

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        share = (self.attention(x.mean((2, 3))) / self.temperature).softmax(1)
        mixed = torch.einsum("bk,koihw->boihw", share, self.weight)
        convolved = conv2d_per_sample(x, mixed) + (share @ self.bias)[:, :, None, None]
        activated: torch.Tensor = self.act(self.norm(convolved))
        return activated
