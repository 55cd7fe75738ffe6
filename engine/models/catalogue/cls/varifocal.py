"""Varifocal loss: good boxes count more, easy background less."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.registry import BOX_TASKS, register


@register(
    "varifocal",
    slot="cls",
    family="VarifocalNet",
    paper="VarifocalNet: An IoU-aware Dense Object Detector, CVPR 2021",
    year=2020,
    arxiv="2008.13367",
    origin="https://github.com/hyz-xmaster/VarifocalNet",
    licence="Apache-2.0; written from the paper",
    tasks=BOX_TASKS,
)
class Varifocal(nn.Module):
    """q BCE(p, q) where the target q is above 0, α p^γ BCE(p, 0) elsewhere; equation 2.

    q is the quality that the assignment gives a place for its class.

    Args:
        alpha: Weight of the background.
        gamma: How much less easy background counts.
    """

    def __init__(self, *, alpha: float = 0.75, gamma: float = 2.0) -> None:
        """Keep the two numbers."""
        super().__init__()
        if alpha <= 0 or gamma < 0:
            raise ValueError("alpha must be above 0 and gamma not below 0")
        self.alpha, self.gamma = alpha, gamma

    def forward(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the loss of each place and class, of the shape of both, [B, A, C]."""
        logits, targets = logits.float(), targets.float()
        # The power by its logarithm, whose gradient stays finite where the score is 0.
        easy = (self.gamma * nn.functional.logsigmoid(logits)).exp()
        weight = torch.where(targets > 0, targets, self.alpha * easy)
        each = nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
        return each * weight
