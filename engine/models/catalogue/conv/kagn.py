"""KAGN: convolutions with a Gram polynomial for each weight."""

from __future__ import annotations

from engine.models.parts.kan import KagnConv
from engine.models.registry import register


@register(
    "kagn",
    slot="conv",
    family="KAN convolutions",
    paper="Kolmogorov-Arnold Convolutions: Design Principles and Empirical Studies, arXiv",
    year=2024,
    arxiv="2407.01092",
    origin="https://github.com/IvanDrokin/torch-conv-kan",
    licence="MIT; written from the paper",
    stability="experimental",
)
class Kagn(KagnConv):
    """`KagnConv` of pictures: Gram polynomials of tanh x.

    Five times the parameters of a convolution at degree 3. The author's tables show it below one.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        degree: Of the last polynomial.
    """

    def __init__(self, c_in: int, c_out: int, *, degree: int = 3) -> None:
        """Be 3×3 in two dimensions."""
        super().__init__(c_in, c_out, degree=degree)
