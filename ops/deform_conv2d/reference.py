"""The definition of deformable convolution."""

from __future__ import annotations

import torch

from ops.bilinear_gather.reference import bilinear_gather, check_kinds, named_shapes
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
        ValueError: The shapes do not belong together, or the tensors lie on several devices.
        TypeError: They are not real numbers.
    """
    kernel = (int(weight.shape[2]), int(weight.shape[3]))
    taps = kernel[0] * kernel[1]
    stride, padding, dilation = pair(stride), pair(padding), pair(dilation)
    if not tracing():
        check(x, offset, weight, bias, mask, stride, padding, dilation, groups)
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
        sampled = (sampled * mask.reshape(batch * count, 1, taps, height * width)).to(x.dtype)
    read = sampled.reshape(batch, groups, channels // groups * taps, height * width)
    mixed = weight.reshape(groups, weight.shape[0] // groups, -1) @ read
    result = mixed.reshape(batch, weight.shape[0], height, width)
    return result if bias is None else result + bias[:, None, None].to(result.dtype)


def pair(value: Pair) -> tuple[int, int]:
    """Return what is meant for down and right."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def check(
    x: torch.Tensor,
    offset: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    mask: torch.Tensor | None,
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
    groups: int,
) -> None:
    """Raise ValueError or TypeError where arguments do not belong together."""
    named = {"x": x, "offset": offset, "weight": weight, "bias": bias, "mask": mask}
    given = {name: each for name, each in named.items() if each is not None}
    check_kinds(given)
    if any(each.ndim != (1 if name == "bias" else 4) for name, each in given.items()):
        raise ValueError(f"{named_shapes(given)} do not belong together")
    kernel, taps = weight.shape[2:], weight.shape[2] * weight.shape[3]
    if min(*stride, *dilation, groups, taps) < 1 or min(padding) < 0:
        raise ValueError(
            f"a kernel of {list(weight.shape)} with stride={stride}, padding={padding},"
            f" dilation={dilation} and groups={groups} is none"
        )
    if x.shape[1] != weight.shape[1] * groups or weight.shape[0] % groups or not weight.numel():
        raise ValueError(
            f"a kernel of {list(weight.shape)} with groups={groups} does not fit"
            f" {x.shape[1]} channels"
        )
    if bias is not None and bias.shape[0] != weight.shape[0]:
        raise ValueError(f"a bias of {list(bias.shape)} is not for {weight.shape[0]} channels")
    count = offset.shape[1] // (2 * taps)
    if not count or offset.shape[1] % (2 * taps) or x.shape[1] % count:
        raise ValueError(
            f"{offset.shape[1]} channels of offsets are not two for each of {taps} taps"
            f" and of the groups of {x.shape[1]} channels"
        )
    sides = zip(x.shape[2:], kernel, stride, padding, dilation, strict=True)
    size = [(side + 2 * p - d * (k - 1) - 1) // s + 1 for side, k, s, p, d in sides]
    if any(side < 1 for side in (*size, *x.shape[2:])):
        raise ValueError(f"a kernel of {list(weight.shape)} is larger than maps {list(x.shape)}")
    if list(offset.shape) != [x.shape[0], offset.shape[1], *size]:
        raise ValueError(
            f"offsets of {list(offset.shape)} are not for {x.shape[0]} maps of"
            f" {size[0]} x {size[1]}"
        )
    expected = [x.shape[0], count * taps, *size]
    if mask is not None and list(mask.shape) != expected:
        raise ValueError(f"the mask has the shape {list(mask.shape)}, not {expected}")
