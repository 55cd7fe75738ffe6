"""Wise-IoU v3: boxes of ordinary quality count most."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.registry import register

TINY = 1e-7


@register(
    "wiou3",
    slot="iou",
    family="Wise-IoU",
    paper="Wise-IoU: Bounding Box Regression Loss with Dynamic Focusing Mechanism",
    year=2023,
    arxiv="2301.10051",
    origin="https://github.com/Instinct323/wiou",
    licence="GPL-3.0; written from the paper",
    tasks=("detect", "segment", "pose"),
)
class WiseIou(nn.Module):
    """r R (1 - IoU): the distance attention of WIoU v1 and the dynamic focusing of v3.

    R = exp(d² / (Wg² + Hg²)) with d the distance of the centres and Wg, Hg the sides of the box
    around both, which take no gradient. r = β / (δ α^(β - δ)) with β the loss of a box over its
    running mean: neither very good nor hopeless boxes get much.

    Args:
        alpha: α above.
        delta: δ above; at β = δ the factor is 1.
        momentum: Of the running mean.
    """

    mean: torch.Tensor

    def __init__(self, *, alpha: float = 1.9, delta: float = 3.0, momentum: float = 0.01) -> None:
        """Begin with a mean of one."""
        super().__init__()
        if alpha <= 1 or delta <= 0 or not 0 < momentum <= 1:
            raise ValueError("alpha must be above 1, delta above 0, momentum above 0 up to 1")
        self.alpha, self.delta, self.momentum = alpha, delta, momentum
        self.register_buffer("mean", torch.tensor(1.0))

    def forward(self, predicted: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
        """Return the loss [N] of boxes [N, 4] against [N, 4], xyxy of any unit."""
        # In half precision areas of large feature maps overflow.
        exact = torch.promote_types(predicted.dtype, torch.float32)
        predicted, true = predicted.to(exact), true.to(exact)
        low = torch.maximum(predicted[:, :2], true[:, :2])
        high = torch.minimum(predicted[:, 2:], true[:, 2:])
        common = (high - low).clamp(min=0).prod(1)
        area = (predicted[:, 2:] - predicted[:, :2]).clamp(min=0).prod(1)
        union = area + (true[:, 2:] - true[:, :2]).prod(1) - common
        loss = 1 - common / union.clamp(min=TINY)
        around = torch.maximum(predicted[:, 2:], true[:, 2:]) - torch.minimum(
            predicted[:, :2], true[:, :2]
        )
        apart = (predicted[:, :2] + predicted[:, 2:] - true[:, :2] - true[:, 2:]) / 2
        distance = (apart**2).sum(1) / (around.detach() ** 2).sum(1).clamp(min=TINY)
        if self.training and torch.is_grad_enabled() and len(loss):
            self.mean.lerp_(loss.detach().mean().to(self.mean), self.momentum)
        outlier = loss.detach() / self.mean.clamp(min=TINY)
        focus = outlier / (self.delta * self.alpha ** (outlier - self.delta))
        return focus * distance.exp() * loss
