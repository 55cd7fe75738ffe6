"""Our settings of a training in the words of ultralytics."""

from __future__ import annotations

from typing import Any

from engine import device
from engine.config import AUTO
from engine.training.config import TrainConfig

_ULTRALYTICS = {
    "learning_rate": "lr0",
    "final_rate": "lrf",
    "cosine": "cos_lr",
    "warmup": "warmup_epochs",
    "box_gain": "box",
    "class_gain": "cls",
    "dfl_gain": "dfl",
    "nominal_batch": "nbs",
    "flip": "fliplr",
    "flip_upside": "flipud",
    "rotation": "degrees",
    "scaling": "scale",
    "shift": "translate",
    "hue": "hsv_h",
    "saturation": "hsv_s",
    "brightness": "hsv_v",
    "single_class": "single_cls",
} | {
    name: name
    for name in (
        "epochs", "batch", "seed", "patience", "optimizer", "freeze", "mosaic", "close_mosaic",
        "momentum", "weight_decay", "shear", "perspective", "mixup", "cutmix", "copy_paste",
        "multi_scale", "fraction",
    )
}  # fmt: skip
"""What ultralytics calls our settings."""

_FAST = ("SGD", "MuSGD", "RMSProp")


def of(config: TrainConfig, chosen: Any) -> dict[str, Any]:  # noqa: ANN401 - torch.device
    """Return what ultralytics is told of a config.

    Args:
        config: The settings.
        chosen: The torch.device.
    """
    told = {theirs: getattr(config, ours) for ours, theirs in _ULTRALYTICS.items()}
    if config.learning_rate is None:
        told["lr0"] = 0.01 if config.optimizer in (*_FAST, AUTO) else 0.001
    workers = min(8, device.cores()) if config.workers is None else config.workers
    return told | {
        # Never read: our network stands in its place.
        "model": "yolo11n.yaml",
        "device": str(chosen.index) if chosen.type == "cuda" else chosen.type,
        "workers": 0 if chosen.type == "cpu" else workers,
        "amp": chosen.type == "cuda" and config.mixed_precision,
        # Never beside the pictures, where ultralytics would keep them on disk.
        "cache": "ram" if config.cache else False,
        "deterministic": True,
        "plots": False,
        "verbose": False,
        "exist_ok": True,
    }
