"""What stages, losses and metrics of a training are called."""

from __future__ import annotations

from engine.i18n import N_
from engine.i18n import translate as _
from engine.training.record import Stage

STAGES = {
    Stage.WAITING: N_("waiting"),
    Stage.PREPARING: N_("preparing"),
    Stage.TRAINING: N_("in training"),
    Stage.VALIDATING: N_("validating"),
    Stage.FINISHED: N_("finished"),
    Stage.STOPPED: N_("stopped early"),
    Stage.CANCELLED: N_("cancelled"),
    Stage.INTERRUPTED: N_("interrupted"),
    Stage.FAILED: N_("failed"),
}

LOSSES = {
    "box": N_("box"),
    "cls": N_("class"),
    "dfl": "dfl",
    "seg": N_("mask"),
    "pose": N_("pose"),
    "kobj": N_("key point"),
    "angle": N_("angle"),
}

METRICS = {
    "precision": N_("precision"),
    "recall": N_("recall"),
    "map50": "mAP50",
    "map50_95": "mAP50-95",
    "mask_map50": N_("mask mAP50"),
    "mask_map50_95": N_("mask mAP50-95"),
    "pose_map50": N_("pose mAP50"),
    "pose_map50_95": N_("pose mAP50-95"),
    "top1": N_("top-1"),
    "top5": N_("top-5"),
}

PARTS = {"box": N_("box"), "mask": N_("mask"), "pose": N_("pose")}
"""What of an object is judged."""


def loss_word(name: str) -> str:
    """Return what a loss is called in the active language, its own name where it has no other."""
    return _(LOSSES[name]) if name in LOSSES else name


def metric_word(name: str) -> str:
    """Return what a metric is called in the active language, its own name likewise."""
    return _(METRICS[name]) if name in METRICS else name


def part_word(name: str) -> str:
    """Return what of an object is judged in the active language, its own name likewise."""
    return _(PARTS[name]) if name in PARTS else name
