"""Products of matrices that have the same bits with any number of threads.

MKL divides even small ones among threads in ways that differ with their number.
"""

from __future__ import annotations

import ctypes

import torch
from torch import Tensor

from ops import libraries, pool


class ProductArguments(ctypes.Structure):
    """`ProductArguments` in cpu.cpp, field by field."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("left", "right", "product")),
        *(
            (f"{matrix}_{name}", ctypes.c_int64)
            for matrix in ("left", "right", "product")
            for name in ("batch", "row")
        ),
        *((name, ctypes.c_int32) for name in ("batch", "rows", "depth", "columns", "added")),
    )


libraries.ready("matrix_product", ProductArguments)


def multiply(left: Tensor, right: Tensor, product: Tensor, *, added: bool = False) -> None:
    """Write the product of matrices, or add it to what is there; computed in float32.

    Args:
        left: [B, M, K], whose rows are dense, as those of the others.
        right: [B, K, N].
        product: [B, M, N].
        added: Whether it is added.
    """
    if product.dtype != torch.float32:
        sums = product.float()
        multiply(left, right, sums, added=added)
        product.copy_(sums)
        return
    left, right = left.float(), right.float()
    a = ProductArguments(added=added)
    a.left, a.right, a.product = (each.data_ptr() for each in (left, right, product))
    a.left_batch, a.left_row, _ = left.stride()
    a.right_batch, a.right_row, _ = right.stride()
    a.product_batch, a.product_row, _ = product.stride()
    a.batch, a.rows, a.depth = left.shape
    a.columns = right.shape[2]
    library = libraries.needed()
    units = library.function("matrix_product_units", returns=libraries.INT64)(ctypes.byref(a))
    pool.spread(library.function("matrix_product_multiply"), a, units)
