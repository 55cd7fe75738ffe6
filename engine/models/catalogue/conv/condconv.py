"""CondConv: a kernel for each picture, mixed from experts."""

from __future__ import annotations

import math

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts.per_sample import conv2d_per_sample
from engine.models.registry import register

KERNEL = 3


@register(
    "condconv",
    slot="conv",
    family="CondConv",
    paper="CondConv: Conditionally Parameterized Convolutions for Efficient Inference,"
    " NeurIPS 2019",
    year=2019,
    arxiv="1904.04971",
    origin="https://github.com/tensorflow/tpu",
    licence="Apache-2.0; written from the paper",
)
class CondConv(nn.Module):
    """(Σ_i α_i W_i) x with α = σ(R avgpool(x)), equations 1 and 2; 3×3, normalised and activated.

    Each expert begins as the kernel of a convolution of its own.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        experts: Number of kernels.
    """

    def __init__(self, c_in: int, c_out: int, *, experts: int = 8) -> None:
        """Make the experts and what weighs them."""
        super().__init__()
        if experts < 1:
            raise ValueError(f"there must be an expert, not {experts}")
        self.routing = nn.Linear(c_in, experts)
        self.weight = nn.Parameter(torch.empty(experts, c_out, c_in, KERNEL, KERNEL))
        for expert in self.weight:
            nn.init.kaiming_uniform_(expert, a=math.sqrt(5))
        self.norm = nn.BatchNorm2d(c_out)
        self.act = Conv.default_act

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        share = self.routing(x.mean((2, 3))).sigmoid()
        kernels = torch.einsum("be,eoihw->boihw", share, self.weight)
        activated: torch.Tensor = self.act(self.norm(conv2d_per_sample(x, kernels)))
        return activated
