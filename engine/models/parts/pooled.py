"""What works on maps that were pooled to one place."""

from __future__ import annotations

import torch
from torch import nn


class PooledNorm(nn.BatchNorm2d):
    """BatchNorm of maps [B, C, 1, 1] that a batch of one picture does not stop.

    The variance of a single value is none, so BatchNorm refuses it in training. Such a batch, often
    the last one of an epoch, is normalised by the running statistics and leaves them as they are.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, 1, 1] for [B, C, 1, 1]."""
        if self.training and x.shape[0] == 1:
            return nn.functional.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        return super().forward(x)
