"""The definition of deformable convolution."""

from __future__ import annotations

import torch

from ops.bilinear_gather import bilinear_gather
from ops.tracing import tracing

Pair = int | tuple[int, int]


def deform_conv2d(
    x: torch.Tensor,
    offset: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    mask: torch.Tensor | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> torch.Tensor:
    """Return a convolution whose taps read the map wherever the offsets move them.

    y(p) = sum over taps k of w_k x(p + p_k + Δp_k) Δm_k, with x between pixels as `bilinear_gather`
    has it: "Deformable ConvNets v2", arXiv 1811.11168, equation 1. Without a mask Δm is 1, which is
    the first version. Arguments mean what they do in torchvision.

    Args:
        x: [B, C, H, W].
        offset: [B, G · K · 2, H', W'] in pixels: for each of G groups of input channels, for each
            of K taps row by row, first down, then right. G follows from the shape.
        weight: [O, C / groups, kernel height, kernel width].
        bias: [O].
        mask: [B, G · K, H', W'], factors of the taps.
        stride: Of both directions, or down and right.
        padding: Zeros around, likewise.
        dilation: Distance of the taps, likewise.
        groups: Of channels that are convolved by themselves.

    Returns:
        [B, O, H', W'], the size of an ordinary convolution.

    Raises:
        ValueError: The shapes do not belong together.
    """
    kernel = (int(weight.shape[2]), int(weight.shape[3]))
    taps = kernel[0] * kernel[1]
    stride, padding, dilation = _pair(stride), _pair(padding), _pair(dilation)
    if not tracing():
        _check(x, offset, weight, mask, stride, padding, dilation, groups)
    batch, channels = x.shape[:2]
    height, width = offset.shape[-2:]
    count = offset.shape[1] // (2 * taps)
    exact = torch.promote_types(x.dtype, torch.float32)

    tap = torch.arange(taps, device=x.device)
    down = torch.arange(height, device=x.device) * stride[0] - padding[0]
    right = torch.arange(width, device=x.device) * stride[1] - padding[1]
    rows = (tap // kernel[1] * dilation[0])[:, None, None] + down[:, None]
    columns = (tap % kernel[1] * dilation[1])[:, None, None] + right
    moved = offset.to(exact).reshape(batch * count, taps, 2, height, width)
    sampled = bilinear_gather(
        x.reshape(batch * count, channels // count, *x.shape[-2:]),
        (moved[:, :, 0] + rows).flatten(2),
        (moved[:, :, 1] + columns).flatten(2),
    )
    if mask is not None:
        sampled = sampled * mask.reshape(batch * count, 1, taps, height * width)
    read = sampled.reshape(batch, groups, channels // groups * taps, height * width)
    mixed = weight.reshape(groups, weight.shape[0] // groups, -1) @ read
    result = mixed.reshape(batch, weight.shape[0], height, width)
    return result if bias is None else result + bias[:, None, None]


def _pair(value: Pair) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value


def _check(
    x: torch.Tensor,
    offset: torch.Tensor,
    weight: torch.Tensor,
    mask: torch.Tensor | None,
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
    groups: int,
) -> None:
    kernel, taps = weight.shape[2:], weight.shape[2] * weight.shape[3]
    if x.shape[1] != weight.shape[1] * groups or weight.shape[0] % groups:
        raise ValueError(
            f"a kernel of {list(weight.shape)} with groups={groups} does not fit"
            f" {x.shape[1]} channels"
        )
    count = offset.shape[1] // (2 * taps)
    if not count or offset.shape[1] % (2 * taps) or x.shape[1] % count:
        raise ValueError(
            f"{offset.shape[1]} channels of offsets are not two for each of {taps} taps"
            f" and of the groups of {x.shape[1]} channels"
        )
    sides = zip(x.shape[2:], kernel, stride, padding, dilation, strict=True)
    size = [(side + 2 * p - d * (k - 1) - 1) // s + 1 for side, k, s, p, d in sides]
    if list(offset.shape) != [x.shape[0], offset.shape[1], *size]:
        raise ValueError(
            f"offsets of {list(offset.shape)} are not for {x.shape[0]} maps of"
            f" {size[0]} x {size[1]}"
        )
    expected = [x.shape[0], count * taps, *size]
    if mask is not None and list(mask.shape) != expected:
        raise ValueError(f"the mask has the shape {list(mask.shape)}, not {expected}")
