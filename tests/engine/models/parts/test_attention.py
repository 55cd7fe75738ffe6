"""Attention among places and among channels, place by place and channel by channel."""

from __future__ import annotations

import numpy as np
import torch

from engine.models.parts.attention import attend, cross_covariance


def test_attention_is_a_mean_of_values_by_the_exponential_of_products() -> None:
    query, key, value = torch.randn(4, 6), torch.randn(5, 6), torch.randn(5, 3)
    bias = torch.randn(4, 5)
    found = attend(query, key, value, bias).numpy()
    for place in range(4):
        scores = [
            float(query[place] @ key[at]) / 6**0.5 + float(bias[place, at]) for at in range(5)
        ]
        weights = np.exp(scores) / np.exp(scores).sum()
        assert np.allclose(found[place], weights @ value.numpy(), atol=1e-5)


def test_channels_attend_by_the_angles_between_them() -> None:
    query, key, value = torch.randn(3, 3, 8).unbind(0)
    found = cross_covariance(query, key, value, torch.tensor(2.5)).numpy()
    for channel in range(3):
        lengths = [float(query[channel].norm() * key[at].norm()) for at in range(3)]
        cosines = [float(query[channel] @ key[at]) / lengths[at] for at in range(3)]
        weights = np.exp(2.5 * np.array(cosines))
        assert np.allclose(found[channel], weights / weights.sum() @ value.numpy(), atol=1e-5)


def test_the_size_of_a_channel_does_not_matter_among_channels() -> None:
    query, key, value = torch.randn(3, 4, 8).unbind(0)
    one = torch.ones(1)
    larger = cross_covariance(query * 7, key * torch.rand(4, 1).add(1), value, one)
    assert torch.allclose(larger, cross_covariance(query, key, value, one), atol=1e-5)
    assert cross_covariance(query * 0, key * 0, value, one).isfinite().all()
