"""Losses against the equations of their papers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.models.catalogue.cls.varifocal import Varifocal
from engine.models.catalogue.iou.wiou import WiseIou


def boxes(count: int = 40) -> Tensor:
    """Return [N, 4] boxes xyxy in cells, some of which overlap and some of which do not."""
    corner, size = torch.rand(count, 2) * 8, torch.rand(count, 2) * 6 + 0.2
    return torch.cat((corner, corner + size), 1)


def transcribed(
    predicted: np.ndarray, true: np.ndarray, mean: float, alpha: float = 1.9, delta: float = 3.0
) -> np.ndarray:
    """The equations of WIoU v1 and v3, box by box, with centres and sides as the paper has them."""
    losses = []
    for one, two in zip(predicted, true, strict=True):
        (x, y), (x_gt, y_gt) = (one[:2] + one[2:]) / 2, (two[:2] + two[2:]) / 2
        (w, h), (w_gt, h_gt) = one[2:] - one[:2], two[2:] - two[:2]
        w_i = max(0.0, min(one[2], two[2]) - max(one[0], two[0]))
        h_i = max(0.0, min(one[3], two[3]) - max(one[1], two[1]))
        s_u = w * h + w_gt * h_gt - w_i * h_i
        of_iou = 1 - w_i * h_i / s_u
        w_g = max(one[2], two[2]) - min(one[0], two[0])
        h_g = max(one[3], two[3]) - min(one[1], two[1])
        r_wiou = math.exp(((x - x_gt) ** 2 + (y - y_gt) ** 2) / (w_g**2 + h_g**2))
        beta = of_iou / mean
        losses.append(beta / (delta * alpha ** (beta - delta)) * r_wiou * of_iou)
    return np.array(losses)


@pytest.mark.parametrize("mean", [1.0, 0.6, 0.2])
def test_wise_iou_is_its_equations(mean: float) -> None:
    loss, predicted, true = WiseIou(), boxes(), boxes()
    loss.mean.fill_(mean)
    with torch.no_grad():
        found = loss(predicted, true)
    expected = transcribed(predicted.double().numpy(), true.double().numpy(), mean)
    assert np.abs(found.numpy() - expected).max() < 1e-5
    assert (expected > 0.01).any()


def test_wise_iou_of_known_boxes() -> None:
    loss = WiseIou(alpha=2.0, delta=1.0)
    with torch.no_grad():
        # Half of each is common: IoU 1/3; centres 1 apart; 3 by 2 around both.
        found = loss(torch.tensor([[0.0, 0.0, 2.0, 2.0]]), torch.tensor([[1.0, 0.0, 3.0, 2.0]]))
    beta = 2 / 3
    assert found.item() == pytest.approx(beta / 2 ** (beta - 1) * math.exp(1 / 13) * 2 / 3)


def test_wise_iou_has_the_constants_of_the_paper() -> None:
    loss = WiseIou()
    assert (loss.alpha, loss.delta, loss.mean.item()) == (1.9, 3.0, 1.0)


def test_the_focus_is_one_where_the_outlier_degree_is_delta() -> None:
    loss, predicted = WiseIou(delta=2.0), torch.tensor([[0.0, 0.0, 1.0, 1.0]])
    true = torch.tensor([[0.0, 0.0, 2.0, 1.0]])
    loss.mean.fill_(0.25)
    with torch.no_grad():
        assert loss(predicted, true).item() == pytest.approx(0.5 * math.exp(0.25 / 5))


def test_equal_boxes_cost_nothing_however_small() -> None:
    true = torch.cat((boxes(), torch.tensor([[1.0, 1.0, 1.05, 1.02], [3.0, 3.0, 3.0, 3.0]])))
    predicted = true.clone().requires_grad_()
    found = WiseIou()(predicted, true)
    assert (found[:-1] == 0).all()
    found.sum().backward()
    assert predicted.grad is not None
    assert predicted.grad.isfinite().all()


def test_sizes_and_places_mean_nothing() -> None:
    predicted, true = boxes(), boxes()
    with torch.no_grad():
        found = WiseIou()(predicted, true)
        for factor, shift in ((64.0, 0.0), (0.125, 0.0), (1.0, 50.0), (8.0, -30.0)):
            other = WiseIou()(predicted * factor + shift, true * factor + shift)
            assert torch.allclose(other, found, atol=1e-4)


def test_no_gradient_through_the_box_around_both() -> None:
    # The boxes lie apart, so that the loss of the overlap itself has no gradient.
    predicted = torch.tensor([[0.0, 0.0, 1.0, 2.0]], dtype=torch.double, requires_grad=True)
    true = torch.tensor([[5.0, 4.0, 8.0, 9.0]], dtype=torch.double)
    loss = WiseIou().eval()
    loss(predicted, true).sum().backward()
    across, down = 6.5 - 0.5, 6.5 - 1.0
    around = 8.0**2 + 9.0**2
    distance = math.exp((across**2 + down**2) / around)
    focus = 1 / (3 * 1.9 ** (1 - 3))
    # Each side moves the centre by half of what it moves.
    expected = [-focus * distance * 2 * each / around / 2 for each in (across, down)] * 2
    assert predicted.grad is not None
    assert predicted.grad[0].tolist() == pytest.approx(expected)


def test_no_gradient_through_the_focus() -> None:
    predicted, true = boxes().double().requires_grad_(), boxes().double()
    loss = WiseIou().eval()
    found = loss(predicted, true)
    with torch.no_grad():
        shared = [float(each) for each in (found / WiseIou(alpha=1.5).eval()(predicted, true))]
    found.sum().backward()
    again = predicted.detach().clone().requires_grad_()
    WiseIou(alpha=1.5).eval()(again, true).sum().backward()
    assert predicted.grad is not None
    assert again.grad is not None
    # Another focus is another factor, of the loss and of its gradient alike.
    factors = torch.tensor(shared).double()[:, None]
    assert torch.allclose(predicted.grad, again.grad * factors, atol=1e-6)


def test_the_running_mean_follows_the_training_alone() -> None:
    loss, predicted, true = WiseIou(momentum=0.5), boxes(), boxes()
    with torch.no_grad():
        loss(predicted, true)
    assert loss.mean.item() == 1.0
    loss.eval()(predicted.clone().requires_grad_(), true)
    assert loss.mean.item() == 1.0
    loss.train()(predicted.clone().requires_grad_(), true)
    raw = [1 - float(each) for each in overlap(predicted, true)]
    assert loss.mean.item() == pytest.approx((1.0 + sum(raw) / len(raw)) / 2, abs=1e-5)
    assert not loss.mean.requires_grad
    assert "mean" in loss.state_dict()


def overlap(predicted: Tensor, true: Tensor) -> Tensor:
    from ultralytics.utils.metrics import bbox_iou

    found: Tensor = bbox_iou(predicted, true, xywh=False).squeeze(1)
    return found


def test_nothing_to_judge() -> None:
    loss, none = WiseIou(), torch.zeros(0, 4, requires_grad=True)
    found = loss(none, torch.zeros(0, 4))
    assert found.shape == (0,)
    assert loss.mean.item() == 1.0
    found.sum().backward()
    assert none.grad is not None


def test_a_mean_of_zero_and_boxes_inside_out_give_numbers() -> None:
    loss, true = WiseIou(momentum=1.0), boxes()
    assert (loss(true.clone().requires_grad_(), true) == 0).all()
    assert loss.mean.item() == 0
    turned = true[:, [2, 1, 0, 3]].clone().requires_grad_()
    found = WiseIou()(turned, true)
    found.sum().backward()
    assert found.isfinite().all()
    assert (found > 0).all()
    assert turned.grad is not None
    assert turned.grad.isfinite().all()


def test_half_precision_does_not_overflow() -> None:
    predicted = torch.tensor([[0.0, 0.0, 600.0, 500.0]], dtype=torch.half, requires_grad=True)
    true = torch.tensor([[0.0, 0.0, 600.0, 400.0]], dtype=torch.half)
    loss = WiseIou()
    found = loss(predicted, true)
    assert found.isfinite().all()
    assert loss.mean.item() == pytest.approx(0.99 + 0.01 * 0.2, abs=1e-6)
    found.sum().backward()
    assert predicted.grad is not None
    assert predicted.grad.isfinite().all()


@pytest.mark.parametrize(
    "options", [{"alpha": 1.0}, {"delta": 0.0}, {"momentum": 0.0}, {"momentum": 1.5}]
)
def test_wise_iou_refuses_what_it_cannot_be(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        WiseIou(**options)


def formula(logit: float, quality: float, alpha: float, gamma: float) -> float:
    """Equation 2 of VarifocalNet for one place and class."""
    p = 1 / (1 + math.exp(-logit))
    if quality > 0:
        return -quality * (quality * math.log(p) + (1 - quality) * math.log(1 - p))
    return -alpha * math.pow(p, gamma) * math.log(1 - p)


@pytest.mark.parametrize(("alpha", "gamma"), [(0.75, 2.0), (0.3, 0.5), (1.0, 0.0)])
def test_varifocal_is_its_equation(alpha: float, gamma: float) -> None:
    logits, targets = torch.randn(2, 30, 3) * 3, torch.rand(2, 30, 3)
    targets[torch.rand(2, 30, 3) < 0.5] = 0
    found = Varifocal(alpha=alpha, gamma=gamma)(logits, targets)
    assert found.shape == logits.shape
    for each, logit, quality in zip(found.ravel(), logits.ravel(), targets.ravel(), strict=True):
        expected = formula(float(logit), float(quality), alpha, gamma)
        assert float(each) == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_the_gradient_of_varifocal_is_that_of_the_equation() -> None:
    logits = torch.tensor([-3.0, -0.5, 0.0, 1.5, 4.0, 0.3], requires_grad=True)
    targets = torch.tensor([0.0, 0.0, 0.0, 0.0, 0.0, 0.7])
    Varifocal()(logits, targets).sum().backward()
    assert logits.grad is not None
    for slope, logit, quality in zip(logits.grad, logits.tolist(), targets.tolist(), strict=True):
        step = 1e-5
        up, down = (formula(logit + sign * step, quality, 0.75, 2.0) for sign in (1, -1))
        assert float(slope) == pytest.approx((up - down) / (2 * step), rel=1e-3)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_varifocal_stays_finite_for_sure_networks(gamma: float) -> None:
    logits = torch.tensor([-500.0, 500.0, -500.0, 500.0], requires_grad=True)
    found = Varifocal(gamma=gamma)(logits, torch.tensor([0.0, 0.0, 1.0, 1.0]))
    found.sum().backward()
    assert found.isfinite().all()
    assert found.tolist() == pytest.approx([0.0, 375.0, 500.0, 0.0])
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("options", [{"alpha": 0.0}, {"gamma": -1.0}])
def test_varifocal_refuses_what_it_cannot_be(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        Varifocal(**options)
