"""Ultralytics' Conv2: a 3×3 and a 1×1 convolution under one normalisation."""

from __future__ import annotations

from ultralytics.nn.modules.conv import Conv2

from engine.models.registry import register


@register(
    "conv2",
    slot="conv",
    family="Conv2",
    paper="",
    year=2023,
    origin="https://github.com/ultralytics/ultralytics",
    licence="AGPL-3.0; the class is ultralytics' own",
)
class SumConv(Conv2):  # type: ignore[misc] # ultralytics is not typed
    """act(BN(W3 x + W1 x)): RepVGG's branches without the identity, normalised together.

    `fuse` of the network adds the 1×1 to the middle of the 3×3.

    Args:
        c_in: Channels in.
        c_out: Channels out.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        """Make both convolutions."""
        super().__init__(c_in, c_out)
