"""Masks finer than ultralytics' validator knows are judged as the others are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine import device


def validators(folder: Path) -> tuple[Any, Any]:
    """Return ultralytics' validator and ours, ready for what a network of three classes gives."""
    device.prepare()
    from ultralytics.cfg import get_cfg
    from ultralytics.models.yolo.segment import SegmentationValidator
    from ultralytics.utils import ops

    from engine.training.validator import Watched

    made = []
    for kind in (SegmentationValidator, type("Ours", (Watched, SegmentationValidator), {})):
        arguments = get_cfg(overrides={"task": "segment", "conf": 0.25, "imgsz": 64})
        validator = kind(save_dir=folder, args=arguments)
        validator.nc, validator.end2end, validator.process = 3, False, ops.process_mask
        made.append(validator)
    return made[0], made[1]


@pytest.mark.parametrize("nested", [True, False])
def test_masks_of_half_the_stride_are_those_of_the_usual_one(tmp_path: Path, nested: bool) -> None:
    import torch
    from torch.nn import functional

    stock, fine = validators(tmp_path)
    fine.stride_of_masks = 2
    found = torch.zeros(1, 4 + 3 + 32, 5)
    found[0, :4] = torch.tensor([[20.0, 30, 40, 12, 50]] * 2 + [[16.0, 20, 24, 8, 20]] * 2)
    found[0, 4] = 0.9
    found[0, 7:] = torch.randn(32, 5)
    usual = torch.randn(1, 32, 16, 16)
    finer = functional.interpolate(usual, scale_factor=2, mode="nearest")

    def masks(validator: Any, prototypes: Any) -> Any:  # noqa: ANN401
        boxes = found.clone()
        preds = ((boxes, prototypes), {}) if nested else (boxes, prototypes, {})
        return validator.postprocess(preds)[0]["masks"]

    expected = masks(stock, usual)
    assert expected.any()
    assert (masks(fine, finer) == expected).all()
    assert masks(stock, finer).shape != expected.shape
