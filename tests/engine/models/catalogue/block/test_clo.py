"""CloFormer's block and its attention against their equations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine.models.catalogue.block.clo import CloBlock, ConvFfn, CspClo
from engine.models.parts.clo import AttnConv, CloAttention, PooledAttention, means


def array(x: torch.Tensor) -> np.ndarray:
    return x.detach().double().numpy()


def test_the_gate_is_the_equation() -> None:
    layer, x = AttnConv(6, 4, 3, 2), torch.randn(1, 6, 5, 4)
    q, k, v = array(layer.near(layer.qkv(x)))[0].reshape(3, 4, 5, 4)
    w1, b1, w2, b2 = (array(each) for each in layer.gate.parameters())
    expected = np.zeros((4, 5, 4))
    for row in range(5):
        for column in range(4):
            middle = w1[:, :, 0, 0] @ (q * k)[:, row, column] + b1
            middle = middle / (1 + np.exp(-middle))
            weight = np.tanh((w2[:, :, 0, 0] @ middle + b2) / math.sqrt(2))
            expected[:, row, column] = weight * v[:, row, column]
    assert np.abs(array(layer(x))[0] - expected).max() < 1e-5


def test_the_gate_sees_as_far_as_its_kernel() -> None:
    layer, x = AttnConv(4, 4, 5, 4), torch.randn(1, 4, 9, 9, requires_grad=True)
    layer(x)[0, :, 4, 4].sum().backward()
    assert x.grad is not None
    seen = x.grad[0].abs().sum(0) > 0
    expected = torch.zeros(9, 9, dtype=torch.bool)
    expected[2:7, 2:7] = True
    assert torch.equal(seen, expected)


@pytest.mark.parametrize("window", [1, 2, 3, 8])
def test_distant_attention_looks_at_means_of_windows(window: int) -> None:
    layer, x = PooledAttention(4, 6, 3, window), torch.randn(1, 4, 5, 7)
    q = array(layer.q(x))[0].reshape(3, 2, 35)
    pooled = [
        [array(x[0, :, top : top + window, left : left + window]).mean((1, 2))
         for left in range(0, 7, window)]
        for top in range(0, 5, window)
    ]  # fmt: skip
    flat = np.array([each for row in pooled for each in row]).T
    weight, bias = array(layer.kv.weight)[:, :, 0, 0], array(layer.kv.bias)  # type: ignore[arg-type]
    k, v = (weight @ flat + bias[:, None]).reshape(2, 3, 2, -1)
    expected = np.zeros((3, 2, 35))
    for head in range(3):
        for place in range(35):
            logits = q[head, :, place] @ k[head] / math.sqrt(2)
            share = np.exp(logits - logits.max())
            expected[head, :, place] = v[head] @ (share / share.sum())
    assert np.abs(array(layer(x))[0].reshape(3, 2, 35) - expected).max() < 1e-5


def test_means_of_windows_that_fit_are_average_pooling() -> None:
    x = torch.randn(2, 3, 8, 12)
    assert torch.allclose(means(x, 4), nn.functional.avg_pool2d(x, 4), atol=1e-6)
    assert means(x, 1) is x
    assert torch.allclose(means(torch.ones(1, 1, 5, 9), 4), torch.ones(1, 1, 2, 3))


@pytest.mark.parametrize(("quarters", "local"), [(1, 12), (2, 8), (3, 4)])
def test_heads_are_shared_between_near_and_far(quarters: int, local: int) -> None:
    layer = CloAttention(16, 3, 2, quarters)
    assert layer.local.gate[0].in_channels == local
    assert layer.distant.heads == quarters
    wide = CloAttention(128, 3, 2, quarters)
    assert wide.distant.heads == 2 * quarters
    assert layer(torch.randn(1, 16, 3, 5)).shape == (1, 16, 3, 5)


def test_channels_without_quarters_are_refused() -> None:
    with pytest.raises(ValueError, match="18"):
        CloAttention(18, 3, 2)


def test_the_perceptron_looks_around_after_its_activation() -> None:
    layer, x = ConvFfn(4, 2.0), torch.randn(1, 4, 6, 6)
    middle = nn.functional.gelu(layer.fc1(x))
    middle = nn.functional.conv2d(middle, layer.near.weight, layer.near.bias, padding=2, groups=8)
    assert torch.allclose(layer(x), layer.fc2(middle))


def test_a_block_is_two_residuals() -> None:
    block, x = CloBlock(16, 2), torch.randn(2, 16, 9, 10)
    halfway = x + block.attention(block.norm1(x))
    assert torch.equal(block(x), halfway + block.ffn(block.norm2(halfway)))


def test_kernels_windows_and_shares_go_with_the_level() -> None:
    found = []
    for level in range(1, 7):
        unit: Any = CspClo(8, 32, 1, 0.5, level).m[0]
        attention = unit.attention
        found.append(
            (
                attention.local.near.kernel_size[0],
                attention.distant.window,
                attention.distant.q.out_channels // 4,
            )
        )
    assert found == [(3, 8, 1), (3, 8, 1), (5, 4, 2), (7, 2, 2), (9, 1, 3), (9, 1, 3)]
