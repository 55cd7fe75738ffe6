"""Kernels that are mixed for each picture, against mixing what each kernel gives."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d

from engine.models.catalogue.conv.condconv import CondConv
from engine.models.catalogue.conv.dynamicconv import DynamicConv


def test_condconv_is_the_sum_of_its_experts() -> None:
    layer, x = CondConv(3, 4, experts=5).eval(), torch.randn(2, 3, 6, 5)
    nn.init.normal_(layer.routing.weight)
    share = layer.routing(x.mean((2, 3))).sigmoid()
    each = torch.stack([conv2d(x, kernel, padding=1) for kernel in layer.weight], 1)
    expected = (each * share[:, :, None, None, None]).sum(1)
    assert torch.allclose(layer(x), layer.act(layer.norm(expected)), atol=1e-5)
    assert not torch.allclose(share[0], share[1], atol=1e-2)


def test_dynamic_convolution_is_the_weighted_mean_of_its_kernels() -> None:
    layer, x = DynamicConv(8, 4, kernels=3, temperature=0.5).eval(), torch.randn(2, 8, 6, 5)
    nn.init.normal_(layer.bias)
    share = (layer.attention(x.mean((2, 3))) / 0.5).softmax(1)
    assert torch.allclose(share.sum(1), torch.ones(2))
    each = torch.stack([conv2d(x, layer.weight[k], layer.bias[k], padding=1) for k in range(3)], 1)
    expected = (each * share[:, :, None, None, None]).sum(1)
    assert torch.allclose(layer(x), layer.act(layer.norm(expected)), atol=1e-5)


def test_a_high_temperature_makes_kernels_equal() -> None:
    layer, x = DynamicConv(8, 4, temperature=1e6).eval(), torch.randn(2, 8, 6, 5)
    mean = conv2d(x, layer.weight.mean(0), padding=1)
    assert torch.allclose(layer(x), layer.act(layer.norm(mean)), atol=1e-4)


def test_one_kernel_is_a_convolution() -> None:
    layer, x = DynamicConv(8, 4, kernels=1).eval(), torch.randn(2, 8, 6, 5)
    plain = conv2d(x, layer.weight[0], padding=1)
    assert torch.allclose(layer(x), layer.act(layer.norm(plain)), atol=1e-5)


@pytest.mark.parametrize("layer", [CondConv(8, 4), DynamicConv(8, 4)])
def test_a_picture_is_what_it_is_without_the_others(layer: nn.Module) -> None:
    x = torch.randn(3, 8, 5, 5)
    alone = torch.cat([layer.eval()(each[None]) for each in x])
    assert torch.allclose(layer(x), alone, atol=1e-5)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="0"):
        CondConv(8, 4, experts=0)
    with pytest.raises(ValueError, match="-1"):
        DynamicConv(8, 4, kernels=-1)
    with pytest.raises(ValueError, match="temperature 0"):
        DynamicConv(8, 4, temperature=0)
