"""PP-HGNetV2's light convolution: mix the channels, then look around in each."""

from __future__ import annotations

from ultralytics.nn.modules import Conv, LightConv

from engine.models.registry import register


@register(
    "light",
    slot="conv",
    family="PP-HGNetV2",
    paper="DETRs Beat YOLOs on Real-time Object Detection, CVPR 2024",
    year=2023,
    arxiv="2304.08069",
    origin="https://github.com/PaddlePaddle/PaddleClas",
    licence="Apache-2.0; the class is ultralytics' own, AGPL-3.0",
)
class Light(LightConv):  # type: ignore[misc] # ultralytics is not typed
    """act(BN(depthwise(BN(W x)))) with W 1×1 and the depth-wise convolution 3×3.

    The backbone has no paper of its own; the one above made it known. Where it has ReLU this has
    the network's activation.

    Args:
        c_in: Channels in.
        c_out: Channels out.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        """Make the two convolutions."""
        super().__init__(c_in, c_out, 3, Conv.default_act)
