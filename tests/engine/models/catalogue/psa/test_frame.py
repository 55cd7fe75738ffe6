"""The frame of C2PSA, and what stands in it with few changes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from ultralytics.nn.modules.block import C2PSA, Attention

from engine.models.catalogue.psa.area import PsaArea
from engine.models.catalogue.psa.cglu import PsaCglu
from engine.models.catalogue.psa.dyt import BareAttention, DynamicTanh, PsaDyt
from engine.models.catalogue.psa.frame import PsaFrame, Residuals, feed_forward
from tests.helpers.norms import lively


def stock_unit(channels: int) -> nn.Module:
    attention = Attention(channels, max(1, channels // 64))
    return Residuals(attn=attention, ffn=feed_forward(channels))


@pytest.mark.parametrize("repeats", [1, 2])
def test_the_frame_around_stock_units_is_c2psa(repeats: int) -> None:
    stock = lively(C2PSA(32, 32, repeats))
    ours = PsaFrame(32, 32, repeats, stock_unit).eval()
    ours.load_state_dict(stock.state_dict())
    x = torch.randn(2, 32, 4, 5)
    assert torch.equal(ours(x), stock(x))


def test_it_may_change_the_channels() -> None:
    assert PsaFrame(32, 16, 1, stock_unit)(torch.randn(2, 32, 4, 5)).shape == (2, 16, 4, 5)


def test_dyt_is_a_tanh_for_each_channel() -> None:
    layer, x = DynamicTanh(3), torch.randn(2, 3, 4, 4)
    assert torch.allclose(layer(x), (0.5 * x).tanh())
    nn.init.normal_(layer.weight)
    nn.init.normal_(layer.bias)
    for channel in range(3):
        expected = layer.weight[channel, 0, 0] * (0.5 * x[:, channel]).tanh()
        assert torch.allclose(layer(x)[:, channel], expected + layer.bias[channel, 0, 0])


def test_the_attention_without_normalisation_is_stock_where_that_does_nothing() -> None:
    ours, stock = BareAttention(128), Attention(128, 2).eval()
    for name in ("qkv", "proj", "pe"):
        conv, plain = getattr(stock, name), getattr(ours, name)
        conv.bn.eps = 0.0
        plain.weight.data.copy_(conv.conv.weight)
        nn.init.zeros_(plain.bias)
    x = torch.randn(2, 128, 3, 4)
    assert torch.allclose(ours(x), stock(x), atol=1e-5)


def test_units_with_dyt_have_no_other_normalisation() -> None:
    inside = [type(each) for each in PsaDyt(32, 32, 2, alpha=0.8).m.modules()]
    assert inside.count(DynamicTanh) == 4
    assert nn.BatchNorm2d not in inside
    alphas = [each.item() for key, each in PsaDyt(32, 32, 1, alpha=0.8).named_parameters()
              if key.endswith("alpha")]  # fmt: skip
    assert alphas == pytest.approx([0.8, 0.8])


def test_cglu_takes_the_attention_of_c2psa() -> None:
    stock: Any = lively(C2PSA(32, 32))
    ours: Any = PsaCglu(32, 32, 1).eval()
    same = {key: value for key, value in stock.state_dict().items() if ".ffn." not in key}
    loaded = ours.load_state_dict(same, strict=False)
    assert loaded.unexpected_keys == []
    assert all(".ffn." in key for key in loaded.missing_keys)
    x = torch.randn(2, 16, 4, 5)
    assert torch.equal(ours.m[0].attn(x), stock.m[0].attn(x))
    norm, glu = ours.m[0].ffn
    gate, value = glu.fc1(norm(x)).chunk(2, 1)
    expected = glu.fc2(nn.functional.gelu(glu.near(gate)) * value)
    assert torch.allclose(ours.m[0].ffn(x), expected, atol=1e-6)


def test_stripes_of_an_area_know_nothing_of_others() -> None:
    layer = PsaArea(64, 64, 1).eval()
    for each in layer.modules():
        if isinstance(each, nn.Conv2d) and each.kernel_size == (7, 7):
            nn.init.zeros_(each.weight)
    x = torch.randn(1, 64, 8, 3)
    changed = x.clone()
    changed[..., 2, 1] += 1
    rows = (layer(changed) - layer(x)).abs().amax((0, 1, 3)) > 1e-6
    assert rows.tolist() == [False, False, True, True, False, False, False, False]
    with pytest.raises(ValueError, match="24"):
        PsaArea(48, 48, 1)
