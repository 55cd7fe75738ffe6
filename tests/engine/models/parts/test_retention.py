"""Attention that fades with the distance, against its formulas in loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from einops import rearrange

from engine.models.parts.retention import ManhattanAttention, apart, decay, manhattan, turned


def array(x: torch.Tensor) -> np.ndarray:
    return x.detach().double().numpy()


def softmax(x: np.ndarray) -> np.ndarray:
    share = np.exp(x - x.max())
    return np.asarray(share / share.sum())


@pytest.mark.parametrize(("heads", "span"), [(4, 4.0), (8, 6.0), (1, 4.0)])
def test_decay_is_the_formula(heads: int, span: float) -> None:
    expected = [math.log(1 - 2 ** (-2 - span * head / heads)) for head in range(heads)]
    assert np.allclose(array(decay(heads, span)), expected, rtol=1e-4)
    assert (decay(heads, span) < 0).all()


def test_distance_is_manhattan() -> None:
    height, width = 3, 4
    found = manhattan(height, width)
    for one in range(height * width):
        for two in range(height * width):
            rows = abs(one // width - two // width)
            columns = abs(one % width - two % width)
            assert found[one, two] == rows + columns
    assert torch.equal(manhattan(1, 5), apart(5))
    assert torch.equal(manhattan(5, 1), apart(5))


def test_turning_keeps_lengths_and_tells_how_far_apart_places_are() -> None:
    q, k = torch.randn(2, 6, dtype=torch.float64)
    maps = [turned(each.expand(1, 1, 4, 5, 6).clone()) for each in (q, k)]
    one, two = (array(each).reshape(20, 6) for each in maps)
    assert np.allclose(np.linalg.norm(one, axis=1), float(q.norm()), atol=1e-5)
    products = one @ two.T
    for gap in range(20):
        assert np.ptp(np.diagonal(products, gap)) < 1e-5
    assert np.ptp(products[0]) > 1e-2
    assert np.allclose(one[0], array(q))


def test_turning_is_the_rotation_of_each_pair() -> None:
    x = torch.randn(1, 1, 2, 3, 4)
    y = array(turned(x))
    for row in range(2):
        for column in range(3):
            for pair, frequency in enumerate((1.0, 1e-4)):
                angle = (row * 3 + column) * frequency
                turn = np.array(
                    [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
                )
                before = array(x)[0, 0, row, column, 2 * pair : 2 * pair + 2]
                after = y[0, 0, row, column, 2 * pair : 2 * pair + 2]
                assert np.allclose(after, turn @ before, atol=1e-5)


def inside(layer: ManhattanAttention, x: torch.Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return turned queries and keys, and values, each [heads, H, W, D]."""
    q, k, v = (
        rearrange(made(x), "b (n d) h w -> b n h w d", n=layer.heads)
        for made in (layer.q, layer.k, layer.v)
    )
    return array(turned(q))[0], array(turned(k))[0], array(v)[0]


def finished(layer: ManhattanAttention, x: torch.Tensor, seen: np.ndarray) -> np.ndarray:
    """Return what the layer gives after attention, [C, H, W]."""
    maps = rearrange(torch.from_numpy(seen).float(), "n h w d -> 1 (n d) h w")
    return np.asarray(array(layer.join(maps + layer.near(layer.v(x))))[0])


def test_whole_attention_is_its_formula() -> None:
    layer, x = ManhattanAttention(8, 2, 4.0, decomposed=False), torch.randn(1, 8, 3, 4)
    q, k, v = inside(layer, x)
    seen = np.zeros_like(v)
    for head in range(2):
        fading = math.log(1 - 2 ** (-2 - 4.0 * head / 2))
        for row in range(3):
            for column in range(4):
                logits = np.array([
                    q[head, row, column] @ k[head, r, c] / 2
                    + fading * (abs(row - r) + abs(column - c))
                    for r in range(3) for c in range(4)
                ])  # fmt: skip
                seen[head, row, column] = softmax(logits) @ v[head].reshape(12, 4)
    assert np.abs(array(layer(x))[0] - finished(layer, x, seen)).max() < 1e-5


def test_decomposed_attention_is_along_rows_and_then_columns() -> None:
    layer, x = ManhattanAttention(8, 2, 6.0, decomposed=True), torch.randn(1, 8, 3, 5)
    q, k, v = inside(layer, x)
    across, seen = np.zeros_like(v), np.zeros_like(v)
    for values, kept, length, along in ((v, across, 5, "row"), (across, seen, 3, "column")):
        for head in range(2):
            fading = math.log(1 - 2 ** (-2 - 6.0 * head / 2))
            for row in range(3):
                for column in range(5):
                    total, place = [], column if along == "row" else row
                    line = [
                        (row, each) if along == "row" else (each, column) for each in range(length)
                    ]
                    for each, at in enumerate(line):
                        logit = q[head, row, column] @ k[(head, *at)] / 2
                        total.append(logit + fading * abs(place - each))
                    share = softmax(np.array(total))
                    kept[head, row, column] = sum(
                        weight * values[(head, *at)] for weight, at in zip(share, line, strict=True)
                    )
    assert np.abs(array(layer(x))[0] - finished(layer, x, seen)).max() < 1e-5


@pytest.mark.parametrize("size", [(1, 6), (6, 1)])
def test_both_forms_are_one_on_a_line(size: tuple[int, int]) -> None:
    whole = ManhattanAttention(8, 2, 4.0, decomposed=False)
    lines = ManhattanAttention(8, 2, 4.0, decomposed=True)
    lines.load_state_dict(whole.state_dict())
    x = torch.randn(2, 8, *size)
    assert torch.allclose(whole(x), lines(x), atol=1e-6)


def test_pictures_do_not_see_each_other() -> None:
    layer, x = ManhattanAttention(8, 2, 4.0, decomposed=True), torch.randn(3, 8, 4, 5)
    alone = torch.cat([layer(each[None]) for each in x])
    assert torch.allclose(layer(x), alone, atol=1e-6)
