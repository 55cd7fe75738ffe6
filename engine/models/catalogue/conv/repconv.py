"""RepVGG's convolution: three branches in training, one afterwards."""

from __future__ import annotations

from ultralytics.nn.modules import RepConv

from engine.models.registry import register


@register(
    "repconv",
    slot="conv",
    family="RepVGG",
    paper="RepVGG: Making VGG-style ConvNets Great Again, CVPR 2021",
    year=2021,
    arxiv="2101.03697",
    origin="https://github.com/DingXiaoH/RepVGG",
    licence="MIT; the class is ultralytics' own, AGPL-3.0",
)
class RepVgg(RepConv):  # type: ignore[misc] # ultralytics is not typed
    """3×3, 1×1 and, where channels stay, identity, each normalised; their sum, activated.

    The branches fold into one 3×3 convolution (section 3.3), which `fuse` of the network does.

    Args:
        c_in: Channels in.
        c_out: Channels out.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        """Have the identity where it is possible."""
        super().__init__(c_in, c_out, bn=c_in == c_out)
