"""SMPNet's pairs at their levels."""

from __future__ import annotations

from typing import Any

import pytest

from engine.models.catalogue.block.smp import CspSmp


@pytest.mark.parametrize(("level", "side"), [(2, 31), (3, 29), (4, 27), (5, 13), (6, 13), (1, 13)])
def test_kernels_are_those_of_its_level(level: int, side: int) -> None:
    units: Any = CspSmp(8, 8, 2, 0.5, level).m
    assert [unit[0].branch[4].large.kernel for unit in units] == [side, side]


def test_options_reach_every_pair() -> None:
    units: Any = CspSmp(8, 8, 2, 0.5, 3, kernel=7, ratio=2.0).m
    assert [unit[0].branch[4].large.kernel for unit in units] == [7, 7]
    assert [unit[1].branch[1].out_channels for unit in units] == [8, 8]
