"""ESC's block: one large kernel that all blocks share, and a small one made from the map."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import nn

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.convffn import ConvFfn
from engine.models.parts.norms import ChannelNorm
from engine.models.parts.reach import reach_of
from engine.models.registry import register

WORKED = 16
"""Channels that the kernels see; the others pass through."""


class ConvAttention(nn.Module):
    """The first channels convolved with a shared kernel and with one of their own picture.

    The shared kernel is dense, the picture's is depth-wise and 3×3, made by two layers from the
    mean of the map and 0 at the start; the sum of both takes the place of the first channels, and
    a 1×1 convolution mixes them with the others.

    Args:
        channels: In and out.
        worked: Channels that are convolved.
    """

    def __init__(self, channels: int, worked: int) -> None:
        """Make what makes the kernel."""
        super().__init__()
        self.split = [worked, channels - worked]
        last = nn.Conv2d(max(1, worked // 2), 9 * worked, 1)
        self.propose = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(worked, max(1, worked // 2), 1), nn.GELU(), last
        )
        nn.init.zeros_(last.weight)
        assert last.bias is not None
        nn.init.zeros_(last.bias)
        self.mix = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W] and the shared kernel."""
        worked, kept = torch.split(x, self.split, 1)
        own = rearrange(self.propose(worked), "b (c n) 1 1 -> b c n 1", n=9)
        # A grouped convolution would write the size of the batch into an exported network.
        windows = rearrange(nn.functional.unfold(worked, 3, padding=1), "b (c n) l -> b c n l", n=9)
        near = (own * windows).sum(2).view_as(worked)
        far = nn.functional.conv2d(worked, kernel, padding=kernel.shape[-1] // 2)
        mixed: torch.Tensor = self.mix(torch.cat((far + near, kept), 1))
        return mixed


class ConvAttnBlock(nn.Module):
    """x + ConvAttention(ConvFfn(LN(x))), the part of ESC's block that it repeats.

    Args:
        channels: In and out.
        worked: See `ConvAttention`.
        ratio: See `ConvFfn`.
    """

    def __init__(self, channels: int, worked: int, ratio: float) -> None:
        """Make both parts."""
        super().__init__()
        self.ffn = nn.Sequential(ChannelNorm(channels), ConvFfn(channels, ratio))
        self.attention = ConvAttention(channels, worked)

    def forward(self, x: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W] and the shared kernel."""
        added: torch.Tensor = self.attention(self.ffn(x), kernel)
        return x + added


def symmetric(kernel: torch.Tensor) -> torch.Tensor:
    """Return the mean of a kernel's eight turned and mirrored forms.

    Args:
        kernel: [out, in, side, side].
    """
    back = torch.arange(kernel.shape[-1] - 1, -1, -1, device=kernel.device)
    # By index, as the export of torch's own turning warns.
    kernel = (kernel + kernel[:, :, back]) / 2
    kernel = (kernel + kernel[..., back]) / 2
    return (kernel + kernel.transpose(2, 3)) / 2


@register(
    "convattn",
    slot="block",
    family="ESC",
    paper="Emulating Self-attention with Convolution for Efficient Image Super-Resolution,"
    " ICCV 2025",
    year=2025,
    arxiv="2503.06671",
    origin="https://github.com/dslisleedh/ESC",
    licence="not verified; written from the paper",
)
class CspConvAttn(Csp):
    """ESC's convolutional attention in the frame of C3k2.

    The large kernel is shared by the blocks of one place, where ESC shares it in its whole
    network, and is the mean of its eight turned and mirrored forms as there. The window attention
    that ESC has once in front of several of these blocks is left out.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of blocks.
        expansion: Channels of a half as a share of `c_out`.
        kernel: Side of the shared kernel, odd.
        ratio: See `ConvFfn`.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        repeats: int,
        expansion: float,
        *,
        kernel: int = 13,
        ratio: float = 2.0,
    ) -> None:
        """Put the blocks into the frame."""
        reach_of(kernel)
        worked = min(WORKED, int(c_out * expansion))
        super().__init__(c_in, c_out, repeats, expansion, lambda c: ConvAttnBlock(c, worked, ratio))
        self.kernel = nn.Parameter(torch.empty(worked, worked, kernel, kernel))
        nn.init.orthogonal_(self.kernel)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        kernel = symmetric(self.kernel)
        parts = list(self.cv1(x).chunk(2, 1))
        for unit in self.m:
            parts.append(unit(parts[-1], kernel))
        joined: torch.Tensor = self.cv2(torch.cat(parts, 1))
        return joined
