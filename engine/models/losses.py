"""Putting a recipe's own parts into the loss of a task."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from ultralytics.utils.loss import BboxLoss, E2ELoss, v8DetectionLoss

from engine.models.recipe import Change, Recipe
from engine.models.registry import find, make


def improved(criterion: Any, recipe: Recipe) -> Any:  # noqa: ANN401 - ultralytics' own
    """Return a criterion of ultralytics with the recipe's losses in it.

    An entry of the slot `iou` is called with predicted and true boxes, [N, 4] xyxy each in cells of
    their feature map, and returns the loss of each, [N]; one of `cls` with logits and targets
    0 to 1, [B, A, C] each, and returns the loss of each, of the same shape.

    Raises:
        RecipeError: A loss cannot be made with the recipe's options.
    """
    double = isinstance(criterion, E2ELoss)
    for part in (criterion.one2many, criterion.one2one) if double else (criterion,):
        if not isinstance(part, v8DetectionLoss):
            continue
        for change in recipe.chosen("iou"):
            loss = made(change)
            part.bbox_loss = BoxLoss(part.reg_max, loss).to(part.device)
        for change in recipe.chosen("cls"):
            part.bce = made(change).to(part.device)
    return criterion


def made(change: Change) -> nn.Module:
    """Return the loss that a change of the slots `iou` and `cls` asks for.

    Raises:
        RecipeError: It cannot be made with these options.
    """
    loss: nn.Module = make(find(change.slot, change.name), change)
    return loss


class BoxLoss(BboxLoss):  # type: ignore[misc] # ultralytics is not typed
    """The loss of boxes with another measure of how far two boxes are apart than CIoU.

    Args:
        bins: Of the distribution of each side.
        loss: From predicted and true boxes to the loss of each.
    """

    def __init__(self, bins: int, loss: nn.Module) -> None:
        """Keep the distribution part as it is."""
        super().__init__(bins)
        self.loss = loss

    def forward(
        self,
        pred_dist: torch.Tensor,
        pred_bboxes: torch.Tensor,
        anchor_points: torch.Tensor,
        target_bboxes: torch.Tensor,
        target_scores: torch.Tensor,
        target_scores_sum: torch.Tensor,
        fg_mask: torch.Tensor,
        imgsz: torch.Tensor,
        stride: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss of the boxes and of their distributions, each a scalar."""
        _, of_distribution = super().forward(
            pred_dist,
            pred_bboxes,
            anchor_points,
            target_bboxes,
            target_scores,
            target_scores_sum,
            fg_mask,
            imgsz,
            stride,
        )
        weight = target_scores.sum(-1)[fg_mask]
        each = self.loss(pred_bboxes[fg_mask], target_bboxes[fg_mask])
        return (each * weight).sum() / target_scores_sum, of_distribution
