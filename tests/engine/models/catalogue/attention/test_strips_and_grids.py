"""Attention from means of rows, columns and grids against its equations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine.models.catalogue.attention.eca import Eca
from engine.models.catalogue.attention.ela import SIZES, EfficientLocalAttention
from engine.models.catalogue.attention.fca import ORDER, SIDE, FrequencyChannelAttention, basis
from engine.models.catalogue.attention.mlca import MixedLocalChannelAttention
from engine.models.catalogue.attention.scsa import SpatialChannelSynergy
from engine.models.catalogue.attention.strippool import StripPooling


def turned(layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Return what a layer gives for rows as columns, with rows as columns."""
    made: torch.Tensor = layer(x.transpose(2, 3)).transpose(2, 3)
    return made


@pytest.mark.parametrize("size", SIZES)
def test_local_attention_is_a_product_of_rows_and_columns(size: str) -> None:
    layer, x = EfficientLocalAttention(64, size=size), torch.randn(2, 64, 5, 7)
    share = (layer(x) / x).detach()
    assert 0 < float(share.min()) < float(share.max()) < 1
    corner = share[..., :1, :1]
    assert torch.allclose(share * corner, share[..., :1] * share[..., :1, :], atol=1e-5)
    assert torch.allclose(turned(layer, x), layer(x), atol=1e-6)


def test_local_attention_is_its_equations() -> None:
    layer, x = EfficientLocalAttention(16), torch.randn(1, 16, 4, 9)
    conv: Any = layer.along[0]
    weight = conv.weight.detach().numpy()[:, 0]

    def along(means: np.ndarray) -> np.ndarray:
        padded = np.pad(means, ((0, 0), (3, 3)))
        made = np.stack([np.convolve(row, kernel[::-1], "valid") for row, kernel in
                         zip(padded, weight, strict=True)])  # fmt: skip
        # Sixteen groups of one channel each.
        normed = (made - made.mean(1, keepdims=True)) / np.sqrt(made.var(1, keepdims=True) + 1e-5)
        return np.asarray(1 / (1 + np.exp(-normed)))

    one = x[0].numpy()
    expected = one * along(one.mean(2))[:, :, None] * along(one.mean(1))[:, None]
    assert np.abs(layer(x).detach().numpy()[0] - expected).max() < 1e-4


def test_local_attention_fits_its_groups_to_the_channels() -> None:
    norm: Any = EfficientLocalAttention(24, size="tiny").along[1]
    assert norm.num_groups == 8
    with pytest.raises(ValueError, match="huge is not one of tiny, base"):
        EfficientLocalAttention(16, size="huge")


def test_a_grid_of_one_cell_is_eca() -> None:
    layer, eca, x = MixedLocalChannelAttention(64, size=1), Eca(64), torch.randn(2, 64, 5, 8)
    for conv in (layer.whole, layer.local):
        conv.load_state_dict(eca.conv.state_dict())
    assert torch.allclose(layer(x), eca(x), atol=1e-6)


def test_the_whole_and_the_local_share_add_up() -> None:
    x = torch.randn(1, 32, 10, 15)
    whole, local, both = (
        MixedLocalChannelAttention(32, size=5, share=share) for share in (0.0, 1.0, 0.25)
    )
    for each in (local, both):
        each.load_state_dict(whole.state_dict())
    assert torch.allclose(both(x), 0.75 * whole(x) + 0.25 * local(x), atol=1e-6)
    share = local(x) / x
    # Pixels of a cell have the same weight, cells have their own.
    cells = share.reshape(1, 32, 5, 2, 5, 3)
    assert torch.allclose(cells, cells[:, :, :, :1, :, :1].expand_as(cells), atol=1e-5)
    assert cells[0, 0, :, 0, :, 0].unique().numel() > 1


