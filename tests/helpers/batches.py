"""Pictures of noise with objects in them, as ultralytics' trainer hands them to a network."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

HEIGHT, WIDTH = 96, 160
"""Odd multiples of the stride of 32."""


def batch(task: str) -> dict[str, Tensor]:
    """Return two pictures, the first with three objects and the second with one."""
    import torch

    pictures = torch.rand(2, 3, HEIGHT, WIDTH)
    if task == "classify":
        return {"img": pictures, "cls": torch.tensor([3, 1])}
    boxes = torch.tensor(
        [[0.3, 0.4, 0.4, 0.5], [0.7, 0.5, 0.3, 0.8], [0.5, 0.8, 0.2, 0.2], [0.4, 0.5, 0.7, 0.9]]
    )
    made = {
        "img": pictures,
        "batch_idx": torch.tensor([0.0, 0.0, 0.0, 1.0]),
        "cls": torch.tensor([[0.0], [2.0], [1.0], [0.0]]),
        "bboxes": boxes,
    }
    if task == "obb":
        made["bboxes"] = torch.cat((boxes, torch.tensor([[0.2], [1.0], [0.0], [-0.5]])), 1)
    if task == "segment":
        made["masks"] = _masks(boxes, made["batch_idx"])
    if task == "pose":
        points = boxes[:, None, :2] + (torch.rand(4, 17, 2) - 0.5) * boxes[:, None, 2:]
        made["keypoints"] = torch.cat((points, torch.full((4, 17, 1), 2.0)), 2)
    return made


def trainable(network: Any) -> Any:  # noqa: ANN401 - ultralytics' models are not typed
    """Give a network the settings of training that its loss reads, and return it."""
    from ultralytics.cfg import get_cfg

    network.args = get_cfg()
    return network.train()


def _masks(boxes: Tensor, pictures: Tensor) -> Tensor:
    """Return [2, H / 4, W / 4] with the number of the object in its picture, 0 for none."""
    import torch

    height, width = HEIGHT // 4, WIDTH // 4
    masks, count = torch.zeros(2, height, width), [0, 0]
    for (x, y, w, h), picture in zip(boxes.tolist(), pictures.int().tolist(), strict=True):
        count[picture] += 1
        left, top = math.floor((x - w / 2) * width), math.floor((y - h / 2) * height)
        right, bottom = math.ceil((x + w / 2) * width), math.ceil((y + h / 2) * height)
        masks[picture, top:bottom, left:right] = count[picture]
    return masks
