"""Values between pixels against the sum over all pixels."""

from __future__ import annotations

import torch

from ops.bilinear_gather import bilinear_gather


def everywhere(x: torch.Tensor, row: float, column: float) -> torch.Tensor:
    """Return [C] of one map [C, H, W]: every pixel weighted by relu(1 - distance) both ways."""
    down = (1 - (torch.arange(x.shape[1]) - row).abs()).clamp(min=0)
    right = (1 - (torch.arange(x.shape[2]) - column).abs()).clamp(min=0)
    return torch.einsum("chw,h,w->c", x, down.to(x), right.to(x))


def test_it_is_the_mean_of_the_pixels_around_weighted_by_nearness() -> None:
    x = torch.randn(2, 3, 5, 4)
    rows, columns = torch.rand(2, 6, 7) * 9 - 2, torch.rand(2, 6, 7) * 8 - 2
    found = bilinear_gather(x, rows, columns)
    assert found.shape == (2, 3, 6, 7)
    for n, p, q in torch.cartesian_prod(*(torch.arange(side) for side in (2, 6, 7))).tolist():
        expected = everywhere(x[n], float(rows[n, p, q]), float(columns[n, p, q]))
        assert torch.allclose(found[n, :, p, q], expected, atol=1e-5)


def test_whole_numbers_are_pixels_and_outside_is_nothing() -> None:
    x = torch.randn(1, 2, 4, 6)
    rows = torch.tensor([[[2.0, 0.0, -0.5, -1.0, 4.0, 3.5]]])
    columns = torch.tensor([[[5.0, 0.0, 1.0, 1.0, 1.0, 5.0]]])
    found = bilinear_gather(x, rows, columns)[0, :, 0]
    expected = torch.stack(
        (x[0, :, 2, 5], x[0, :, 0, 0], x[0, :, 0, 1] / 2, *2 * [torch.zeros(2)], x[0, :, 3, 5] / 2)
    )
    assert torch.allclose(found, expected.T, atol=1e-6)


def test_places_are_exact_in_half_precision() -> None:
    x = torch.arange(300.0).half()[None, None, None]
    columns = torch.tensor([[[257.25, 290.5]]])
    found = bilinear_gather(x, torch.zeros(1, 1, 2), columns)
    assert found.dtype == torch.float16
    assert found.flatten().tolist() == [257.25, 290.5]


def test_gradients() -> None:
    x = torch.randn(1, 2, 4, 3, dtype=torch.float64, requires_grad=True)
    rows = (torch.rand(1, 2, 3, dtype=torch.float64) * 2.5 + 0.1).requires_grad_()
    columns = (torch.rand(1, 2, 3, dtype=torch.float64) * 1.5 + 0.1).requires_grad_()
    assert torch.autograd.gradcheck(bilinear_gather, (x, rows, columns))
