"""Several branches written as one convolution, once they are trained.

A convolution stands here as its kernel [out, in, height, width] and its bias [out]. The numbering
of the transforms is that of "Diverse Branch Block", arXiv 2103.13425, section 3.2.
"""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

Linear = tuple[torch.Tensor, torch.Tensor]
"""Kernel and bias."""


def normed(kernel: torch.Tensor, norm: nn.BatchNorm2d) -> Linear:
    """Return a convolution without bias and the normalisation behind it as one (transform I)."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    return kernel * scale[:, None, None, None], norm.bias - norm.running_mean * scale


def of(layer: Conv) -> Linear:
    """Return ultralytics' Conv as one convolution, without its activation."""
    return normed(layer.conv.weight, layer.bn)


def added(*branches: Linear, size: int = 3) -> Linear:
    """Return parallel convolutions of odd sides as one of `size` (transforms II and VI)."""
    kernels, biases = zip(*branches, strict=True)
    return sum(centred(kernel, size) for kernel in kernels), sum(biases)  # type: ignore[return-value]


def centred(kernel: torch.Tensor, size: int = 3) -> torch.Tensor:
    """Return a kernel of odd sides in the middle of a square one of zeros (transform VI)."""
    down, across = ((size - side) // 2 for side in kernel.shape[-2:])
    return nn.functional.pad(kernel, (across, across, down, down))


def chained(first: Linear, second: Linear) -> Linear:
    """Return two convolutions one after another as one, at least one of them 1×1 (transform III).

    Where the first one is 1×1 and the second is not, this holds if what pads the map between them
    is the bias of the first, which is what it makes of zeros.
    """
    (kernel, bias), (after, shift) = first, second
    if kernel.shape[-2:] == (1, 1):
        joined = torch.einsum("mi,omhw->oihw", kernel[:, :, 0, 0], after)
    else:
        joined = torch.einsum("mihw,om->oihw", kernel, after[:, :, 0, 0])
    return joined, shift + torch.einsum("omhw,m->o", after, bias)


def unchanging(channels: int, like: torch.Tensor) -> torch.Tensor:
    """Return the 1×1 kernel that gives what it is given, of the kind of `like`."""
    return torch.eye(channels, device=like.device, dtype=like.dtype)[:, :, None, None]


def averaging(channels: int, size: int, like: torch.Tensor) -> torch.Tensor:
    """Return the kernel of an average over size × size, of the kind of `like` (transform V)."""
    return unchanging(channels, like).expand(-1, -1, size, size) / size**2


def plain(merged: Linear, act: nn.Module) -> nn.Sequential:
    """Return a convolution that keeps height and width, and an activation behind it."""
    kernel, bias = (each.detach() for each in merged)
    c_out, c_in, height, width = kernel.shape
    conv = nn.Conv2d(
        c_in,
        c_out,
        (height, width),
        padding=(height // 2, width // 2),
        device=kernel.device,
        dtype=kernel.dtype,
    )
    conv.weight = nn.Parameter(kernel, requires_grad=False)
    conv.bias = nn.Parameter(bias, requires_grad=False)
    return nn.Sequential(conv, act)
