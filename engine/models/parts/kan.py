"""Convolutions of Kolmogorov-Arnold networks in one, two and three dimensions.

"Kolmogorov-Arnold Convolutions: Design Principles and Empirical Studies", arXiv 2407.01092: a
convolution sums φ(x) for a function φ of each of its weights, made of an ordinary weight and of
weights of a basis of functions. They have five to nine times the parameters of a convolution.

Differing from the authors' code, nothing is remembered between calls, no result depends on the
other pictures of a batch, maps that are the same everywhere give numbers, and the degree may be 0.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from engine.models.parts.reach import reach_of

_EPS_OF_YOLO = 1e-3
_CONV: dict[int, type[nn.Conv1d | nn.Conv2d | nn.Conv3d]] = {
    1: nn.Conv1d,
    2: nn.Conv2d,
    3: nn.Conv3d,
}


def standardised(x: torch.Tensor, eps: float = 1e-5) -> torch.Tensor:
    """Return each channel of each picture with mean 0 and variance 1: InstanceNorm without weights.

    Unlike `nn.InstanceNorm2d` it takes maps of one pixel, which give 0.

    Args:
        x: [B, C, ...].
        eps: Added to the variance.
    """
    places = tuple(range(2, x.ndim))
    exact = x.to(torch.promote_types(x.dtype, torch.float32))
    centred = exact - exact.mean(places, keepdim=True)
    variance = centred.square().mean(places, keepdim=True)
    return (centred * (variance + eps).rsqrt()).to(x.dtype)


def within_one(x: torch.Tensor, eps: float = 1e-5) -> torch.Tensor:
    """Return each picture stretched to -1 … 1 by its lowest and its highest value.

    Args:
        x: [B, ...].
        eps: Added to the range, so that a constant gives -1.
    """
    everything = tuple(range(1, x.ndim))
    lowest = x.amin(everything, keepdim=True)
    return 2 * (x - lowest) / (x.amax(everything, keepdim=True) - lowest + eps) - 1


def legendre(x: torch.Tensor, degree: int) -> Iterator[torch.Tensor]:
    """Yield the Legendre polynomials of 0 to `degree` at x, each of its shape.

    (n + 1) P_{n+1} = (2n + 1) x P_n - n P_{n-1}, with P_0 = 1 and P_1 = x.
    """
    before, now = torch.zeros_like(x), torch.ones_like(x)
    yield now
    for n in range(degree):
        before, now = now, ((2 * n + 1) * x * now - n * before) / (n + 1)
        yield now


def gram(x: torch.Tensor, degree: int, scales: torch.Tensor) -> Iterator[torch.Tensor]:
    """Yield Gram polynomials of 0 to `degree` at x, whose recurrence is scaled.

    P_{n+1} = x P_n - s_n β_n P_{n-1}, with P_0 = 1 and P_1 = x, β_n = n² (m² - n²) / (m² (4n² - 1))
    and m = `degree` + 1: for s = 1 those that are orthogonal on m points evenly spaced within
    -1 … 1, from half a distance after the one to half a distance before the other.

    Args:
        x: Any shape.
        degree: Of the last one.
        scales: [degree + 1], s; the first and the last are not used.
    """
    count = degree + 1
    before, now = torch.zeros_like(x), torch.ones_like(x)
    yield now
    for n in range(degree):
        beta = n**2 * (count**2 - n**2) / (count**2 * (4 * n**2 - 1))
        before, now = now, x * now - scales[n] * beta * before
        yield now


class KanConv(nn.Module):
    """What the three have in common: a convolution, and one of a basis of functions of the input.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        terms: Functions in the basis.
        kernel: Side of both, odd.
        dims: 1, 2 or 3.
    """

    def __init__(self, c_in: int, c_out: int, terms: int, kernel: int, dims: int) -> None:
        """Make both convolutions."""
        super().__init__()
        if dims not in _CONV:
            raise ValueError(f"there is no convolution in {dims} dimensions, only in 1, 2 and 3")
        make, reach = _CONV[dims], reach_of(kernel)
        self.base = make(c_in, c_out, kernel, padding=reach, bias=False)
        self.basis = make(c_in * terms, c_out, kernel, padding=reach, bias=False)
        for layer in (self.base, self.basis):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="linear")
        self.act = nn.SiLU()


class KalnConv(KanConv):
    """y = silu(norm(W x + V P(x'))) with Legendre polynomials P of x', the input within -1 … 1.

    The authors scale by the lowest and highest value of the whole batch; here it is those of each
    picture.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        degree: Of the last polynomial.
        kernel: Side, odd.
        dims: 1, 2 or 3.
    """

    def __init__(
        self, c_in: int, c_out: int, *, degree: int = 3, kernel: int = 3, dims: int = 2
    ) -> None:
        """Make both convolutions."""
        if degree < 0:
            raise ValueError(f"the degree {degree} is below 0")
        super().__init__(c_in, c_out, degree + 1, kernel, dims)
        self.degree = degree

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, ...] for [B, c_in, ...] of the same size."""
        terms = torch.cat(tuple(legendre(within_one(x), self.degree)), 1)
        activated: torch.Tensor = self.act(standardised(self.base(x) + self.basis(terms)))
        return activated


class KagnConv(KanConv):
    """y = silu(norm(W silu(x) + V silu(P(tanh x)))) with Gram polynomials P, see `gram`.

    Their scales are learned and begin close to 0, as the authors' do: at the start the polynomials
    are the powers of tanh x. The authors' code multiplies by 4n² - 1 where the Gram recurrence
    divides by it, and puts the number of the polynomial in the place of the number of points; here
    it is the recurrence of the textbook, which differs by a constant that the scales learn.
    The first and the last of the scales, and all below degree 2, have no effect and so learn
    nothing; they are there as in the authors' layer.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        degree: Of the last polynomial.
        kernel: Side, odd.
        dims: 1, 2 or 3.
    """

    def __init__(
        self, c_in: int, c_out: int, *, degree: int = 3, kernel: int = 3, dims: int = 2
    ) -> None:
        """Make both convolutions and the scales."""
        if degree < 0:
            raise ValueError(f"the degree {degree} is below 0")
        super().__init__(c_in, c_out, degree + 1, kernel, dims)
        self.degree = degree
        self.scales = nn.Parameter(torch.empty(degree + 1))
        nn.init.normal_(self.scales, std=1 / (kernel**dims * c_in * (degree + 1)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, ...] for [B, c_in, ...] of the same size."""
        terms = self.act(torch.cat(tuple(gram(x.tanh(), self.degree, self.scales)), 1))
        summed = self.base(self.act(x)) + self.basis(terms)
        activated: torch.Tensor = self.act(standardised(summed))
        return activated


class FastKanConv(KanConv):
    """y = W silu(x) + V R(norm(x)) with R_i(x) = exp(-((x - c_i) / h)²) on a grid of centres c.

    ("Kolmogorov-Arnold Networks are Radial Basis Function Networks", arXiv 2405.06721.) h is the
    distance of the centres. The variance is raised by as much as in YOLO's BatchNorm, a hundred
    times what the authors raise it by, which shows rounding where a channel hardly varies.
    What it gives is neither normalised nor activated, as in the authors'
    layer: the next one begins with both.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        grid: Number of centres, from -2 to 2, at least 2.
        kernel: Side, odd.
        dims: 1, 2 or 3.
    """

    centres: torch.Tensor

    def __init__(
        self, c_in: int, c_out: int, *, grid: int = 8, kernel: int = 3, dims: int = 2
    ) -> None:
        """Make both convolutions and the grid."""
        if grid < 2:
            raise ValueError(f"a grid of {grid} is below 2 centres")
        super().__init__(c_in, c_out, grid, kernel, dims)
        self.wide = 4 / (grid - 1)
        self.register_buffer("centres", torch.linspace(-2, 2, grid))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, ...] for [B, c_in, ...] of the same size."""
        normed = standardised(x, _EPS_OF_YOLO)
        terms = [(-(((normed - centre) / self.wide) ** 2)).exp() for centre in self.centres]
        summed: torch.Tensor = self.base(self.act(x)) + self.basis(torch.cat(terms, 1))
        return summed
