"""Products of matrices against torch's in 64 bits, for each library that runs here."""

from __future__ import annotations

import pytest
import torch

from ops.matrix_product.cpu import multiply
from tests.helpers.gathers import NEAR

SIZES = [(1, 1, 1, 1), (2, 7, 3, 5), (1, 49, 300, 66), (3, 6, 64, 16), (1, 5, 17, 330)]


@pytest.mark.parametrize("kind", NEAR, ids=str)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_it_is_what_torch_finds(
    size: tuple[int, int, int, int], kind: torch.dtype, variant: str
) -> None:
    batch, rows, depth, columns = size
    # Rows lie further apart than they are long, batches too.
    left = torch.randn(batch, rows + 1, depth + 3, dtype=kind)[:, 1:, :depth]
    right = torch.randn(batch, depth, columns + 5, dtype=kind)[:, :, 5:]
    whole = torch.randn(batch, rows + 2, columns + 1, dtype=kind)
    before, product = whole.clone(), whole[:, 1:-1, :columns]
    exact = left.double() @ right.double()
    multiply(left, right, product)
    assert _error(product, exact) < NEAR[kind]
    there = product.double()
    multiply(left, right, product, added=True)
    assert _error(product, there + exact) < NEAR[kind]
    whole[:, 1:-1, :columns] = before[:, 1:-1, :columns]
    assert torch.equal(whole, before)


def test_16_bits_add_up_in_32(variant: str) -> None:
    left, right = torch.rand(1, 4, 90).bfloat16(), torch.rand(1, 90, 20).bfloat16()
    sums = torch.zeros(1, 4, 20)
    for some in (slice(0, 31), slice(31, 90)):
        multiply(left[..., some], right[:, some], sums, added=True)
    assert _error(sums, left.double() @ right.double()) < NEAR[torch.float32]


def test_threads_do_not_change_a_bit(variant: str) -> None:
    left, right = torch.randn(2, 130, 70), torch.randn(2, 70, 600)
    products, threads = [torch.empty(2, 130, 600) for _ in range(3)], torch.get_num_threads()
    for count, product in enumerate(products, 1):
        torch.set_num_threads(count)
        multiply(left, right, product)
    torch.set_num_threads(threads)
    assert all(torch.equal(products[0], each) for each in products[1:])


def _error(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found.double() - expected).abs().max() / expected.abs().max())
