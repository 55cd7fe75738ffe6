"""FastKAN: convolutions with a sum of bells for each weight."""

from __future__ import annotations

from engine.models.parts.kan import FastKanConv
from engine.models.registry import register


@register(
    "fastkan",
    slot="conv",
    family="FastKAN",
    paper="Kolmogorov-Arnold Convolutions: Design Principles and Empirical Studies, arXiv",
    year=2024,
    arxiv="2407.01092",
    origin="https://github.com/IvanDrokin/torch-conv-kan",
    licence="MIT; written from the paper",
    stability="experimental",
)
class FastKan(FastKanConv):
    """`FastKanConv` of pictures, bells around a grid of centres.

    Nine times the parameters of a convolution with 8 centres. The author's tables show it below
    one.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        grid: Number of centres, from -2 to 2, at least 2.
    """

    def __init__(self, c_in: int, c_out: int, *, grid: int = 8) -> None:
        """Be 3×3 in two dimensions."""
        super().__init__(c_in, c_out, grid=grid)
