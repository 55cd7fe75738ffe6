"""Kolmogorov-Arnold convolutions: what they are, cost and must not do."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine.models.parts.kan import (
    FastKanConv,
    KagnConv,
    KalnConv,
    gram,
    legendre,
    standardised,
    within_one,
)

KINDS: list[Any] = [KalnConv, KagnConv, FastKanConv]


@pytest.mark.parametrize(
    ("kind", "count"), [(KalnConv, 184_320), (KagnConv, 184_324), (FastKanConv, 331_784)]
)
def test_parameters_are_those_of_the_authors_layers(kind: Any, count: int) -> None:  # noqa: ANN401
    with torch.device("meta"):
        layer = kind(64, 64)
    # Theirs has the grid as a parameter that does not learn.
    assert sum(each.numel() for each in (*layer.parameters(), *layer.buffers())) == count


def test_legendre_polynomials() -> None:
    x = torch.linspace(-1, 1, 21, dtype=torch.float64)
    for n, found in enumerate(legendre(x, 6)):
        expected = np.polynomial.legendre.Legendre.basis(n)(x.numpy())
        assert np.abs(found.numpy() - expected).max() < 1e-12


def test_gram_polynomials_are_orthogonal_on_their_points() -> None:
    points = (2 * torch.arange(6, dtype=torch.float64) + 1) / 6 - 1
    rows = torch.stack(list(gram(points, 5, torch.ones(6).double())))
    products = rows @ rows.T
    off = products - products.diag().diag()
    assert off.abs().max() < 1e-12
    assert products.diag().min() > 1e-6


def test_without_scales_gram_polynomials_are_powers() -> None:
    x = torch.randn(7)
    for n, found in enumerate(gram(x, 4, torch.zeros(5))):
        assert torch.allclose(found, x**n, rtol=1e-4)


def test_standardised_is_instance_normalisation() -> None:
    x = torch.randn(2, 3, 4, 5) * 7 + 2
    assert torch.allclose(standardised(x), nn.functional.instance_norm(x), atol=1e-5)
    assert standardised(torch.randn(2, 3, 1, 1)).eq(0).all()
    assert standardised(torch.full((1, 1, 300, 300), 300.0).half()).eq(0).all()


def test_each_picture_is_stretched_by_itself() -> None:
    x = torch.randn(3, 2, 4, 4) * torch.tensor([1, 10, 100])[:, None, None, None]
    found = within_one(x)
    assert torch.allclose(found.amin((1, 2, 3)), -torch.ones(3), atol=1e-4)
    assert torch.allclose(found.amax((1, 2, 3)), torch.ones(3), atol=1e-4)


def test_kaln_is_its_formula() -> None:
    layer, x = KalnConv(3, 4, degree=2), torch.randn(2, 3, 5, 5)
    z = within_one(x)
    terms = torch.cat((torch.ones_like(z), z, 1.5 * z**2 - 0.5), 1)
    summed = nn.functional.conv2d(x, layer.base.weight, padding=1)
    summed = summed + nn.functional.conv2d(terms, layer.basis.weight, padding=1)
    expected = nn.functional.silu(nn.functional.instance_norm(summed))
    assert torch.allclose(layer(x), expected, atol=1e-4)


def test_kagn_is_its_formula() -> None:
    layer, x, silu = KagnConv(3, 4, degree=2), torch.randn(2, 3, 5, 5), nn.functional.silu
    nn.init.normal_(layer.scales)
    z = x.tanh()
    # n = 1 of three points: 1 (9 - 1) / (9 · 3).
    terms = torch.cat((torch.ones_like(z), z, z**2 - layer.scales[1] * 8 / 27), 1)
    summed = layer.base(silu(x)) + layer.basis(silu(terms))
    assert torch.allclose(layer(x), silu(nn.functional.instance_norm(summed)), atol=1e-4)


def test_fastkan_is_its_formula() -> None:
    layer, x = FastKanConv(3, 4, grid=3), torch.randn(2, 3, 5, 5)
    z = nn.functional.instance_norm(x, eps=1e-3)
    terms = torch.cat([(-(((z - centre) / 2) ** 2)).exp() for centre in (-2, 0, 2)], 1)
    expected = layer.base(nn.functional.silu(x)) + layer.basis(terms)
    assert torch.allclose(layer(x), expected, atol=1e-4)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_what_it_is_without_the_others(kind: Any, dims: int) -> None:  # noqa: ANN401
    layer, x = kind(3, 4, dims=dims), torch.randn(3, 3, *[5] * dims)
    x[1] *= 100
    alone = torch.cat([layer(each[None]) for each in x])
    assert alone.shape == (3, 4, *[5] * dims)
    assert torch.allclose(layer(x), alone, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(5, 5), (1, 1)])
def test_constant_maps_give_numbers(kind: Any, size: tuple[int, int]) -> None:  # noqa: ANN401
    layer = kind(3, 4)
    for value in (0.0, 1.0, -70.0):
        x = torch.full((2, 3, *size), value, requires_grad=True)
        y = layer(x)
        y.square().sum().backward()
        assert y.isfinite().all()
        assert x.grad is not None
        assert x.grad.isfinite().all()


@pytest.mark.parametrize("kind", [KalnConv, KagnConv])
@pytest.mark.parametrize("degree", [0, 1])
def test_the_lowest_degrees_work(kind: Any, degree: int) -> None:  # noqa: ANN401
    assert kind(3, 4, degree=degree)(torch.randn(2, 3, 5, 5)).shape == (2, 4, 5, 5)


def tensors() -> int:
    """Count the tensors that are alive; no object is asked what it is, as some complain of that."""
    return sum(issubclass(type(each), torch.Tensor) for each in gc.get_objects())


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_kept_over_200_calls(kind: Any) -> None:  # noqa: ANN401
    layer, seen = kind(2, 2), []
    gc.collect()
    before = tensors()
    for _ in range(200):
        x = torch.randn(1, 2, 3, 3)
        seen.append(weakref.ref(x))
        layer(x)
    del x
    gc.collect()
    assert [each for each in seen if each() is not None] == []
    assert tensors() <= before


@pytest.mark.parametrize(
    ("kind", "options", "match"),
    [
        (KalnConv, {"degree": -1}, "degree -1"),
        (KagnConv, {"degree": -1}, "degree -1"),
        (FastKanConv, {"grid": 1}, "grid of 1"),
        (KalnConv, {"dims": 4}, "4 dimensions"),
        (KalnConv, {"kernel": 2}, "kernel 2"),
    ],
)
def test_what_makes_no_sense_is_refused(kind: Any, options: Any, match: str) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match=match):
        kind(3, 4, **options)
