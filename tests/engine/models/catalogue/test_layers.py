"""Downsampling, context and convolutions against their papers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models import network
from engine.models.catalogue.context.sppelan import SppElan
from engine.models.catalogue.conv.repconv import RepVgg
from engine.models.catalogue.down.spd import SpaceToDepth
from engine.models.plan import draw
from engine.models.recipe import parse


def lively(module: Any) -> Any:  # noqa: ANN401 - layers of several kinds
    """Give every normalisation statistics and weights that change something."""
    for norm in module.modules():
        if isinstance(norm, nn.BatchNorm2d):
            assert norm.running_mean is not None
            assert norm.running_var is not None
            nn.init.normal_(norm.running_mean, std=0.2)
            nn.init.uniform_(norm.running_var, 0.5, 2.0)
            nn.init.uniform_(norm.weight, 0.5, 1.5)
            nn.init.normal_(norm.bias, std=0.2)
    return module.eval()


def test_spd_is_slices_of_every_second_pixel_and_a_convolution() -> None:
    layer, x = lively(SpaceToDepth(3, 5)), torch.randn(2, 3, 6, 10)
    slices = [x[:, :, top::2, left::2] for top in (0, 1) for left in (0, 1)]
    # One channel's four slices after another's.
    joined = torch.stack(slices, 2).flatten(1, 2)
    assert torch.equal(layer(x), layer.conv(joined))
    assert layer(x).shape == (2, 5, 3, 5)


def test_spd_looks_at_every_pixel() -> None:
    layer, x = SpaceToDepth(1, 8).eval(), torch.randn(1, 1, 8, 8, requires_grad=True)
    layer(x).sum().backward()
    assert x.grad is not None
    assert (x.grad != 0).all()


@pytest.mark.parametrize("kernel", [3, 5])
def test_sppelan_pools_one_after_another_and_joins_all(kernel: int) -> None:
    layer, x = lively(SppElan(8, 12, kernel=kernel)), torch.randn(2, 8, 9, 7)
    parts = [layer.cv1(x)]
    assert parts[0].shape[1] == 6
    reach = kernel // 2
    for _ in range(3):
        padded = nn.functional.pad(parts[-1], [reach] * 4, value=float("-inf"))
        windows = padded.unfold(2, kernel, 1).unfold(3, kernel, 1)
        parts.append(windows.amax((-1, -2)))
    assert torch.equal(layer(x), layer.cv5(torch.cat(parts, 1)))


def test_repconv_is_the_sum_of_its_branches() -> None:
    layer, x = lively(RepVgg(8, 8)), torch.randn(2, 8, 6, 6)
    third = layer.bn(x)
    expected = nn.functional.silu(layer.conv1(x) + layer.conv2(x) + third)
    assert torch.allclose(layer(x), expected, atol=1e-6)
    assert (layer.conv1.conv.kernel_size, layer.conv2.conv.kernel_size) == ((3, 3), (1, 1))
    assert RepVgg(8, 4).bn is None


def test_repconv_folds_into_one_convolution() -> None:
    recipe = parse("yolo11n:conv=repconv")
    made = lively(network.build(recipe, draw(recipe)))
    count = sum(isinstance(each, RepVgg) for each in made.modules())
    blocks = [n for n in made.graph.nodes if n.slot == "block"]
    assert count >= 2 * len(blocks)
    x = torch.rand(1, 3, 96, 160)
    with torch.no_grad():
        before = made(x)[0]
        folded = made.fuse(verbose=False)
        after = folded(x)[0]
    assert not any(hasattr(each, "conv2") for each in folded.modules() if isinstance(each, RepVgg))
    assert before.std() > 0.1
    assert (after - before).abs().max() / before.abs().max() < 1e-4


def test_repconv_is_wherever_a_plain_convolution_was() -> None:
    stock, recipe = parse("yolo11n"), parse("yolo11n:conv=repconv@neck")
    before = network.build(stock, draw(stock))
    after = network.build(recipe, draw(recipe))
    plain = {
        name
        for name, each in before.named_modules()
        if type(each) is Conv and each.conv.kernel_size == (3, 3) and each.conv.groups == 1
    }
    placed = {name for name, each in after.named_modules() if isinstance(each, RepVgg)}
    inside = [
        index
        for index, node in enumerate(after.graph.nodes)
        if node.slot == "block" and node.part == "neck"
    ]
    assert placed == {name for name in plain if int(name.split(".")[1]) in inside}
    assert len(placed) > len(inside)


@pytest.mark.parametrize("kernel", [0, 2, -1])
def test_even_pooling_is_refused(kernel: int) -> None:
    with pytest.raises(ValueError, match=str(kernel)):
        SppElan(8, 8, kernel=kernel)
