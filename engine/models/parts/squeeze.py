"""The perceptron that squeezes the channels and widens them again."""

from __future__ import annotations

from torch import nn


def squeezed(channels: int, ratio: int, *, bias: bool = True) -> nn.Sequential:
    """Return W1 relu(W0 x) at each place, with few channels in the middle.

    ("Squeeze-and-Excitation Networks", arXiv 1709.01507, equation 3 without its sigmoid.)

    Args:
        channels: In and out.
        ratio: The channels in the middle are `channels` / `ratio`, at least one.
        bias: Whether both convolutions have biases.
    """
    if ratio < 1:
        raise ValueError(f"the ratio {ratio} is below 1")
    middle = max(1, channels // ratio)
    return nn.Sequential(
        nn.Conv2d(channels, middle, 1, bias=bias),
        nn.ReLU(inplace=True),
        nn.Conv2d(middle, channels, 1, bias=bias),
    )
