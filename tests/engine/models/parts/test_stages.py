"""Numbers that go with levels and channels."""

from __future__ import annotations

import pytest
import torch

from engine.models.parts.heads import heads_of
from engine.models.parts.scale import Scale
from engine.models.parts.stages import by_stage


def test_levels_beyond_the_stages_have_the_nearest() -> None:
    assert [by_stage(level, "abcd") for level in range(8)] == list("aaabcddd")  # type: ignore[arg-type]
    assert [by_stage(level, (8, 16)) for level in (2, 3, 5)] == [8, 16, 16]


@pytest.mark.parametrize(
    ("channels", "width", "heads"), [(64, 32, 2), (16, 32, 1), (48, 32, 1), (96, 20, 4), (7, 2, 1)]
)
def test_heads_divide_the_channels(channels: int, width: int, heads: int) -> None:
    assert heads_of(channels, width) == heads


def test_heads_without_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="0"):
        heads_of(8, 0)


def test_a_scale_is_a_factor_for_each_channel() -> None:
    layer, x = Scale(3, 0.25), torch.randn(2, 3, 4, 4)
    assert torch.equal(layer(x), x / 4)
    assert layer.factor.numel() == 3
