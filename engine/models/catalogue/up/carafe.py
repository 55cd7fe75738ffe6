"""CARAFE: each new pixel is a mixture of its surroundings that the network chooses."""

from __future__ import annotations

import torch
from einops import einsum, rearrange
from torch import nn
from torch.nn import functional

from engine.models.registry import register

SCALE = 2


@register(
    "carafe",
    slot="up",
    family="CARAFE",
    paper="CARAFE: Content-Aware ReAssembly of FEatures, ICCV 2019",
    year=2019,
    arxiv="1905.02188",
    origin="https://github.com/open-mmlab/mmdetection",
    licence="Apache-2.0; written from the paper",
)
class Carafe(nn.Module):
    """x'(l') = Σ W_l'(n, m) x(l + (n, m)), with W softmaxed over k×k places, section 3.

    A 1×1 convolution compresses, a k_e×k_e one makes four kernels for each pixel. All channels
    share them. Outside of the map there are zeros. In training it keeps k² copies of the map.

    Args:
        channels: In and out.
        kernel: k, odd.
        encoder: k_e, odd, in the paper `kernel` - 2.
        middle: Channels of the compressed map.
    """

    def __init__(
        self, channels: int, *, kernel: int = 5, encoder: int = 3, middle: int = 64
    ) -> None:
        """Make what chooses the kernels."""
        super().__init__()
        for side in (kernel, encoder):
            if side % 2 == 0 or side < 1:
                raise ValueError(f"the kernel {side} is not odd")
        if middle < 1:
            raise ValueError(f"{middle} channels in the middle are below 1")
        self.kernel = kernel
        self.compress = nn.Conv2d(channels, middle, 1)
        self.encode = nn.Conv2d(middle, SCALE**2 * kernel**2, encoder, padding=encoder // 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, 2H, 2W] for [B, C, H, W]."""
        height, count = x.shape[-2], self.kernel**2
        kernels = self.encode(self.compress(x))
        kernels = rearrange(kernels, "b (n s) h w -> b n s (h w)", n=count).softmax(1)
        around = functional.unfold(x, self.kernel, padding=self.kernel // 2)
        around = rearrange(around, "b (c n) place -> b c n place", n=count)
        mixed = einsum(around, kernels, "b c n place, b n s place -> b c s place")
        mixed = rearrange(mixed, "b c s (h w) -> b (c s) h w", h=height)
        return functional.pixel_shuffle(mixed, SCALE)
