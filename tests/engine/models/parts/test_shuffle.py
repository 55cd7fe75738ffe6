"""Mixing the channels of groups."""

from __future__ import annotations

import torch

from engine.models.parts.shuffle import shuffled


def test_groups_take_turns() -> None:
    x = torch.arange(6.0).view(1, 6, 1, 1)
    assert shuffled(x, 2).flatten().tolist() == [0, 3, 1, 4, 2, 5]
    assert shuffled(x, 3).flatten().tolist() == [0, 2, 4, 1, 3, 5]
    assert torch.equal(shuffled(x, 1), x)


def test_shuffling_by_the_other_number_of_groups_undoes_it() -> None:
    x = torch.randn(2, 12, 3, 4)
    assert torch.equal(shuffled(shuffled(x, 3), 4), x)
