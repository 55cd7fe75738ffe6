"""What entries are called with."""

from __future__ import annotations

import pytest
from torch import nn

from engine import device
from engine.models import registry
from engine.models.plan import draw
from engine.models.recipe import parse

device.prepare()

from engine.models.layer_factory import layer  # noqa: E402 - after the switches


class Told(nn.Module):
    """A block that keeps what it is told."""

    def __init__(
        self, c_in: int, c_out: int, repeats: int, expansion: float, level: int, *, size: int = 1
    ) -> None:
        super().__init__()
        self.told = c_in, c_out, repeats, expansion, level, size


class Untold(nn.Module):
    """A block that has a level of its own to set."""

    def __init__(
        self, c_in: int, c_out: int, repeats: int, expansion: float, *, level: int = 7
    ) -> None:
        super().__init__()
        self.level = level


@pytest.fixture(autouse=True)
def entered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put both into the catalogue for the time of a test."""
    registry.entries()
    monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    for name, kind in (("told", Told), ("untold", Untold)):
        registry.register(
            name, slot="block", family="Test", paper="", year=2024, licence="none"
        )(kind)  # fmt: skip


def test_a_class_that_asks_for_its_level_is_told_it() -> None:
    graph = draw(parse("yolo11n:block=told(size=3)"))
    nodes = [node for node in graph.nodes if node.slot == "block"]
    for node in nodes:
        made = layer(node)
        assert isinstance(made, Told)
        assert made.told == (
            node.channels_in[0], node.channels, node.repeats, node.expansion, node.level, 3,
        )  # fmt: skip
    assert {node.level for node in nodes} == {2, 3, 4, 5}


def test_an_option_of_that_name_is_an_option() -> None:
    graph = draw(parse("yolo11n:block=untold(level=4)@backbone.p3"))
    made = layer(next(node for node in graph.nodes if node.layer.startswith("block=untold")))
    assert isinstance(made, Untold)
    assert made.level == 4
