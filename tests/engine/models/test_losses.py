"""A recipe's losses inside the criterion of a task, on a batch with objects."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine import device
from engine.models import bases
from engine.models.plan import draw
from engine.models.recipe import parse
from tests.helpers.batches import batch, trainable

device.prepare()

import torch  # noqa: E402 - after the switches
from torch import nn  # noqa: E402
from ultralytics.utils.loss import (  # noqa: E402
    BboxLoss,
    E2ELoss,
    RotatedBboxLoss,
    v8DetectionLoss,
)

from engine.models import network  # noqa: E402
from engine.models.catalogue.cls.varifocal import Varifocal  # noqa: E402
from engine.models.catalogue.iou.wiou import WiseIou  # noqa: E402
from engine.models.losses import BoxLoss, improved  # noqa: E402

BOTH = "iou=wiou3,cls=varifocal"


def build(text: str, *, end_to_end: bool = False) -> Any:  # noqa: ANN401 - a class made for a task
    torch.manual_seed(0)
    recipe = parse(text)
    design = replace(bases.find(recipe.base), end_to_end=end_to_end)
    return trainable(network.build(recipe, draw(recipe, design)))


def items(model: Any) -> dict[str, float]:  # noqa: ANN401
    """Return the parts of the loss of one batch, always the same."""
    torch.manual_seed(1)
    _, parts = model.loss(batch(model.task))
    return {name: float(part) for name, part in parts.items()}


@pytest.mark.parametrize("base", ["yolo11n", "yolo11n-seg", "yolo11n-pose"])
def test_each_loss_changes_its_own_part_alone(base: str) -> None:
    stock = items(build(base))
    assert all(value > 0 for name, value in stock.items() if name != "sem_loss")
    for recipe, changed in (
        ("iou=wiou3", {"box_loss"}),
        ("cls=varifocal", {"cls_loss"}),
        (BOTH, {"box_loss", "cls_loss"}),
        ("iou=wiou3(delta=1.5)", {"box_loss"}),
    ):
        found = items(build(f"{base}:{recipe}"))
        assert {name for name in stock if found[name] != stock[name]} == changed
        assert all(found[name] > 0 for name in changed)


def test_the_box_loss_is_the_entry_weighted_as_ultralytics_weights() -> None:
    """With CIoU's own measure in the place of the entry the stock loss comes back."""
    from ultralytics.utils.metrics import bbox_iou

    class Complete(nn.Module):
        def forward(self, predicted: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
            shared: torch.Tensor = bbox_iou(predicted, true, xywh=False, CIoU=True)
            return 1 - shared.squeeze(1)

    stock, model = build("yolo11n"), build("yolo11n")
    model.criterion = model.init_criterion()
    model.criterion.bbox_loss = BoxLoss(model.criterion.reg_max, Complete())
    assert items(model) == pytest.approx(items(stock), rel=1e-6)


def test_oriented_boxes_keep_their_own_measure() -> None:
    model = build("yolo11n-obb:cls=varifocal")
    criterion = model.init_criterion()
    assert type(criterion.bbox_loss) is RotatedBboxLoss
    assert isinstance(criterion.bce, Varifocal)
    stock, found = items(build("yolo11n-obb")), items(model)
    assert {name for name in stock if found[name] != stock[name]} == {"cls_loss"}


@pytest.mark.parametrize("base", ["yolo11n", "yolo11n-cls"])
def test_without_losses_the_criterion_is_ultralytics_own(base: str) -> None:
    model = build(base)
    criterion = model.init_criterion()
    if isinstance(criterion, v8DetectionLoss):
        assert type(criterion.bbox_loss) is BboxLoss
        assert type(criterion.bce) is nn.BCEWithLogitsLoss
    assert improved(criterion, model.recipe) is criterion


def test_both_halves_of_an_end_to_end_criterion_get_losses_of_their_own() -> None:
    model = build(f"yolo11n:{BOTH}", end_to_end=True)
    criterion = model.init_criterion()
    assert isinstance(criterion, E2ELoss)
    halves = criterion.one2many, criterion.one2one
    for half in halves:
        assert isinstance(half.bbox_loss, BoxLoss)
        assert isinstance(half.bbox_loss.loss, WiseIou)
        assert isinstance(half.bce, Varifocal)
    assert halves[0].bbox_loss.loss is not halves[1].bbox_loss.loss
    model.criterion = criterion
    stock, found = items(build("yolo11n", end_to_end=True)), items(model)
    assert {name for name in stock if found[name] != stock[name]} == {"box_loss", "cls_loss"}
    assert all(half.bbox_loss.loss.mean < 1 for half in halves)


def test_a_network_without_bins_keeps_its_distances() -> None:
    """With one bin a side is a number, and the third part of the loss is that of distances."""
    found = []
    for text in ("yolo11n", "yolo11n:iou=wiou3"):
        torch.manual_seed(0)
        recipe, design = parse(text), replace(bases.find("yolo11n"), bins=1)
        found.append(items(trainable(network.build(recipe, draw(recipe, design)))))
    stock, other = found
    assert set(stock) == set(other) == {"box_loss", "cls_loss", "l1_loss"}
    assert {name for name in stock if other[name] != stock[name]} == {"box_loss"}


def test_the_mean_is_kept_from_batch_to_batch_and_left_alone_by_a_validation() -> None:
    model = build("yolo11n:iou=wiou3(momentum=0.5)")
    items(model)
    loss = model.criterion.bbox_loss.loss
    first = loss.mean.item()
    assert first < 1
    with torch.no_grad():
        items(model)
    assert loss.mean.item() == first
    items(model)
    assert loss.mean.item() < first


def test_a_batch_without_objects_has_a_loss() -> None:
    model = build(f"yolo11n:{BOTH}")
    seen = batch("detect")
    empty = {key: value if key == "img" else value[:0] for key, value in seen.items()}
    loss, _ = model.loss(empty)
    loss.sum().backward()
    assert loss.isfinite().all()
    assert loss[0] == 0
    assert loss[1] > 0
