"""SMPConv: kernels of any size made of a few points that move.

"SMPConv: Self-moving Point Representations for Continuous Convolution", arXiv 2304.02330.
"""

from __future__ import annotations

import torch
from torch import nn

from engine.models.parts.depthwise import depthwise
from engine.models.parts.reach import reach_of
from ops.depthwise_large import depthwise_conv2d

SMALLEST, LARGEST = 1e-3, 1.0
"""What the radius of a point is kept within, in halves of the kernel's side."""


class SmpConv(nn.Module):
    """A depthwise convolution whose kernel is interpolated between points, equations 3 and 4.

    K(p) = Σ_i w_i relu(1 - |p - p_i|₁ / r_i) at places p from -1 to 1 in both directions. Points
    and radii are the same for all channels, weights are not. There are k² / 4 points, close to the
    middle at first, with radius 4 / k. Radii are kept within bounds before each step of training
    instead of after it, so that no trainer needs to know. There is no stride.

    Args:
        channels: In and out.
        kernel: Side, odd, at least 3.
    """

    def __init__(self, channels: int, kernel: int) -> None:
        """Place the points."""
        super().__init__()
        reach_of(kernel, 1)
        self.kernel = kernel
        count = kernel**2 // 4
        self.places = nn.Parameter(torch.empty(count, 2))
        self.radius = nn.Parameter(torch.full((count, 1, 1), 4 / kernel))
        self.weights = nn.Parameter(torch.empty(channels, count))
        nn.init.trunc_normal_(self.places, std=0.2, a=-1.0, b=1.0)
        nn.init.trunc_normal_(self.weights, std=0.02)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        if self.training:
            # Past autograd: it is part of the step before.
            self.radius.data.clamp_(SMALLEST, LARGEST)
        return depthwise_conv2d(x, self.sampled(), padding=self.kernel // 2)

    def sampled(self) -> torch.Tensor:
        """Return the kernels [C, 1, k, k]; the first coordinate of a point is across."""
        axis = torch.linspace(-1, 1, self.kernel, device=self.places.device)
        axis = axis.to(self.places.dtype)
        across = (axis - self.places[:, :1]).abs()[:, None]
        down = (axis - self.places[:, 1:]).abs()[:, :, None]
        near = (1 - (across + down) / self.radius).relu()
        return (self.weights @ near.flatten(1)).reshape(-1, 1, self.kernel, self.kernel)


class SmpCnn(nn.Module):
    """An SMPConv and a small depthwise convolution side by side, each normalised; their sum.

    The small one is a branch, not a residual (section 3.4). Both fold into one convolution.

    Args:
        channels: In and out.
        kernel: Of the SMPConv.
        small: Of the other, odd and not above `kernel`.
    """

    def __init__(self, channels: int, kernel: int, small: int = 5) -> None:
        """Make both."""
        super().__init__()
        if small > kernel:
            raise ValueError(f"the kernel {kernel} is below {small}")
        self.large = SmpConv(channels, kernel)
        self.large_norm = nn.BatchNorm2d(channels)
        self.small = depthwise(channels, small, bias=False)
        self.small_norm = nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        summed: torch.Tensor = self.large_norm(self.large(x)) + self.small_norm(self.small(x))
        return summed

    @torch.no_grad()
    def fold(self) -> nn.Module:
        """Return one depthwise convolution with the same output in use."""
        kernel, bias = _normed(self.large.sampled(), self.large_norm)
        small, small_bias = _normed(self.small.weight, self.small_norm)
        around = (kernel.shape[-1] - small.shape[-1]) // 2
        folded = depthwise(kernel.shape[0], kernel.shape[-1]).to(kernel)
        assert folded.bias is not None
        folded.weight.copy_(kernel + nn.functional.pad(small, [around] * 4))
        folded.bias.copy_(bias + small_bias)
        return folded.requires_grad_(False).train(self.training)


def _normed(kernel: torch.Tensor, norm: nn.BatchNorm2d) -> tuple[torch.Tensor, torch.Tensor]:
    """Return kernel and bias of a convolution with the normalisation behind it."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    factor = norm.weight / (norm.running_var + norm.eps).sqrt()
    return kernel * factor[:, None, None, None], norm.bias - norm.running_mean * factor


class SmpBlock(nn.Module):
    """x + BN(W2 relu(smpcnn(relu(BN(W1 BN(x)))))), with W1 and W2 1×1 convolutions.

    The first normalisation stands before everything, as the blocks add to their input. Stochastic
    depth is left out.

    Args:
        channels: In and out, and in the middle.
        kernel: Of the SMPConv.
    """

    def __init__(self, channels: int, kernel: int) -> None:
        """Make the layers of the branch."""
        super().__init__()
        self.branch = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            SmpCnn(channels, kernel),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        added: torch.Tensor = self.branch(x)
        return x + added


class SmpConvFfn(nn.Module):
    """x + BN(W2 gelu(BN(W1 BN(x)))), with W1 and W2 1×1 convolutions: SMPCNN_ConvFFN.

    Args:
        channels: In and out.
        ratio: Channels in the middle as a multiple of `channels`.
    """

    def __init__(self, channels: int, ratio: float = 4.0) -> None:
        """Make the layers of the branch."""
        super().__init__()
        middle = int(channels * ratio)
        if middle < 1:
            raise ValueError(f"{ratio} times {channels} channels leaves none in the middle")
        self.branch = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, middle, 1, bias=False),
            nn.BatchNorm2d(middle),
            nn.GELU(),
            nn.Conv2d(middle, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        added: torch.Tensor = self.branch(x)
        return x + added
