"""HCF-Net's block for small targets: patches of two sizes beside a row of convolutions."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.catalogue.attention.eca import Eca
from engine.models.catalogue.attention.spatialatt import SpatialAtt
from engine.models.catalogue.block.csp import Csp
from engine.models.registry import register


class PatchAware(nn.Module):
    """Features of square patches, chosen by how near they are to a learned direction.

    The mean over the channels of the p² pixels of a patch goes through a perceptron
    with LayerNorm in its middle; the result is weighed by its own softmax, then by its cosine with
    a learned vector, cut off below 0, and by a learned matrix that begins as the identity. It is
    enlarged bilinearly to the map. The softmax is over the features of a patch, as in the authors'
    code.

    Maps whose sides the patch does not divide are enlarged by repeating their edge, and cut back.

    Args:
        channels: In and out.
        patch: Side of a patch, above 0.
    """

    def __init__(self, channels: int, patch: int) -> None:
        """Make perceptron, direction and matrix."""
        super().__init__()
        middle = channels // 2
        if patch < 1 or middle < 1:
            raise ValueError(f"patches of {patch} and {channels} channels are too small")
        self.patch = patch
        self.perceptron = nn.Sequential(
            nn.Linear(patch**2, middle), nn.LayerNorm(middle), nn.Linear(middle, channels)
        )
        self.prompt = nn.Parameter(torch.empty(channels))
        nn.init.normal_(self.prompt)
        self.transform = nn.Parameter(torch.empty(channels, channels))
        nn.init.eye_(self.transform)
        self.project = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        height, width = int(x.shape[2]), int(x.shape[3])
        mean = x.mean(1, keepdim=True)
        missing = -height % self.patch, -width % self.patch
        mean = torch.cat([mean] + [mean[:, :, -1:]] * missing[0], 2)
        mean = torch.cat([mean] + [mean[..., -1:]] * missing[1], 3)
        pixels = nn.functional.pixel_unshuffle(mean, self.patch)
        feature = self.perceptron(pixels.permute(0, 2, 3, 1))
        feature = feature * feature.softmax(-1)
        # A smaller bound than this one is 0 in half precision.
        direction = nn.functional.normalize(self.prompt, dim=0, eps=1e-6)
        cosine = nn.functional.normalize(feature, dim=-1, eps=1e-6) @ direction
        feature = (feature * cosine.clamp(0, 1)[..., None]) @ self.transform
        large = nn.functional.interpolate(
            feature.permute(0, 3, 1, 2), mean.shape[2:], mode="bilinear", align_corners=False
        )
        found: torch.Tensor = self.project(large[:, :, :height, :width])
        return found


class PpaBlock(nn.Module):
    """relu(BN(drop(attention(s + local(s) + global(s) + c1 + c2 + c3)))), with s a 1×1 of x.

    "HCF-Net: Hierarchical Context Fusion Network for Infrared Small Object Detection", its module
    PPA: local and global are patches of 2 and 4; c1, c2 and c3 are 3×3 convolutions one after
    another that begin with x; attention is ECA-Net's over channels and CBAM's over places. There
    is no shortcut around it, as in the paper.

    Args:
        channels: In and out.
        dropout: Part of the channels that training leaves out, from 0 to below 1.
    """

    def __init__(self, channels: int, dropout: float = 0.1) -> None:
        """Make the branches."""
        super().__init__()
        if not 0 <= dropout < 1:
            raise ValueError(f"{dropout} of the channels cannot be left out")
        self.skip = Conv(channels, channels, 1, act=False)
        self.local = PatchAware(channels, 2)
        self.whole = PatchAware(channels, 4)
        self.row = nn.ModuleList(Conv(channels, channels, 3, act=nn.ReLU()) for _ in range(3))
        self.finish = nn.Sequential(
            Eca(channels),
            SpatialAtt(channels),
            nn.Dropout2d(dropout),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        skip = self.skip(x)
        total = skip + self.local(skip) + self.whole(skip)
        for conv in self.row:
            x = conv(x)
            total = total + x
        found: torch.Tensor = self.finish(total)
        return found


@register(
    "ppa",
    slot="block",
    family="HCF-Net",
    paper="HCF-Net: Hierarchical Context Fusion Network for Infrared Small Object Detection,"
    " ICME 2024",
    year=2024,
    arxiv="2403.10778",
    origin="https://github.com/zhengshuchen/HCFNet",
    licence="not verified; written from the paper",
)
class CspPpa(Csp):
    """HCF-Net's parallelised patch-aware attention in the frame of C3k2.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of blocks.
        expansion: Channels of a half as a share of `c_out`.
        dropout: See `PpaBlock`.
    """

    def __init__(
        self, c_in: int, c_out: int, repeats: int, expansion: float, *, dropout: float = 0.1
    ) -> None:
        """Put the blocks into the frame."""
        super().__init__(c_in, c_out, repeats, expansion, lambda c: PpaBlock(c, dropout))
