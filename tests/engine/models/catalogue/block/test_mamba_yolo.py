"""Mamba-YOLO's layers against the structure and the sizes of the original."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn
from ultralytics.nn.modules import SPPF, Conv

from engine.models.catalogue.block.mamba_yolo import LsBlock, OdssBlock, RgBlock, XssBlock
from engine.models.catalogue.down.cluemerge import VisionClueMerge
from engine.models.catalogue.stem.simple import HalvingSimpleStem, SimpleStem
from engine.models.fold import _fold_inside
from engine.models.parts.biased_conv import BiasedConv
from engine.models.parts.ss2d import Ss2d
from tests.helpers.norms import lively


def parameters(module: nn.Module) -> int:
    return sum(each.numel() for each in module.parameters())


def detector(depth: float, width: float, most: int) -> list[nn.Module]:
    """Return the layers with parameters of a Mamba-YOLO for 80 classes, head and all."""
    c2, c3, c4, c5 = (int(min(c, most) * width) for c in (128, 256, 512, 1024))
    few, many = max(round(3 * depth), 1), round(9 * depth)
    layers: list[nn.Module] = [SimpleStem(3, c2), *(OdssBlock(c2, c2) for _ in range(few))]
    for before, after, count in ((c2, c3, few), (c3, c4, many), (c4, c5, few)):
        layers += [VisionClueMerge(before, after), *(OdssBlock(after, after) for _ in range(count))]
    layers += [SPPF(c5, c5, 5), XssBlock(c5 + c4, c4, few), XssBlock(c4 + c3, c3, few)]
    layers += [Conv(c3, c3, 3, 2), XssBlock(c3 + c4, c4, few)]
    layers += [Conv(c4, c4, 3, 2), XssBlock(c4 + c5, c5, few)]
    for given in (c3, c4, c5):
        for inside, out in ((max(16, c3 // 4, 64), 64), (max(c3, 80), 80)):
            layers += [Conv(given, inside, 3), Conv(inside, inside, 3), nn.Conv2d(inside, out, 1)]
    return layers


@pytest.mark.parametrize(
    ("depth", "width", "most", "expected"),
    [
        (0.33, 0.25, 1024, 6_131_704),
        (0.33, 0.5, 1024, 21_828_000),
        (0.67, 0.75, 768, 57_631_024),
    ],
)
def test_whole_detectors_have_the_original_number_of_parameters(
    depth: float, width: float, most: int, expected: int
) -> None:
    bins = 16  # weights of the head that turn bins into distances, which are not learned
    with torch.device("meta"):
        assert sum(parameters(layer) for layer in detector(depth, width, most)) + bins == expected


def test_the_local_block() -> None:
    block, x = lively(LsBlock(6)), torch.randn(2, 6, 5, 4)
    first, _, second = block.mix
    y = nn.functional.conv2d(x, block.near.weight, block.near.bias, padding=1, groups=6)
    y = nn.functional.gelu(first(block.norm(y)))
    assert torch.allclose(block(x), x + second(y), atol=1e-6)


def test_the_gated_block() -> None:
    block, x = RgBlock(6), torch.randn(2, 6, 5, 4)
    assert block.fc1.out_channels == 2 * 16
    gate, value = block.fc1(x)[:, :16], block.fc1(x)[:, 16:]
    expected = block.fc2(nn.functional.gelu(block.near(gate) + gate) * value)
    assert torch.allclose(block(x), expected, atol=1e-6)


def test_the_block_of_the_backbone() -> None:
    block, x = lively(OdssBlock(4, 8)), torch.randn(1, 4, 5, 4)
    with torch.no_grad():
        y = block.begin(x)
        y = y + block.scan(block.norm1(block.local(y)))
        assert torch.allclose(block(x), y + block.mix(block.norm2(y)), atol=1e-6)
        nn.init.zeros_(block.scan.end.weight)
        nn.init.zeros_(block.mix.fc2.weight)
        nn.init.zeros_(block.mix.fc2.bias)
        assert torch.equal(block(x), block.begin(x))


def test_the_block_of_the_neck_repeats_its_scans() -> None:
    block, x = lively(XssBlock(8, 8, 3)), torch.randn(1, 8, 5, 4)
    assert [type(each) for each in block.scans] == 3 * [Ss2d]
    assert isinstance(block.begin, nn.Identity)
    assert isinstance(XssBlock(4, 8).begin, Conv)
    with torch.no_grad():
        y = block.norm1(block.local(x))
        for scan in block.scans:
            y = scan(y)
        y = x + y
        assert torch.allclose(block(x), y + block.mix(block.norm2(y)), atol=1e-6)


@pytest.mark.parametrize("made", [OdssBlock, VisionClueMerge, BiasedConv])
def test_normalisation_folds_into_the_convolutions(made: type[nn.Module]) -> None:
    layer = lively(nn.Sequential(made(4, 8)))
    folded, x = deepcopy(layer), torch.randn(2, 4, 6, 6)
    _fold_inside(folded)
    assert not any(isinstance(each, nn.BatchNorm2d) for each in folded.modules())
    assert torch.allclose(folded(x), layer(x), atol=1e-5)


def merged(x: Tensor) -> list[list[list[float]]]:
    """Return the four channels that one becomes."""
    layer = VisionClueMerge(1, 4).eval()
    seen: list[Tensor] = []
    layer.mix.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    layer(x)
    found: list[list[list[float]]] = seen[0][0].tolist()
    return found


def test_merging_leaves_no_pixel_out() -> None:
    x = torch.arange(8.0).reshape(1, 1, 2, 4)
    assert sorted(merged(x)) == [[[0, 2]], [[1, 3]], [[4, 6]], [[5, 7]]]


def test_odd_sides_are_merged_with_their_last_pixels() -> None:
    x = torch.arange(9.0).reshape(1, 1, 3, 3)
    assert sorted(merged(x)) == [
        [[0, 2], [6, 8]],
        [[1, 2], [7, 8]],
        [[3, 5], [6, 8]],
        [[4, 5], [7, 8]],
    ]
    assert VisionClueMerge(2, 6)(torch.randn(2, 2, 5, 7)).shape == (2, 6, 3, 4)


def test_stems_halve_once_or_twice() -> None:
    x = torch.randn(2, 3, 16, 24)
    assert SimpleStem(3, 8)(x).shape == (2, 8, 4, 6)
    stem = HalvingSimpleStem(3, 8)
    assert stem(x).shape == (2, 8, 8, 12)
    assert isinstance(stem.conv1.act, nn.GELU)
    assert isinstance(stem.conv2.act, nn.SiLU)
    assert parameters(stem) == parameters(SimpleStem(3, 8))
    with pytest.raises(ValueError, match="1 channels"):
        HalvingSimpleStem(3, 1)
