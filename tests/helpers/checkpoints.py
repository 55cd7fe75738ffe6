"""Seeded checkpoints of every task and generation, made in seconds and never trained."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import device
from engine.models import bases
from engine.types import Task

if TYPE_CHECKING:
    from torch import Tensor
    from ultralytics.nn.tasks import BaseModel

SUFFIXES: dict[Task, str] = {
    "detect": "",
    "segment": "-seg",
    "pose": "-pose",
    "obb": "-obb",
    "classify": "-cls",
}
GENERATIONS = ("yolo11", "yolov8", "yolo26")
INPUT_SIZE = 320


def random_checkpoint(
    folder: Path, generation: str, task: Task, seed: int = 0, levels: str = ""
) -> Path:
    """Write a checkpoint with random weights whose scores lie well above 0.001.

    It is the file that ultralytics' trainer writes: a half-precision model and its arguments.
    YOLO11 can have the levels `-p2` or `-p6`.
    """
    device.prepare()
    import torch
    from ultralytics.nn import tasks

    kinds = {
        "detect": tasks.DetectionModel,
        "segment": tasks.SegmentationModel,
        "pose": tasks.PoseModel,
        "obb": tasks.OBBModel,
        "classify": tasks.ClassificationModel,
    }
    name = f"{generation}n{levels}{SUFFIXES[task]}"
    path = folder / f"{name}-{seed}.pt"
    torch.manual_seed(seed)
    described = bases.find(name).to_yaml() if levels else f"{name}.yaml"
    model = kinds[task](described, nc=7, verbose=False)
    model.names = {index: f"class {index}" for index in range(7)}
    size = 224 if task == "classify" else INPUT_SIZE
    model.args = {"imgsz": size, "task": task}
    model.task = task
    with torch.no_grad():
        _settle(model, size)
        if task != "classify":
            _spread(model, size)
    checkpoint = {"model": model.half().eval(), "train_args": {"imgsz": size, "task": task}}
    torch.save(checkpoint, path)
    return path


def renamed(weights: Path, path: Path, names: Sequence[str]) -> Path:
    """Write a copy of a checkpoint of ours whose seven classes have other names."""
    device.prepare()
    import torch

    # Made by this very test run, and so safe to unpickle.
    checkpoint = torch.load(weights, weights_only=False)
    checkpoint["model"].names = dict(enumerate(names))
    torch.save(checkpoint, path)
    return path


def _pictures(size: int) -> "Tensor":
    """Return [8, 3, size, size] noise with structure at several scales."""
    import torch
    from torch.nn import functional

    layers = [torch.rand(8, 3, size // cell, size // cell) for cell in (2, 8, 32)]
    large = [functional.interpolate(layer, (size, size)) for layer in layers]
    return torch.stack(large).mean(dim=0)


def _settle(model: "BaseModel", size: int) -> None:
    """Give every normalisation the statistics of such pictures, so that signals stay lively."""
    from torch import nn

    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 0.5
    model.train()
    for _ in range(6):
        model(_pictures(size))
    model.eval()
    for norm in norms:
        norm.momentum = 0.03


def _spread(model: "BaseModel", size: int) -> None:
    """Scale the last convolutions so that scores and boxes differ from anchor to anchor.

    Two scores closer than the rounding of float32 would be ordered by chance.
    """
    from torch import nn

    head = model.model[-1]
    # Distances without a distribution stay above zero, or boxes would be inside out.
    sides = (2.0, 1.0) if head.reg_max > 1 else (0.5, 3.0)
    targets = (("cv2", *sides), ("cv3", 2.0, -4.0), ("cv4", 1.0, 0.0))
    last = [
        (level[-1], spread, bias)
        for prefix in ("", "one2one_")
        for name, spread, bias in targets
        for level in getattr(head, prefix + name, None) or ()
        if isinstance(level, nn.Sequential) and isinstance(level[-1], nn.Conv2d)
    ]
    seen: dict[int, Any] = {}
    hooks = [
        layer.register_forward_hook(lambda m, i, o: seen.__setitem__(id(m), o))
        for layer, _, _ in last
    ]
    model(_pictures(size))
    for hook in hooks:
        hook.remove()
    for layer, spread, bias in last:
        if id(layer) in seen:
            values = seen[id(layer)].transpose(0, 1).flatten(1)
            scale = spread / values.std(dim=1)
            layer.weight.mul_(scale[:, None, None, None])
            assert layer.bias is not None
            layer.bias.copy_(bias - scale * (values.mean(dim=1) - layer.bias))
