"""Blocks with attention between channels, patches or places, against their papers."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, gelu

from engine.models.catalogue.block.a2c2f import A2C2f, AreaAttention, AreaBlock
from engine.models.catalogue.block.convattn import ConvAttention, CspConvAttn, symmetric
from engine.models.catalogue.block.elgca import ElgcaBlock, LocalGlobalContext
from engine.models.catalogue.block.ppa import CspPpa, PatchAware, PpaBlock
from tests.helpers.norms import lively


def test_a_quarter_of_elgca_is_attention_between_pooled_channels() -> None:
    layer, x = LocalGlobalContext(8), torch.randn(1, 8, 4, 6)
    near = gelu(conv2d(x[:, :4], layer.near.weight, layer.near.bias, padding=1, groups=4))
    query, key, value, local = gelu(layer.project(x[:, 4:])).chunk(4, 1)
    query = nn.functional.avg_pool2d(query, 3, 2, 1)[0]
    key = nn.functional.max_pool2d(key, 2)[0]
    far = torch.zeros_like(value)
    for i in range(2):
        weight = torch.stack([(key[i] * query[j]).sum() for j in range(2)]).softmax(0)
        far[0, i] = sum(weight[j] * value[0, j] for j in range(2))
    assert torch.allclose(layer(x), torch.cat((near, local, far), 1), atol=1e-5)


@pytest.mark.parametrize("size", [(5, 7), (1, 1), (2, 3)])
def test_elgca_takes_odd_sides(size: tuple[int, int]) -> None:
    block, x = ElgcaBlock(8, 2), torch.randn(2, 8, *size)
    assert block(x).shape == x.shape
    assert torch.allclose(block(x)[:1], block(x[:1]), atol=1e-6)


def test_elgca_refuses_channels_that_are_not_four_parts() -> None:
    with pytest.raises(ValueError, match="6 channels"):
        LocalGlobalContext(6)


def test_the_shared_kernel_is_the_same_turned_and_mirrored() -> None:
    kernel = torch.randn(2, 2, 5, 5)
    found = symmetric(kernel)
    forms = [k.rot90(turn, (2, 3)) for turn in range(4) for k in (kernel, kernel.flip(3))]
    assert torch.allclose(found, torch.stack(forms).mean(0), atol=1e-6)
    assert torch.allclose(found, found.rot90(1, (2, 3)), atol=1e-6)


def test_convolutional_attention_has_a_kernel_for_each_picture() -> None:
    layer: Any = ConvAttention(6, 4)
    last = layer.propose[-1]
    x, kernel = torch.randn(3, 6, 5, 7), torch.randn(4, 4, 3, 3)
    far = conv2d(x[:, :4], kernel, padding=1)
    assert torch.allclose(layer(x, kernel), layer.mix(torch.cat((far, x[:, 4:]), 1)), atol=1e-5)
    nn.init.normal_(last.weight)
    nn.init.normal_(last.bias)
    for picture, found in zip(x, layer(x, kernel), strict=True):
        own = layer.propose(picture[None, :4]).view(4, 1, 3, 3)
        near = conv2d(picture[None, :4], own, padding=1, groups=4)
        far = conv2d(picture[None, :4], kernel, padding=1)
        expected = layer.mix(torch.cat((near + far, picture[None, 4:]), 1))
        assert torch.allclose(found, expected[0], atol=1e-5)


def test_one_kernel_is_shared_by_all_blocks() -> None:
    block = CspConvAttn(16, 64, 3, 0.5, kernel=5)
    large = [each for each in block.parameters() if each.shape == (16, 16, 5, 5)]
    assert len(large) == 1
    block(torch.randn(1, 16, 4, 4)).sum().backward()
    assert large[0].grad is not None
    small: Any = CspConvAttn(8, 8, 1, 0.5).m
    assert small[0].attention.split == [4, 0]
    with pytest.raises(ValueError, match="kernel 4"):
        CspConvAttn(8, 8, 1, 0.5, kernel=4)


def test_patches_are_chosen_by_their_direction() -> None:
    layer, x = PatchAware(6, 2), torch.randn(2, 6, 4, 6)
    mean = x.mean(1)
    found = torch.zeros(2, 6, 2, 3)
    for picture in range(2):
        for row in range(2):
            for column in range(3):
                patch = mean[picture, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2].flatten()
                feature = layer.perceptron(patch)
                feature = feature * feature.softmax(0)
                cosine = feature @ layer.prompt / feature.norm() / layer.prompt.norm()
                found[picture, :, row, column] = feature * cosine.clamp(0, 1)
    large = nn.functional.interpolate(found, scale_factor=2, mode="bilinear")
    assert torch.allclose(layer(x), layer.project(large), atol=1e-5)


@pytest.mark.parametrize("size", [(5, 7), (1, 1), (3, 8)])
def test_patches_fit_every_size(size: tuple[int, int]) -> None:
    layer, x = PatchAware(4, 4), torch.randn(1, 4, *size)
    assert layer(x).shape == x.shape
    assert layer(torch.zeros_like(x)).isfinite().all()


def test_a_patch_aware_block_adds_six_branches() -> None:
    block, x = lively(PpaBlock(8)), torch.randn(1, 8, 6, 5)
    skip = block.skip(x)
    first = block.row[0](x)
    second = block.row[1](first)
    total = skip + block.local(skip) + block.whole(skip) + first + second + block.row[2](second)
    assert torch.allclose(block(x), block.finish(total), atol=1e-5)
    assert (block.local.patch, block.whole.patch) == (2, 4)


@pytest.mark.parametrize("dropout", [-0.1, 1.0])
def test_a_patch_aware_block_refuses_to_drop_everything(dropout: float) -> None:
    with pytest.raises(ValueError, match=str(dropout)):
        CspPpa(8, 8, 1, 0.5, dropout=dropout)


def naive_areas(layer: Any, x: torch.Tensor) -> torch.Tensor:  # noqa: ANN401 - our layer
    """Return what area attention gives, place by place."""
    channels, (height, width) = x.shape[1], x.shape[2:]
    q, k, v = layer.qkv(x).chunk(3, 1)
    length = math.ceil(height * width / layer.area)
    seen = torch.zeros(len(x), channels, height * width)
    for picture in range(len(x)):
        for head in range(channels // 32):
            own = slice(32 * head, 32 * head + 32)
            query, key, value = (each[picture, own].flatten(1) for each in (q, k, v))
            for place in range(height * width):
                first = place // length * length
                last = min(first + length, height * width)
                score = query[:, place] @ key[:, first:last] / math.sqrt(32)
                seen[picture, own, place] = value[:, first:last] @ score.softmax(0)
    projected: torch.Tensor = layer.project(seen.view_as(x) + layer.position(v))
    return projected


@pytest.mark.parametrize(
    ("size", "area"), [((4, 4), 4), ((3, 5), 4), ((2, 3), 1), ((1, 2), 4), ((3, 3), 2)]
)
def test_places_attend_to_their_area(size: tuple[int, int], area: int) -> None:
    layer, x = lively(AreaAttention(64, area)), torch.randn(2, 64, *size)
    assert torch.allclose(layer(x), naive_areas(layer, x), atol=1e-5)


def test_areas_that_are_filled_up_have_finite_gradients() -> None:
    block, x = AreaBlock(32, 4, 2.0), torch.randn(2, 32, 1, 5, requires_grad=True)
    block(x).square().sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()
    assert all(each.grad is not None and each.grad.isfinite().all() for each in block.parameters())


def test_r_elan_adds_to_its_input_where_it_can() -> None:
    block, x = lively(A2C2f(16, 16, 2, 0.25)), torch.randn(1, 16, 4, 4)
    parts = [block.cv1(x)]
    assert parts[0].shape[1] == 32
    for pair in block.m:
        assert len(pair) == 2
        parts.append(pair(parts[-1]))
    joined = block.cv2(torch.cat(parts, 1))
    assert torch.allclose(block(x), x + 0.01 * joined, atol=1e-6)
    assert A2C2f(16, 32, 1, 0.5).scale is None


@pytest.mark.parametrize("options", [{"area": 0}, {"ratio": 0.0}])
def test_area_attention_refuses_what_it_cannot_be(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="0"):
        A2C2f(8, 8, 1, 0.5, **options)
