"""Mamba-YOLO-T as it was published, put together from the catalogue's parts.

"Mamba YOLO: A Simple Baseline for Object Detection with State Space Model", arXiv 2406.05835. A
recipe puts its blocks into YOLO11; here they stand where the paper has them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from ultralytics.nn.modules import SPPF, Conv, Detect

from engine.models.catalogue.block.mamba_yolo import OdssBlock, XssBlock
from engine.models.catalogue.down.cluemerge import VisionClueMerge
from engine.models.catalogue.stem.simple import SimpleStem

WIDTHS = (32, 64, 128, 256)
REPEATS = (1, 1, 3, 1)
CLASSES = 80


class MambaYolo(nn.Module):
    """Backbone, neck and head for 80 classes."""

    def __init__(self) -> None:
        """Make the layers at random."""
        super().__init__()
        c2, c3, c4, c5 = WIDTHS
        stages = [nn.Sequential(SimpleStem(3, c2), *(OdssBlock(c2, c2) for _ in range(REPEATS[0])))]
        for before, after, repeats in zip(WIDTHS, WIDTHS[1:], REPEATS[1:], strict=False):
            blocks = (OdssBlock(after, after) for _ in range(repeats))
            stages.append(nn.Sequential(VisionClueMerge(before, after), *blocks))
        self.stages = nn.ModuleList(stages)
        self.context = SPPF(c5, c5, 5)
        self.up4, self.up3 = XssBlock(c5 + c4, c4), XssBlock(c4 + c3, c3)
        self.down4, self.merge4 = Conv(c3, c3, 3, 2), XssBlock(c3 + c4, c4)
        self.down5, self.merge5 = Conv(c4, c4, 3, 2), XssBlock(c4 + c5, c5)
        self.head: Any = Detect(CLASSES, ch=(c3, c4, c5))
        self.head.stride = torch.tensor([8.0, 16.0, 32.0])

    def forward(self, x: torch.Tensor) -> Any:  # noqa: ANN401
        """Return what the head makes of [B, 3, H, W], sides multiples of 32."""
        levels = []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        _, p3, p4, p5 = levels
        p5 = self.context(p5)
        p4 = self.up4(torch.cat((_doubled(p5), p4), 1))
        p3 = self.up3(torch.cat((_doubled(p4), p3), 1))
        p4 = self.merge4(torch.cat((self.down4(p3), p4), 1))
        p5 = self.merge5(torch.cat((self.down5(p4), p5), 1))
        return self.head([p3, p4, p5])


def _doubled(x: torch.Tensor) -> torch.Tensor:
    return nn.functional.interpolate(x, scale_factor=2.0)
