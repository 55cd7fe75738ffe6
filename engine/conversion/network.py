"""A network made ready to be written in another format."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.conversion.compare import Trial
from engine.models.graph import CHANNELS

if TYPE_CHECKING:
    from torch import Tensor, nn

_SEED = 0
_MOST_OBJECTS = 300


@dataclass(frozen=True, slots=True)
class Portable:
    """A folded network whose outputs are tensors alone.

    Attributes:
        module: Takes [N, 3, H, W] and returns a tuple of tensors.
        head: Its last layer.
        size: Sides of the input in pixels.
        batch: Pictures at a time.
        dynamic: Whether it takes any number of pictures of any size.
        end_to_end: Whether its first output has a row an object, the surest first.
    """

    module: nn.Module
    head: Any
    size: int
    batch: int
    dynamic: bool
    end_to_end: bool

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs, as ultralytics gives them."""
        return [f"output{index}" for index in range(2 if hasattr(self.head, "proto") else 1)]

    def example(self) -> Tensor:
        """Return an input with structure at several scales, always the same."""
        return _pictures(self.batch, self.size, self.size)

    def trials(self, stride: int) -> list[Trial]:
        """Return inputs with torch's outputs; a dynamic network has one of another shape too."""
        import torch

        shapes = [(self.batch, self.size, self.size)]
        if self.dynamic:
            shapes.append((self.batch + 1, self.size, self.size + stride))
        found = []
        with torch.inference_mode():
            for shape in shapes:
                pictures = _pictures(*shape)
                outputs = tuple(each.numpy() for each in self.module(pictures))
                found.append(Trial(pictures.numpy(), outputs))
        return found


def portable(network: Any, *, size: int, batch: int, dynamic: bool, kind: str) -> Portable:  # noqa: ANN401
    """Return a folded copy of a network whose head writes what ultralytics' exports have.

    Args:
        network: Of `engine.models.checkpoint.read`; it is left as it is.
        size: Sides of the input in pixels.
        batch: Pictures at a time.
        dynamic: Whether it is to take any number of pictures of any size.
        kind: The format's name, on which heads depend.
    """
    from ultralytics.nn.modules import Classify, Detect

    from engine.models.fold import fold

    folded = fold(copy.deepcopy(network).requires_grad_(False).float())
    head = folded.model[-1]
    for module in folded.modules():
        if isinstance(module, Detect | Classify):
            module.export, module.format = True, kind
        if isinstance(module, Detect):
            anchors = sum((size // int(stride)) ** 2 for stride in module.stride)
            module.dynamic, module.shape = dynamic, None
            module.max_det = min(_MOST_OBJECTS, anchors)
    return Portable(
        _flat(folded).eval(), head, size, batch, dynamic, bool(getattr(head, "end2end", False))
    )


def _flat(network: nn.Module) -> nn.Module:
    """Return a network as one that gives a tuple of tensors."""
    from torch import nn

    class Flat(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
            return tuple(_tensors(self.network(pictures)))

    return Flat()


def _tensors(value: Any) -> list[Tensor]:  # noqa: ANN401 - a tensor or nested tuples of them
    if isinstance(value, tuple | list):
        return [tensor for each in value for tensor in _tensors(each)]
    return [value]


def _pictures(count: int, height: int, width: int) -> Tensor:
    import torch
    from torch.nn import functional

    chance = torch.Generator().manual_seed(_SEED)
    layers = [
        functional.interpolate(
            torch.rand(count, CHANNELS, height // cell, width // cell, generator=chance),
            (height, width),
        )
        for cell in (1, 8, 32)
    ]
    return torch.stack(layers).mean(dim=0)
