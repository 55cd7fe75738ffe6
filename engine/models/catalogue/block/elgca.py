"""ELGC-Net's block: near and far context, each from its own share of the channels."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.convffn import ConvFfn
from engine.models.parts.depthwise import depthwise
from engine.models.parts.norms import ChannelNorm
from engine.models.parts.widths import each_of
from engine.models.registry import register


class LocalGlobalContext(nn.Module):
    """A half of the channels convolved, a quarter kept local, a quarter from pooled attention.

    "ELGC-Net: Efficient Local-Global Context Aggregation for Remote Sensing Change Detection", its
    module ELGCA: a 1×1 convolution makes query, key, value and local features of a quarter each
    from the second half. Query and key are pooled by mean and by maximum to half their sides;
    attention is between channels: channel i of the output is Σ_j softmax_j(q_j · k_i) v_j. The dot
    products are not scaled, as in the authors' code.

    Args:
        channels: In and out, a multiple of 4.
    """

    def __init__(self, channels: int) -> None:
        """Make the convolutions."""
        super().__init__()
        half = 2 * each_of(4, channels)
        self.near = depthwise(half, 3)
        self.project = nn.Conv2d(half, 2 * half, 1)
        self.pool_query = nn.AvgPool2d(3, 2, 1)
        self.pool_key = nn.MaxPool2d(2, 2, ceil_mode=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        first, second = x.chunk(2, 1)
        near = nn.functional.gelu(self.near(first))
        query, key, value, local = nn.functional.gelu(self.project(second)).chunk(4, 1)
        query = self.pool_query(query).flatten(2)
        key = self.pool_key(key).flatten(2)
        weight = (key @ query.transpose(1, 2)).softmax(-1)
        far = (weight @ value.flatten(2)).view_as(value)
        return torch.cat((near, local, far), 1)


class ElgcaBlock(nn.Module):
    """x = x + context(LN(x)), then x = x + mlp(LN(x)), as in the encoder of ELGC-Net.

    Args:
        channels: In and out, a multiple of 4.
        ratio: See `ConvFfn`.
    """

    def __init__(self, channels: int, ratio: float = 4.0) -> None:
        """Make both halves."""
        super().__init__()
        self.context = nn.Sequential(ChannelNorm(channels), LocalGlobalContext(channels))
        self.mlp = nn.Sequential(ChannelNorm(channels), ConvFfn(channels, ratio))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        x = x + self.context(x)
        mixed: torch.Tensor = self.mlp(x)
        return x + mixed


@register(
    "elgca",
    slot="block",
    family="ELGC-Net",
    paper="ELGC-Net: Efficient Local-Global Context Aggregation for Remote Sensing Change"
    " Detection, TGRS 2024",
    year=2024,
    arxiv="2403.17909",
    origin="https://github.com/techmn/elgcnet",
    licence="not verified; written from the paper",
)
class CspElgca(Csp):
    """ELGC-Net's blocks in the frame of C3k2.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of blocks.
        expansion: Channels of a half as a share of `c_out`.
        ratio: See `ConvFfn`.
    """

    def __init__(
        self, c_in: int, c_out: int, repeats: int, expansion: float, *, ratio: float = 4.0
    ) -> None:
        """Put the blocks into the frame."""
        super().__init__(c_in, c_out, repeats, expansion, lambda c: ElgcaBlock(c, ratio))
