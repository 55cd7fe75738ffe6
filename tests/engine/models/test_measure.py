"""What a network costs is what was published, counted by hand, and measured as it says."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from engine import device
from engine.models import measure, plan, registry
from engine.models.graph import Graph
from engine.models.recipe import Recipe, parse
from engine.models.registry import Entry

if TYPE_CHECKING:
    from torch import Tensor

PUBLISHED = {
    "yolo11n": (2_624_080, 6.5),
    "yolo11m": (20_114_688, 68.0),
    "yolo11x": (56_966_176, 194.9),
    "yolo11n-seg": (2_876_848, 9.7),
    "yolo11x-seg": (62_142_656, 296.4),
}
"""Parameters in training, and GFLOPs of the folded network in Ultralytics' tables."""


@pytest.fixture
def seen() -> list[SimpleNamespace]:
    """Return what the layer of `probed` saw, one pass after another."""
    return []


@pytest.fixture
def probed(seen: list[SimpleNamespace]) -> tuple[Recipe, Graph]:
    """Return a network with a layer at its lowest level that attends, sleeps and looks around."""
    device.prepare()
    import torch
    from torch import nn

    class Probe(nn.Module):
        def __init__(self, channels: int) -> None:
            super().__init__()

        def forward(self, x: Tensor) -> Tensor:
            tokens = x.flatten(2).transpose(1, 2)
            mixed = nn.functional.scaled_dot_product_attention(tokens, tokens, tokens)
            if x.device.type == "cpu" and not self.training:
                time.sleep(0.02)
            seen.append(
                SimpleNamespace(
                    shape=tuple(x.shape),
                    kind=(x.device.type, x.dtype, self.training),
                    last=x.is_contiguous(memory_format=torch.channels_last),
                    inference=torch.is_inference_mode_enabled(),
                    threads=torch.get_num_threads(),
                    hooks=len(nn.modules.module._global_forward_hooks),
                    spread=1.0 if x.device.type == "meta" else float(x.std()),
                )
            )
            return x + mixed.transpose(1, 2).reshape(x.shape)

    entry = replace(registry.find("attention", "cbam"), name="probe", make=Probe, options={})

    def find(slot: str, name: str) -> Entry:
        return entry

    recipe = parse("yolo11n:attention=probe@neck.p5")
    return recipe, plan.draw(recipe, find=find)


def gigaflops(text: str) -> float:
    recipe = parse(text)
    return measure.gigaflops(recipe, plan.draw(recipe))


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_figures(name: str) -> None:
    device.prepare()
    import torch

    from engine.models.network import build

    parameters, flops = PUBLISHED[name]
    recipe = parse(name)
    graph = plan.draw(recipe)
    with torch.device("meta"):
        assert measure.parameters(build(recipe, graph)) == parameters
    # Theirs are without the products inside attention.
    assert flops - 0.05 < measure.gigaflops(recipe, graph) < flops * 1.011 + 0.05


def test_a_convolution_counted_by_hand() -> None:
    # Instead of 16 channels in the convolution reads 64; its output is 160 pixels square.
    more = 2 * 9 * (64 - 16) * 32 * 160**2
    assert gigaflops("yolo11n:down=spd@backbone.p2") - gigaflops("yolo11n") == pytest.approx(
        more / 1e9
    )


def test_branches_that_fold_count_once() -> None:
    assert gigaflops("yolo11n:conv=repconv") == gigaflops("yolo11n")


def test_attention_in_one_call_counts_as_two_products(
    probed: tuple[Recipe, Graph], seen: list[SimpleNamespace]
) -> None:
    added = measure.gigaflops(*probed) - gigaflops("yolo11n")
    (once,) = seen
    assert once.shape == (1, 256, 20, 20)
    assert added == pytest.approx(2 * 2 * 400 * 400 * 256 / 1e9)


def test_counting_computes_nothing_and_leaves_other_networks_alone(
    probed: tuple[Recipe, Graph], seen: list[SimpleNamespace]
) -> None:
    measure.gigaflops(*probed)
    (once,) = seen
    device_type, _, training = once.kind
    assert (device_type, training, once.hooks) == ("meta", False, 0)


@pytest.mark.parametrize(
    ("name", "level", "size"),
    [("yolo11n", 5, 640), ("yolo11n-obb", 5, 640), ("yolo11n-cls", 5, 224),
     ("yolo11n-p6", 6, 640), ("yolo11n", 8, 768), ("yolo11n-cls", 6, 256)],
)  # fmt: skip
def test_the_size_that_is_measured_suits_the_stride(name: str, level: int, size: int) -> None:
    graph = plan.draw(parse(name))
    *first, last = graph.nodes
    deepest = replace(graph, nodes=(*first, replace(last, level=level)))
    assert measure.input_size(deepest) == size


def test_time_is_that_of_the_network_as_it_runs(
    probed: tuple[Recipe, Graph], seen: list[SimpleNamespace], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(measure, "_SIZE", 64)
    monkeypatch.setattr(device, "cores", lambda: 2)
    state, before = torch.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        taken = measure.latency_ms(*probed, runs=3)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
    assert torch.equal(torch.get_rng_state(), state)
    # It sleeps for 20 ms.
    assert 20 <= taken < 2000
    settling, *passes = seen
    assert settling.kind == ("cpu", torch.float32, True)
    assert len(passes) == 2 + 3
    for each in passes:
        assert each.kind == ("cpu", torch.float32, False)
        assert each.shape[:1] + each.shape[2:] == (1, 2, 2)
        assert (each.last, each.inference, each.threads) == (True, True, 2)
        # Signals that fade to nothing would be slow for no reason of the network's.
        assert 0.05 < each.spread < 20


def test_patience_ends(
    probed: tuple[Recipe, Graph], seen: list[SimpleNamespace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "_SIZE", 64)
    monkeypatch.setattr(measure, "_PATIENCE_S", 0.0)
    assert measure.latency_ms(*probed) >= 20
    assert sum(not each.kind[2] for each in seen) == 3


def test_threads_are_given_back_when_a_pass_fails(
    probed: tuple[Recipe, Graph], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(measure, "_SIZE", 64)
    monkeypatch.setattr(device, "cores", lambda: torch.get_num_threads() + 1)
    monkeypatch.setattr(time, "sleep", lambda seconds: 1 / 0)
    before = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError):
        measure.latency_ms(*probed)
    assert torch.get_num_threads() == before
