"""Normalisation of pooled maps."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.parts.pooled import PooledNorm


def test_it_is_batch_norm_for_more_than_one_picture() -> None:
    ours, theirs = PooledNorm(4), nn.BatchNorm2d(4)
    x = torch.randn(5, 4, 1, 1)
    assert torch.equal(ours(x), theirs(x))
    assert torch.equal(ours.eval()(x), theirs.eval()(x))
    assert ours.state_dict().keys() == theirs.state_dict().keys()


def test_one_picture_is_normalised_by_what_was_seen_before() -> None:
    layer = PooledNorm(4)
    layer(torch.randn(16, 4, 1, 1))
    before = {key: value.clone() for key, value in layer.state_dict().items()}
    x = torch.randn(1, 4, 1, 1)
    found = layer.train()(x)
    assert all(torch.equal(value, before[key]) for key, value in layer.state_dict().items())
    assert torch.equal(found, layer.eval()(x))
