"""Activations against their formulas."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models import network
from engine.models.catalogue.act.hswish import HSwish
from engine.models.catalogue.act.squaredrelu import SquaredRelu
from engine.models.catalogue.act.starrelu import StarRelu
from engine.models.plan import draw
from engine.models.recipe import parse


def test_star_relu_keeps_mean_and_variance_of_a_normal_input() -> None:
    # Every quantile of a standard normal once.
    share = (torch.arange(200_000, dtype=torch.float64) + 0.5) / 200_000
    y = StarRelu()(torch.special.ndtri(share)).detach()
    assert float(y.mean()) == pytest.approx(0, abs=1e-3)
    assert float(y.var()) == pytest.approx(1, abs=1e-3)


def test_star_relu_is_its_formula_and_learns_both_numbers() -> None:
    layer, x = StarRelu(), torch.tensor([-2.0, 0.0, 0.5, 3.0])
    assert torch.allclose(layer(x), 0.8944 * x.clamp(min=0) ** 2 - 0.4472, atol=1e-3)
    layer(x).sum().backward()
    assert layer.scale.grad == pytest.approx(9.25)
    assert layer.bias.grad == pytest.approx(4)


def test_squared_relu_is_its_formula() -> None:
    x = torch.tensor([-2.0, -0.1, 0.0, 0.5, 3.0])
    assert torch.equal(SquaredRelu()(x), torch.tensor([0.0, 0.0, 0.0, 0.25, 9.0]))


def test_h_swish_is_its_formula_and_close_to_swish() -> None:
    x = torch.linspace(-6, 6, 101)
    y = HSwish()(x)
    assert torch.allclose(y, x * (x + 3).clamp(0, 6) / 6, atol=1e-6)
    assert (y - nn.functional.silu(x)).abs().max() < 0.2
    assert y[x <= -3].abs().max() == 0
    assert torch.allclose(y[x >= 3], x[x >= 3])


def test_each_convolution_of_a_network_has_its_own_numbers() -> None:
    recipe = parse("yolo11n:act=starrelu")
    made = network.build(recipe, draw(recipe))
    found = [each.act for each in made.modules() if isinstance(each, Conv)]
    star = [each for each in found if isinstance(each, StarRelu)]
    assert len({id(each) for each in star}) == len(star) > 50
    assert not any(isinstance(each, nn.SiLU) for each in made.modules())
