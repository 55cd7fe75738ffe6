"""What mixes the channels of each place: perceptrons, with a gate or without."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn


class Mlp(nn.Module):
    """W2 act(W1 x) at each place, with W1 and W2 1×1 convolutions.

    Args:
        channels: In and out.
        ratio: Channels in the middle as a multiple of `channels`.
        act: Makes the activation.
        bias: Whether both convolutions have biases.
    """

    def __init__(
        self,
        channels: int,
        ratio: float = 4.0,
        act: Callable[[], nn.Module] = nn.GELU,
        *,
        bias: bool = True,
    ) -> None:
        """Make both convolutions."""
        super().__init__()
        middle = int(channels * ratio)
        if middle < 1:
            raise ValueError(f"{ratio} times {channels} channels leaves none in the middle")
        self.fc1 = nn.Conv2d(channels, middle, 1, bias=bias)
        self.act = act()
        self.fc2 = nn.Conv2d(middle, channels, 1, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        mixed: torch.Tensor = self.fc2(self.act(self.fc1(x)))
        return mixed


class ConvolutionalGlu(nn.Module):
    """W3 (gelu(dw3x3(W1 x)) ⊙ W2 x): a gate that sees its neighbours.

    "TransNeXt: Robust Foveal Visual Perception for Vision Transformers", arXiv 2311.17132,
    section 3.3. Two thirds of the channels that `Mlp` has in the middle make about as many
    parameters, as in that paper.

    Args:
        channels: In and out.
        ratio: Channels in the middle of a perceptron of this size, as a multiple of `channels`.
    """

    def __init__(self, channels: int, ratio: float = 4.0) -> None:
        """Make the gate and the value in one convolution."""
        super().__init__()
        middle = int(channels * ratio * 2 / 3)
        if middle < 1:
            raise ValueError(f"{ratio} times {channels} channels leaves none in the middle")
        self.fc1 = nn.Conv2d(channels, 2 * middle, 1)
        self.near = nn.Conv2d(middle, middle, 3, padding=1, groups=middle)
        self.fc2 = nn.Conv2d(middle, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        gate, value = self.fc1(x).chunk(2, 1)
        mixed: torch.Tensor = self.fc2(nn.functional.gelu(self.near(gate)) * value)
        return mixed
