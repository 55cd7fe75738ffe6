"""Wide depthwise kernels: `ops.depthwise_large` beside torch's own convolution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.harness import Measurement, Plan, at_least, in_fresh_process
from benchmarks.operators import begin, runs_of, timed

if TYPE_CHECKING:
    from torch import Tensor

MAPS = ((64, 80), (128, 40), (256, 20))
"""Channels and side."""
KERNELS = ((15, 15), (21, 21), (31, 31), (1, 15), (1, 21), (1, 31))
SQUARE, STRIP = 5.0, 1.5
"""Times as fast, at least."""


def measure(plan: Plan) -> list[Measurement]:
    """Measure kernels that are wide, on maps as networks for pictures of 640 pixels have them."""
    found = []
    for channels, side in MAPS:
        found += in_fresh_process(compare, runs_of(plan), channels, plan.size(side))
    return found


def compare(runs: int, channels: int, side: int) -> list[Measurement]:
    """Compare all kernels on maps of side × side."""
    begin()
    import torch
    from torch.nn.functional import conv2d

    from ops.depthwise_large import depthwise_conv2d

    x, found = torch.randn(1, channels, side, side), []
    for height, width in KERNELS:
        weight, padding = torch.randn(channels, 1, height, width), (height // 2, width // 2)

        def plain(weight: Tensor = weight, padding: tuple[int, int] = padding) -> Tensor:
            return conv2d(x, weight, padding=padding, groups=channels)

        def ours(weight: Tensor = weight, padding: tuple[int, int] = padding) -> Tensor:
            return depthwise_conv2d(x, weight, padding=padding)

        with torch.no_grad():
            taken = timed({"plain": plain, "ours": ours}, runs)
        label = f"{height}×{width}, {channels} maps of {side}×{side}: "
        least = SQUARE if height > 1 else STRIP
        ratio = taken["plain"] / taken["ours"]
        found.append(at_least(f"{label}conv2d / operator", ratio, "", least))
        found.append(Measurement(f"{label}operator", taken["ours"], "ms"))
    return found
