"""Branches written as one convolution."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import avg_pool2d, conv2d, pad

from engine.models.parts import reparam
from tests.helpers.norms import lively


def random(c_out: int, c_in: int, *sides: int) -> reparam.Linear:
    return torch.randn(c_out, c_in, *sides), torch.randn(c_out)


def close(one: torch.Tensor, two: torch.Tensor) -> bool:
    return torch.allclose(one, two, atol=1e-4)


def test_a_convolution_and_its_normalisation_are_one_convolution() -> None:
    kernel, norm, x = torch.randn(5, 3, 3, 3), lively(nn.BatchNorm2d(5)), torch.randn(2, 3, 6, 7)
    assert close(conv2d(x, *reparam.normed(kernel, norm)), norm(conv2d(x, kernel)))


def test_parallel_convolutions_of_several_sides_are_one() -> None:
    x, paddings = torch.randn(2, 3, 5, 6), ((1, 1), (0, 1), (1, 0), (0, 0))
    branches = [random(4, 3, 1 + 2 * down, 1 + 2 * across) for down, across in paddings]
    expected = sum(conv2d(x, *b, padding=p) for b, p in zip(branches, paddings, strict=True))
    assert isinstance(expected, torch.Tensor)
    assert close(conv2d(x, *reparam.added(*branches), padding=1), expected)


def test_a_small_kernel_is_in_the_middle_of_a_large_one() -> None:
    made = reparam.centred(torch.ones(1, 1, 1, 3), 5)
    assert made.shape == (1, 1, 5, 5)
    assert made[0, 0, 2].tolist() == [0, 1, 1, 1, 0]
    assert made.sum() == 3


def test_a_point_before_a_square_is_one_convolution_up_to_the_border() -> None:
    first, second, x = random(6, 3, 1, 1), random(4, 6, 3, 3), torch.randn(2, 3, 5, 6)
    expected = conv2d(conv2d(pad(x, [1] * 4), *first), *second)
    assert close(conv2d(x, *reparam.chained(first, second), padding=1), expected)


def test_a_square_before_a_point_is_one_convolution() -> None:
    first, second, x = random(6, 3, 3, 3), random(4, 6, 1, 1), torch.randn(2, 3, 5, 6)
    expected = conv2d(conv2d(x, *first, padding=1), *second)
    assert close(conv2d(x, *reparam.chained(first, second), padding=1), expected)


def test_an_average_and_the_identity_are_convolutions() -> None:
    x = torch.randn(2, 4, 5, 6)
    assert close(conv2d(x, reparam.averaging(4, 3, x)), avg_pool2d(x, 3, 1))
    assert torch.equal(conv2d(x, reparam.unchanging(4, x)), x)


def test_what_is_merged_becomes_a_layer_that_keeps_the_size() -> None:
    merged, x = random(4, 3, 3, 3), torch.randn(1, 3, 5, 6)
    layer = reparam.plain(merged, nn.ReLU())
    assert torch.equal(layer(x), conv2d(x, *merged, padding=1).relu())
    assert not any(each.requires_grad for each in layer.parameters())
