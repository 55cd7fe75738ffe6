"""SGE: places that are like the mean of their group are strengthened."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import nn

from engine.models.parts.widths import each_of
from engine.models.registry import register

EPS = 1e-5


@register(
    "sge",
    slot="attention",
    family="SGE",
    paper="Spatial Group-wise Enhance: Improving Semantic Feature Learning in Convolutional"
    " Networks, arXiv 2019",
    year=2019,
    arxiv="1905.09646",
    origin="https://github.com/implus/PytorchInsight",
    licence="not verified; written from the paper",
)
class SpatialGroupEnhance(nn.Module):
    """x σ(γ ĉ + β) with c = avgpool(x) · x of each group at each place, section 3.

    ĉ is c less its mean over all places, divided by their deviation; γ begins with 0 and β with 1
    for each group. ε stands below the root of the deviation instead of behind it, as a constant
    map would have no gradient there.

    The paper has 64 groups in networks of 256 to 2048 channels, so 4 to 32 channels each; eight
    groups give about that in the maps of YOLO11.

    Args:
        channels: In and out.
        groups: A divisor of `channels`.
    """

    def __init__(self, channels: int, *, groups: int = 8) -> None:
        """Begin with the same weight everywhere."""
        super().__init__()
        each_of(groups, channels)
        self.groups = groups
        self.weight = nn.Parameter(torch.zeros(groups, 1, 1, 1))
        self.bias = nn.Parameter(torch.ones(groups, 1, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        grouped = rearrange(x, "b (g c) h w -> b g c h w", g=self.groups)
        alike = (grouped * grouped.mean((3, 4), keepdim=True)).sum(2, keepdim=True)
        alike = alike - alike.mean((3, 4), keepdim=True)
        alike = alike * (alike.square().mean((3, 4), keepdim=True) + EPS).rsqrt()
        weighted = grouped * (self.weight * alike + self.bias).sigmoid()
        joined: torch.Tensor = rearrange(weighted, "b g c h w -> b (g c) h w")
        return joined
