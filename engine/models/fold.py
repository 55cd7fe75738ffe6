"""Fewer layers with the same output: what a network is made into before it runs."""

from __future__ import annotations

from typing import Any

from torch import nn


def fold(network: Any) -> Any:  # noqa: ANN401 - ultralytics' models are not typed
    """Fold a network in place for running and return it; it cannot be trained afterwards.

    Modules with a method `fold()` are replaced by what it returns, then ultralytics joins
    convolutions with their normalisation. Outputs change by rounding only.
    """
    network.eval()
    _fold_inside(network)
    return network.fuse(verbose=False)


def _fold_inside(module: nn.Module) -> None:
    for name, child in module.named_children():
        _fold_inside(child)
        make = getattr(child, "fold", None)
        if callable(make):
            setattr(module, name, make())
