"""Attention that makes something of a map before it weights it, against its equations."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from engine.models.catalogue.attention.cloatt import CloLayer
from engine.models.catalogue.attention.epsa import PyramidSplitAttention
from engine.models.catalogue.attention.external import ExternalAttention
from engine.models.catalogue.attention.parnet import ParNetAttention
from engine.models.catalogue.attention.seam import PATCHES, MultiSeam, Patches, Seam


def unsettle(layer: nn.Module) -> None:
    """Give normalisation statistics and factors that are not those at the start."""
    for each in layer.modules():
        if isinstance(each, nn.BatchNorm2d):
            assert each.running_mean is not None
            assert each.running_var is not None
            each.running_mean.normal_()
            each.running_var.uniform_(0.5, 2)
            nn.init.normal_(each.weight)
            nn.init.normal_(each.bias)


def test_a_parnet_block_is_the_sum_of_its_branches() -> None:
    layer, x = ParNetAttention(6).eval(), torch.randn(2, 6, 5, 7)
    unsettle(layer)
    near: Any = layer.near
    skip = layer.norm(x)
    skip = skip * layer.excite(skip.mean((2, 3), keepdim=True)).sigmoid()
    summed = near.conv1(x) + near.conv2(x) + skip
    assert torch.allclose(layer(x), summed * summed.sigmoid(), atol=1e-5)


def test_a_parnet_block_folds_its_convolutions() -> None:
    layer, x = ParNetAttention(6).eval(), torch.randn(2, 6, 5, 7)
    unsettle(layer)
    before = layer(x)
    near: Any = layer.near
    near.fuse_convs()
    near.forward = near.forward_fuse
    assert torch.allclose(layer(x), before, atol=1e-4)
    assert sum(isinstance(each, nn.Conv2d) for each in layer.modules()) == 2


@pytest.mark.parametrize("kind", [Seam, MultiSeam])
def test_seam_raises_each_channel_by_one_to_e(kind: type[Seam | MultiSeam]) -> None:
    layer, x = kind(16).eval(), torch.randn(2, 16, 9, 11)
    raised = (layer(x) / x).detach()
    assert float(raised.min()) > 1
    assert float(raised.max()) < math.e
    assert torch.allclose(raised, raised[..., :1, :1].expand_as(raised), atol=1e-5)
    last: Any = layer.weigh[2]
    nn.init.zeros_(last.weight)
    assert torch.allclose(layer(x), x * math.exp(0.5))


def test_the_blocks_of_seam_are_separable_with_a_sum() -> None:
    layer, x = Seam(4, depth=2).eval(), torch.randn(1, 4, 5, 5)
    unsettle(layer)
    seen = x
    for block in layer.blocks:
        places: Any = block.places
        channels: Any = block.channels
        near = nn.functional.conv2d(seen, places[0].weight, places[0].bias, padding=1, groups=4)
        seen = channels(seen + places[2](nn.functional.gelu(near)))
    weight = layer.weigh(seen.mean((2, 3), keepdim=True)).sigmoid().exp()
    assert torch.allclose(layer(x), x * weight, atol=1e-5)


@pytest.mark.parametrize("side", PATCHES)
def test_patches_over_the_edge_see_zeros(side: int) -> None:
    layer, x = Patches(3, side).eval(), torch.randn(1, 3, side + 1, 2 * side)
    padded = torch.zeros(1, 3, 2 * side, 2 * side)
    padded[:, :, : side + 1] = x
    assert layer(x).shape == (1, 3, 2, 2)
    assert torch.equal(layer(x), layer(padded))


def test_a_single_patch_can_be_learnt_from() -> None:
    layer = MultiSeam(4).train()
    layer(torch.randn(1, 4, 2, 3)).sum().backward()
    assert all(each.grad is not None for each in layer.parameters())


def test_seam_without_blocks_is_refused() -> None:
    with pytest.raises(ValueError, match="0"):
        Seam(8, depth=0)


def test_the_kernels_of_a_pyramid_share_the_channels() -> None:
    layer, x = PyramidSplitAttention(64), torch.randn(2, 64, 7, 5)
    seen = torch.stack([conv(x) for conv in layer.convs], 1)
    shares = layer(x).reshape(seen.shape) / seen
    assert torch.allclose(shares.sum(1), torch.ones(2, 16, 7, 5), atol=1e-4)
    assert torch.allclose(shares, shares[..., :1, :1].expand_as(shares), atol=1e-4)
    last: Any = layer.weigh[2]
    nn.init.zeros_(last.weight)
    assert torch.allclose(layer(x), seen.flatten(1, 2) / 4, atol=1e-6)


def test_a_pyramid_has_the_kernels_and_groups_of_the_paper() -> None:
    convs: Any = PyramidSplitAttention(64).convs
    assert [(each.kernel_size[0], each.groups) for each in convs] == [
        (3, 1),
        (5, 4),
        (7, 8),
        (9, 16),
    ]
    narrow: Any = PyramidSplitAttention(24).convs
    assert [each.groups for each in narrow] == [1, 2, 2, 2]
    with pytest.raises(ValueError, match="18 channels"):
        PyramidSplitAttention(18)


def test_external_attention_is_its_equations() -> None:
    layer, x = ExternalAttention(6, memory=5).eval(), torch.randn(2, 6, 3, 4)
    scores = torch.einsum("sc,bcn->bns", layer.keys.weight[..., 0], layer.query(x).flatten(2))
    over_places = scores.exp() / scores.exp().sum(1, keepdim=True)
    shares = over_places / over_places.sum(2, keepdim=True)
    found = torch.einsum("cs,bns->bcn", layer.values.weight[..., 0], shares)
    assert torch.allclose(layer(x), x + layer.out(found.reshape(x.shape)), atol=1e-5)


def test_external_attention_divides_nothing_by_zero() -> None:
    layer, x = ExternalAttention(4).eval().half(), torch.zeros(1, 4, 8, 8).half()
    nn.init.constant_(layer.keys.weight, 50)
    x[..., 0, 0] = 100
    assert layer(x).isfinite().all()


def test_external_attention_without_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="0"):
        ExternalAttention(8, memory=0)


def test_clo_attention_is_added() -> None:
    layer, x = CloLayer(16), torch.randn(2, 16, 5, 7)
    assert torch.equal(layer(x), x + layer.attention(layer.norm(x)))
    nn.init.zeros_(layer.attention.join.weight)
    nn.init.zeros_(layer.attention.join.bias)  # type: ignore[arg-type]
    assert torch.equal(layer(x), x)
