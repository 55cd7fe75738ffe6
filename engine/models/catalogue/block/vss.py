"""VMamba's block: a selective scan in four directions, then a perceptron."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.glu import Mlp
from engine.models.parts.norms import ChannelNorm
from engine.models.parts.ss2d import Ss2d
from engine.models.registry import register


class VssBlock(nn.Module):
    """x += SS2D(LN(x)), then x += MLP(LN(x)).

    The form of the published results (v05_noz in its code): no gate, no bias of the depth-wise
    convolution, SiLU before the scan and GELU in the perceptron.

    Args:
        channels: In and out.
        state: See `Ss2d`.
        ratio: See `Ss2d`.
        mlp: Channels in the middle of the perceptron as a multiple of `channels`.
    """

    def __init__(self, channels: int, state: int = 1, ratio: float = 1.0, mlp: float = 4.0) -> None:
        """Make both branches."""
        super().__init__()
        self.norm1 = ChannelNorm(channels, eps=1e-5)
        self.scan = Ss2d(channels, state, ratio, gate=False, act=nn.SiLU, bias=False)
        self.scan.begin_long()
        self.norm2 = ChannelNorm(channels, eps=1e-5)
        self.mix = Mlp(channels, mlp)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        x = x + self.scan(self.norm1(x))
        mixed: torch.Tensor = x + self.mix(self.norm2(x))
        return mixed


@register(
    "vss",
    slot="block",
    family="VMamba",
    paper="VMamba: Visual State Space Model, NeurIPS 2024",
    year=2024,
    arxiv="2401.10166",
    origin="https://github.com/MzeroMiko/VMamba",
    licence="MIT; written from the paper",
    operators=("selective_scan",),
    stability="experimental",
)
class CspVss(Csp):
    """VMamba's blocks in the frame of C3k2, with the settings of its smallest network.

    Its larger ones have `ratio=2`. Stochastic depth is left out.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        repeats: int,
        expansion: float,
        *,
        state: int = 1,
        ratio: float = 1.0,
        mlp: float = 4.0,
    ) -> None:
        """Put the blocks into the frame."""
        super().__init__(c_in, c_out, repeats, expansion, lambda c: VssBlock(c, state, ratio, mlp))
