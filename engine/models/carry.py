"""Starting from weights of another network: what stands at the same place goes over."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from engine.errors import RecipeError, WeightsError
from engine.i18n import N_
from engine.models import graph
from engine.models.graph import Graph, Node
from engine.models.yaml_file import from_content

_MOST_BY_CLASSES = 100
"""More channels than this no number of classes gives a branch of ultralytics' heads."""

_BRANCH = re.compile(r"((?:one2one_)?cv\d+)\.(\d+)\.(.+)")


@dataclass(frozen=True, slots=True)
class Carried:
    """What a network took over.

    Attributes:
        share: Of its parameters, 0 to 1.
        whole: Names of the nodes that took over all of theirs.
        partial: Names of the nodes that took over some.
        new: Names of the nodes with parameters that begin at random.
    """

    share: float
    whole: tuple[str, ...]
    partial: tuple[str, ...]
    new: tuple[str, ...]


def carry(network: Any, source: Any, path: Path) -> Carried:  # noqa: ANN401
    """Copy the weights of another network into this one, node by node.

    A node takes over from the node of the same name where the same kind of layer stands, each
    tensor of the same name and shape. Branches of a head belong to the level that they read, so
    that a network with one more level takes over the others.

    Args:
        network: Of `engine.models.network.build`; changed.
        source: A network that was trained, not folded.
        path: The file it comes from, for sentences.

    Raises:
        WeightsError: It is for another task, was folded for running, or has no known description.
    """
    task = network.graph.design.task
    found = getattr(source, "task", None)
    if found != task:
        raise WeightsError(
            N_("{path} is trained for {found}; the recipe {recipe} is for {task}."),
            N_("Start from weights for {task}, such as {base}, or from none."),
            path=path,
            found=found,
            recipe=network.recipe,
            task=task,
            base=network.recipe.base,
        )
    if source.is_fused():
        raise WeightsError(
            N_("{path} was folded for running and cannot be trained further."),
            N_("Choose the .pt file that the training wrote."),
            path=path,
        )
    theirs = graph_of(source, path)
    given = {node.name: (node, module)
             for node, module in zip(theirs.nodes, source.model, strict=True)}  # fmt: skip
    parameters, copied = 0, 0
    groups: dict[str, list[str]] = {"whole": [], "partial": [], "new": []}
    for node, module in zip(network.graph.nodes, network.model, strict=True):
        tensors = _tensors(node, module, network.graph)
        node_given = given.get(node.name)
        took: set[str] = set()
        if node_given is not None and _same(node, node_given[0]):
            took = _take(tensors, _tensors(*node_given, theirs))
        sizes = {
            key: tensor.numel() for key, tensor in tensors.items()
            if isinstance(tensor, nn.Parameter)
        }  # fmt: skip
        parameters += sum(sizes.values())
        copied += sum(size for key, size in sizes.items() if key in took)
        if sizes:
            group = "whole" if sizes.keys() <= took else "partial" if took else "new"
            groups[group].append(node.name)
    share = copied / parameters if parameters else 0.0
    return Carried(share, *(tuple(groups[name]) for name in ("whole", "partial", "new")))


def class_width(wanted: Graph, source: Any, path: Path) -> int:  # noqa: ANN401
    """Return how wide class branches must be to go over, 0 for as wide as they are anyway.

    Ultralytics gives them as many channels as there are classes where the feature maps have fewer,
    so that the small networks' branches for 80 classes would fit no network for three.

    Args:
        wanted: The network that is to start from the source.
        source: A network that was trained.
        path: The file it comes from, for sentences.

    Raises:
        WeightsError: The source has no description that is understood here.
    """
    branches = getattr(source.model[-1], "cv3", None)
    if branches is None or graph_of(source, path).head.layer != wanted.head.layer:
        return 0
    width, first = int(branches[0][-1].in_channels), wanted.head.channels_in[0]
    usual = max(first, min(wanted.design.classes, _MOST_BY_CLASSES))
    return width if first <= width <= _MOST_BY_CLASSES and width != usual else 0


def graph_of(network: Any, path: Path) -> Graph:  # noqa: ANN401
    """Return the graph of a network, ours or ultralytics'.

    Raises:
        WeightsError: It has no description that is understood here.
    """
    own = getattr(network, "graph", None)
    if isinstance(own, Graph):
        return own
    try:
        described = graph.of(from_content(network.yaml, path.stem))
    except (RecipeError, AttributeError) as error:
        raise WeightsError(
            N_("{path} holds a network that is not described as YOLO networks are."),
            N_("Start from other weights or from none."),
            path=path,
        ) from error
    if len(described.nodes) != len(network.model):
        raise WeightsError(
            N_("{path} is damaged or incomplete."),
            N_("Download or copy the file again."),
            path=path,
        )
    return described


def _same(node: Node, other: Node) -> bool:
    """Tell whether the same kind of layer stands in both places, whatever their channels."""
    options = [() if each.change is None else each.change.options for each in (node, other)]
    return node.layer == other.layer and options[0] == options[1]


def _take(mine: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> set[str]:
    """Copy what has the same name and shape; return its names."""
    took = {
        key for key, tensor in mine.items()
        if key in theirs and theirs[key].shape == tensor.shape
    }  # fmt: skip
    with torch.no_grad():
        for key in took:
            mine[key].copy_(theirs[key])
    return took


def _tensors(node: Node, module: nn.Module, of: Graph) -> dict[str, torch.Tensor]:
    """Return the tensors of a node by name; branches of a head are named by their level."""
    tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    if node.slot != "head":
        return tensors
    levels = {each.name: each.level for each in of.nodes}
    reads = [levels[name] for name in node.inputs]

    def placed(key: str) -> str:
        branch = _BRANCH.fullmatch(key)
        return key if branch is None else f"{branch[1]}.p{reads[int(branch[2])]}.{branch[3]}"

    return {placed(key): tensor for key, tensor in tensors.items()}
