"""Deformable convolutions as layers: those that move their own taps, and those told where to."""

from __future__ import annotations

import math

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts.widths import each_of
from ops.deform_conv2d import deform_conv2d

KERNEL = 3
TAPS = KERNEL**2


class TapsElsewhere(nn.Module):
    """The 3×3 convolution inside of deformable layers: only the weights, begun as in `nn.Conv2d`.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        stride: 1 or 2.
    """

    def __init__(self, c_in: int, c_out: int, stride: int = 1) -> None:
        """Make the weights."""
        super().__init__()
        self.stride = stride
        self.weight = nn.Parameter(torch.empty(c_out, c_in, KERNEL, KERNEL))
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))

    def forward(
        self, x: torch.Tensor, offset: torch.Tensor, mask: torch.Tensor | None
    ) -> torch.Tensor:
        """Return [B, c_out, H', W'] for [B, c_in, H, W], offsets [B, 2·9·G, H', W'] and a mask."""
        return deform_conv2d(
            x, offset, self.weight, mask=mask, stride=self.stride, padding=KERNEL // 2
        )


class DeformableConv(nn.Module):
    """A deformable 3×3 convolution that finds its offsets in its input, normalised and activated.

    Offsets, and the mask before its sigmoid, come from one 3×3 convolution that begins at zero: at
    the start taps are where they always were, with half their weight where there is a mask.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        groups: Of input channels with offsets of their own.
        modulated: Whether there is a mask.
    """

    def __init__(self, c_in: int, c_out: int, groups: int, modulated: bool) -> None:
        """Begin with taps that are not moved."""
        super().__init__()
        each_of(groups, c_in)
        self.split = [2 * TAPS * groups, TAPS * groups if modulated else 0]
        self.offset = nn.Conv2d(c_in, sum(self.split), KERNEL, padding=KERNEL // 2)
        nn.init.zeros_(self.offset.weight)
        assert self.offset.bias is not None
        nn.init.zeros_(self.offset.bias)
        self.conv = TapsElsewhere(c_in, c_out)
        self.norm = nn.BatchNorm2d(c_out)
        self.act = Conv.default_act

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        offset, mask = torch.split(self.offset(x), self.split, 1)
        convolved = self.conv(x, offset, mask.sigmoid() if self.split[1] else None)
        activated: torch.Tensor = self.act(self.norm(convolved))
        return activated


class DyDcnV2(nn.Module):
    """DCNv2 with normalisation whose offsets and mask come from elsewhere, as in DyHead.

    DyHead's spatial attention reads three levels with the offsets of the middle one ("Dynamic Head:
    Unifying Object Detection Heads with Attentions", arXiv 2106.08322, section 3.3). Where the
    output of a neighbouring level is not as large as they are, offsets and mask are brought to its
    size bilinearly and offsets are scaled with it, so that they stay the same part of the picture.
    (The authors' code leaves that to an operator that ignores the difference.)

    Args:
        c_in: Channels in.
        c_out: Channels out, a multiple of `groups`.
        stride: 1, or 2 for the finer neighbour.
        groups: Of the group normalisation, 16 in DyHead.
    """

    def __init__(self, c_in: int, c_out: int, *, stride: int = 1, groups: int = 16) -> None:
        """Make the convolution and the normalisation of what it gives."""
        super().__init__()
        each_of(groups, c_out)
        self.conv = TapsElsewhere(c_in, c_out, stride)
        self.norm = nn.GroupNorm(groups, c_out)

    def forward(self, x: torch.Tensor, offset: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H', W'] for [B, c_in, H, W], H' = ⌈H / stride⌉.

        Args:
            x: The level.
            offset: [B, 18, h, w] in pixels of h × w.
            mask: [B, 9, h, w] from 0 to 1.
        """
        stride = self.conv.stride
        height, width = ((side + stride - 1) // stride for side in x.shape[-2:])
        if (height, width) != tuple(offset.shape[-2:]):
            offset, mask = _resized(offset, mask, height, width)
        normed: torch.Tensor = self.norm(self.conv(x, offset, mask))
        return normed


def _resized(
    offset: torch.Tensor, mask: torch.Tensor, height: int, width: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return offsets and mask for a map of another size."""
    scale = offset.new_tensor([height / offset.shape[-2], width / offset.shape[-1]])
    both = nn.functional.interpolate(
        torch.cat((offset, mask), 1), (height, width), mode="bilinear", align_corners=False
    )
    offset, mask = torch.split(both, [offset.shape[1], mask.shape[1]], 1)
    return offset * scale.repeat(offset.shape[1] // 2)[:, None, None], mask
