"""Attention among channels against its papers."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from engine.models.catalogue.psa.mdta import PsaMdta, TransposedAttention
from engine.models.catalogue.psa.xca import CrossCovariance, PsaXca, patch_interaction


def shuffled(x: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    return x.flatten(2)[..., order].reshape(x.shape)


def test_xca_knows_no_order_of_places() -> None:
    layer, x, order = CrossCovariance(128), torch.randn(2, 128, 3, 4), torch.randperm(12)
    assert layer.heads == 2
    assert torch.allclose(layer(shuffled(x, order)), shuffled(layer(x), order), atol=1e-5)


def test_heads_of_xca_attend_to_their_own_channels() -> None:
    layer: Any = CrossCovariance(128)
    layer.proj = nn.Identity()
    with torch.no_grad():
        layer.qkv.weight.copy_(torch.eye(128).repeat(3, 1)[..., None, None])
    x = torch.randn(1, 128, 3, 4, requires_grad=True)
    layer(x)[:, :64].sum().backward()
    assert x.grad is not None
    assert (x.grad.abs().sum((0, 2, 3)) > 0).tolist() == [True] * 64 + [False] * 64


def test_mdta_is_xca_where_its_convolutions_see_one_pixel() -> None:
    ours: Any = TransposedAttention(16)
    other = CrossCovariance(16)
    nn.init.dirac_(ours.qkv[1].weight, groups=48)
    nn.init.constant_(ours.temperature, 1.7)
    nn.init.constant_(other.temperature, 1.7)
    with torch.no_grad():
        other.qkv.weight.copy_(ours.qkv[0].weight)
        other.proj.weight.copy_(ours.proj.weight)
    for conv in (other.qkv, other.proj):
        assert conv.bias is not None
        nn.init.zeros_(conv.bias)
    x = torch.randn(2, 16, 4, 5)
    assert torch.allclose(ours(x), other(x), atol=1e-6)
    nn.init.normal_(ours.qkv[1].weight)
    assert (ours(x) - other(x)).abs().max() > 1e-3


def test_places_of_xcit_see_two_pixels_far() -> None:
    layer, x = patch_interaction(2).eval(), torch.randn(1, 2, 9, 9, requires_grad=True)
    layer(x)[0, 0, 4, 4].backward()
    assert x.grad is not None
    seen = x.grad[0].abs() > 0
    assert seen[0, 2:7, 2:7].all()
    assert seen.sum() == 25


def test_parts_stand_in_the_order_of_the_papers() -> None:
    names = [[name for name, _ in layer.m[0].named_children()]
             for layer in (PsaMdta(32, 32, 1), PsaXca(32, 32, 1))]  # fmt: skip
    assert names == [["attn", "ffn"], ["attn", "near", "ffn"]]