def test_local_weights_are_one_line_of_all_cells() -> None:
    layer, x = MixedLocalChannelAttention(16, size=2, share=1.0), torch.randn(1, 16, 4, 4)
    means = x.reshape(1, 16, 2, 2, 2, 2).mean((3, 5))[0].numpy()
    line = means.transpose(1, 2, 0).ravel()
    kernel = layer.local.weight.detach().numpy().ravel()
    made = np.convolve(np.pad(line, len(kernel) // 2), kernel[::-1], "valid")
    weights = (1 / (1 + np.exp(-made))).reshape(2, 2, 16).transpose(2, 0, 1)
    expected = x.numpy()[0] * weights.repeat(2, 1).repeat(2, 2)
    assert np.abs(layer(x).detach().numpy()[0] - expected).max() < 1e-5


@pytest.mark.parametrize("options", [{"size": 0}, {"share": 1.5}, {"share": -0.1}, {"gamma": 0.0}])
def test_mixed_attention_refuses_what_it_cannot_be(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=str(next(iter(options.values())))):
        MixedLocalChannelAttention(16, **options)


def test_waves_are_orthonormal_and_those_of_the_cosine_transform() -> None:
    waves = torch.stack([basis(frequency, SIDE) for frequency in range(SIDE)])
    assert torch.allclose(waves @ waves.T, torch.eye(SIDE), atol=1e-6)
    assert math.isclose(float(basis(2, 5)[3]), math.sqrt(2 / 5) * math.cos(math.pi * 2 * 3.5 / 5),
                        rel_tol=1e-5)  # fmt: skip
    assert len(set(ORDER)) == 32
    assert max(max(pair) for pair in ORDER) < SIDE


def test_one_frequency_is_squeeze_and_excitation() -> None:
    layer, x = FrequencyChannelAttention(16, frequencies=1, ratio=4), torch.randn(2, 16, 14, 21)
    weight = layer.weigh(7 * x.mean((2, 3), keepdim=True)).sigmoid()
    assert torch.allclose(layer(x), x * weight, atol=1e-5)


def test_each_part_of_the_channels_has_its_frequency() -> None:
    layer = FrequencyChannelAttention(32, frequencies=4)
    seen = []
    layer.weigh.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    u, v = ORDER[2]
    layer(torch.outer(basis(u, SIDE), basis(v, SIDE)).expand(1, 32, SIDE, SIDE))
    expected = torch.zeros(32)
    expected[16:24] = 1
    assert torch.allclose(seen[0].flatten(), expected, atol=1e-5)


@pytest.mark.parametrize("frequencies", [0, 33, 5])
def test_frequencies_that_cannot_be_are_refused(frequencies: int) -> None:
    with pytest.raises(ValueError, match=str(frequencies)):
        FrequencyChannelAttention(32, frequencies=frequencies)


def test_strip_pooling_is_its_equations() -> None:
    layer, x = StripPooling(6).eval(), torch.randn(2, 6, 5, 8)
    rows: Any = layer.rows
    columns: Any = layer.columns
    above = nn.functional.conv1d(x.mean(3), rows.conv.weight[..., 0], padding=1)
    beside = nn.functional.conv1d(x.mean(2), columns.conv.weight[:, :, 0], padding=1)
    scale = 1 / math.sqrt(1 + rows.bn.eps)
    summed = scale * (above[..., None] + beside[:, :, None])
    expected = x * layer.mix(summed.clamp(min=0)).sigmoid()
    assert torch.allclose(layer(x), expected, atol=1e-5)


def test_synergy_treats_rows_and_columns_alike() -> None:
    layer, x = SpatialChannelSynergy(16, heads=2, window=2), torch.randn(2, 16, 5, 7)
    assert torch.allclose(turned(layer, x), layer(x), atol=1e-5)


@pytest.mark.parametrize("heads", [1, 4])
def test_channels_attend_to_channels(heads: int) -> None:
    layer, x = SpatialChannelSynergy(8, heads=heads, window=3), torch.randn(1, 8, 6, 9)
    rows = layer.norm_rows(layer._strip(x.mean(3))).sigmoid()
    columns = layer.norm_columns(layer._strip(x.mean(2))).sigmoid()
    placed = x * rows[..., None] * columns[:, :, None]
    pooled = layer.norm(nn.functional.avg_pool2d(placed, 3))
    query, key, value = (
        made(pooled).flatten(2)[0].detach().numpy()
        for made in (layer.queries, layer.keys, layer.values)
    )
    weights, each = np.zeros(8), 8 // heads
    for channel in range(8):
        mates = range(channel // each * each, (channel // each + 1) * each)
        scores = np.array([query[channel] @ key[other] for other in mates]) / math.sqrt(each)
        shares = np.exp(scores) / np.exp(scores).sum()
        mixed = sum(share * value[other] for share, other in zip(shares, mates, strict=True))
        weights[channel] = 1 / (1 + np.exp(-mixed.mean()))
    expected = placed.detach().numpy()[0] * weights[:, None, None]
    assert np.abs(layer(x).detach().numpy()[0] - expected).max() < 1e-5


@pytest.mark.parametrize(
    "kind", [FrequencyChannelAttention, MixedLocalChannelAttention, SpatialChannelSynergy]
)
def test_grids_are_laid_over_maps_of_any_size(kind: type[nn.Module]) -> None:
    layer = kind(16)
    for height, width in ((1, 1), (3, 1), (6, 13)):
        x = torch.randn(2, 16, height, width)
        share = (layer(x) / x).detach()
        assert 0 < float(share.min()) <= float(share.max()) < 1
        assert torch.allclose(layer(x[1:]), layer(x)[1:], atol=1e-6)


@pytest.mark.parametrize("options", [{"heads": 3}, {"heads": 0}, {"window": 0}])
def test_synergy_refuses_what_it_cannot_be(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=str(next(iter(options.values())))):
        SpatialChannelSynergy(8, **options)
