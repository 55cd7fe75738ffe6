"""What a network costs: parameters, operations, and time on this machine.

Operations are those of convolutions and matrix products, a multiplication and an addition counting
as two. Left out are activations, normalisation, pooling, resampling, softmax, sums of feature maps
and whatever a custom operator computes, such as a selective scan or a deformable sampling: compare
networks with such operators by their time as well. Ultralytics' own figures leave out the products
inside attention, so they are up to a tenth of a GFLOP lower for YOLO11n.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from engine import device
from engine.i18n import N_
from engine.models.graph import CHANNELS, Graph
from engine.models.recipe import Recipe

if TYPE_CHECKING:
    from torch import nn

CONVENTION = N_(
    "2 × multiply-adds of convolutions and matrix products at {size}×{size}, folded as it runs"
)
"""How operations are counted; `size` in pixels."""

RUNS = 5
_WARM_UPS = 2
_PATIENCE_S = 5.0
_SIZES = {"classify": 224}
_SIZE = 640


def input_size(graph: Graph) -> int:
    """Return the side of the square input that a network is measured with, in pixels."""
    size = _SIZES.get(graph.design.task, _SIZE)
    return -(-size // graph.stride) * graph.stride


def parameters(module: nn.Module) -> int:
    """Return the number of parameters, of a network in training with all its branches."""
    return sum(parameter.numel() for parameter in module.parameters())


def gigaflops(recipe: Recipe, graph: Graph, size: int | None = None) -> float:
    """Return the operations for one picture in 10^9, counted as `CONVENTION` says.

    Nothing is computed: the network is on the meta device.

    Args:
        recipe: What the network is made by.
        graph: What `engine.models.plan.draw` made of it.
        size: Side of the square input in pixels, by default that of `input_size`.

    Raises:
        RecipeError: The network cannot be built.
    """
    device.prepare()
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from engine.models.fold import fold
    from engine.models.network import build

    size = size or input_size(graph)
    counter: Any = FlopCounterMode(display=False)
    # By default it follows modules with hooks on every network of the process, those that other
    # threads are running among them.
    counter.mod_tracker = _Everything()
    with torch.device("meta"), torch.no_grad():
        network = fold(build(recipe, graph))
        picture = torch.empty(1, CHANNELS, size, size)
        with counter:
            network(picture)
    return int(counter.get_total_flops()) / 1e9


def latency_ms(recipe: Recipe, graph: Graph, runs: int = RUNS) -> float:
    """Return how long this machine's processor takes for one picture, in ms.

    It is the median of some passes through the folded network in float32 with all cores, after two
    that are not counted. Where five seconds are over, fewer passes must do.

    Args:
        recipe: What the network is made by.
        graph: What `engine.models.plan.draw` made of it.
        runs: So many passes, at least one.

    Raises:
        RecipeError: The network cannot be built.
    """
    device.prepare()
    import torch

    from engine.models.fold import fold
    from engine.models.network import build

    size = input_size(graph)
    with torch.random.fork_rng(devices=[]):
        network = build(recipe, graph)
        _settle(network, graph)
        picture = torch.rand(1, CHANNELS, size, size)
    network = fold(network).to(memory_format=torch.channels_last)
    picture = picture.to(memory_format=torch.channels_last)
    taken: list[float] = []
    since = time.perf_counter()
    with _all_cores(), torch.inference_mode():
        while len(taken) < _WARM_UPS + runs:
            began = time.perf_counter()
            if len(taken) > _WARM_UPS and began - since > _PATIENCE_S:
                break
            network(picture)
            taken.append(time.perf_counter() - began)
    return 1000 * statistics.median(taken[_WARM_UPS:])


def _settle(network: Any, graph: Graph) -> None:  # noqa: ANN401 - ultralytics' are not typed
    """Give every normalisation the statistics of noise.

    Without them random weights let signals fade from layer to layer, in YOLO11 to 1e-11. Below
    1e-38 processors take many times as long for a number, which would be no fault of the network.
    """
    import torch

    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    network.train()
    side = 4 * graph.stride
    with torch.no_grad():
        network(torch.rand(2, CHANNELS, side, side))
    network.eval()


@contextmanager
def _all_cores() -> Iterator[None]:
    """Let torch use all cores in this thread for a while."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(device.cores())
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Everything:
    """Stands in for torch's tracker of modules where only the sum is asked for."""

    parents = ("Global",)

    def __enter__(self) -> None:
        return

    def __exit__(self, *error: object) -> None:
        return
