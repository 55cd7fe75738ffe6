"""VMamba's block, and MambaOut's, which is one without a scan."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.models.catalogue.block.gatedcnn import GatedCnnBlock
from engine.models.catalogue.block.vss import VssBlock


def test_a_vss_block_is_two_branches() -> None:
    block, x = VssBlock(8), torch.randn(1, 8, 5, 6)
    with torch.no_grad():
        y = x + block.scan(block.norm1(x))
        assert torch.allclose(block(x), y + block.mix(block.norm2(y)), atol=1e-6)


def test_its_scan_has_one_state_and_no_gate() -> None:
    scan = VssBlock(32).scan
    assert scan.log_decay.shape == (4, 32, 1)
    assert scan.begin.out_channels == 32
    assert scan.near.bias is None
    assert isinstance(scan.act, nn.SiLU)
    steps = nn.functional.softplus(scan.step_bias)
    assert 1e-3 - 1e-6 < steps.min() < steps.max() < 0.1 + 1e-6


def test_vmamba_has_the_published_number_of_parameters() -> None:
    """The tiny network, 30 million: its stages, what halves between them, stem and classifier."""
    widths, depths = (96, 192, 384, 768), (2, 2, 8, 2)
    with torch.device("meta"):
        layers: list[nn.Module] = [nn.Conv2d(3, 48, 3), nn.Conv2d(48, 96, 3), nn.Linear(768, 1000)]
        layers += [nn.Conv2d(a, b, 3) for a, b in zip(widths, widths[1:], strict=False)]
        for width, depth in zip(widths, depths, strict=True):
            layers += [VssBlock(width) for _ in range(depth)]
    count = sum(each.numel() for layer in layers for each in layer.parameters())
    assert round(count / 1e6) == 30


def test_a_gated_block_is_its_input_and_a_gated_convolution() -> None:
    block, x = GatedCnnBlock(6, kernel=3, share=0.5), torch.randn(2, 6, 5, 4)
    middle, worked = 16, 3
    with torch.no_grad():
        y = block.fc1(block.norm(x))
        gate, kept, near = y[:, :middle], y[:, middle:-worked], y[:, -worked:]
        near = nn.functional.conv2d(near, block.near.weight, block.near.bias, 1, 1, 1, worked)
        expected = x + block.fc2(nn.functional.gelu(gate) * torch.cat((kept, near), 1))
        assert torch.allclose(block(x), expected, atol=1e-6)
        nn.init.zeros_(block.fc2.weight)
        assert block.fc2.bias is not None
        nn.init.zeros_(block.fc2.bias)
        assert torch.equal(block(x), x)


def test_mambaout_has_the_published_number_of_parameters() -> None:
    """The blocks of its smallest network, 7.3 million with stem, halving and classifier."""
    widths, depths = (48, 96, 192, 288), (3, 3, 9, 3)
    with torch.device("meta"):
        layers: list[nn.Module] = [nn.Conv2d(3, 24, 3), nn.Conv2d(24, 48, 3)]
        layers += [nn.Linear(288, 4 * 288), nn.Linear(4 * 288, 1000)]
        layers += [nn.Conv2d(a, b, 3) for a, b in zip(widths, widths[1:], strict=False)]
        for width, depth in zip(widths, depths, strict=True):
            layers += [GatedCnnBlock(width) for _ in range(depth)]
    count = sum(each.numel() for layer in layers for each in layer.parameters())
    assert round(count / 1e6, 1) == 7.3


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"kernel": 4}, "kernel 4"), ({"share": 0.0}, "0.0 of 8"), ({"share": 3.0}, "3.0 of 8")],
)
def test_a_gated_block_refuses_what_cannot_be(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        GatedCnnBlock(8, **wrong)  # type: ignore[arg-type]
