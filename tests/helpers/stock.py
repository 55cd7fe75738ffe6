"""Networks of ultralytics' own classes and parser, and ours to compare with them."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

from engine import device
from engine.models import graph
from engine.models.design import Design
from engine.models.recipe import Recipe

_SPEC = importlib.util.find_spec("ultralytics")
assert _SPEC is not None
assert _SPEC.origin is not None
FILES = Path(_SPEC.origin).parent / "cfg" / "models"
"""Where ultralytics keeps the descriptions of its networks."""
SIZE = 256
"""Of the picture with which it measures its strides."""


def stock(described: str | Mapping[str, Any], task: str) -> Any:  # noqa: ANN401
    """Return ultralytics' network of a file's name or of a file's content, with random weights."""
    device.prepare()
    from ultralytics.nn import tasks

    kinds: dict[str, Any] = {
        "detect": tasks.DetectionModel,
        "segment": tasks.SegmentationModel,
        "pose": tasks.PoseModel,
        "obb": tasks.OBBModel,
        "classify": tasks.ClassificationModel,
    }
    return kinds[task](described, verbose=False)


def stock_on_meta(described: str | Mapping[str, Any], task: str) -> Any:  # noqa: ANN401
    """Return the same without memory for weights; its head's biases are not begun.

    Its attribute `measured` has the strides of the maps that its head reads, empty where it
    classifies.
    """
    device.prepare()
    import torch
    from torch.nn.modules.module import register_module_forward_pre_hook
    from ultralytics.nn.modules import Detect

    measured: tuple[int, ...] = ()

    def note(module: object, inputs: tuple[Any, ...]) -> None:
        nonlocal measured
        if isinstance(module, Detect):
            measured = tuple(SIZE // each.shape[-2] for each in inputs[0])

    hook = register_module_forward_pre_hook(note)
    try:
        # It computes the biases from strides, which have no values on that device.
        with torch.device("meta"), patch.object(Detect, "bias_init", lambda self: None):
            network = stock(described, task)
    finally:
        hook.remove()
    network.measured = measured
    return network


def ours_on_meta(design: Design) -> Any:  # noqa: ANN401
    """Return our network of a design, without memory."""
    device.prepare()
    import torch

    from engine.models import network

    with torch.device("meta"):
        return network.build(Recipe("mine.yaml"), graph.of(design))


def shapes(network: Any) -> dict[str, tuple[int, ...]]:  # noqa: ANN401
    """Return the shape of every tensor of a network by its name."""
    return {key: tuple(value.shape) for key, value in network.state_dict().items()}


def wiring(network: Any) -> list[tuple[int, list[int], str, int]]:  # noqa: ANN401
    """Return of each layer its index, the lines that it reads, its type and its parameters."""
    return [
        (
            layer.i,
            [at if at >= 0 or layer.i == 0 else layer.i + at for at in _listed(layer.f)],
            layer.type,
            layer.np,
        )
        for layer in network.model
    ]


def _listed(sources: int | list[int]) -> list[int]:
    return [sources] if isinstance(sources, int) else sources
