"""The steps that everything which reads between pixels is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from ops import libraries
from ops.bilinear_gather.arguments import TYPES, GatherArguments, GatherStrides

Pair = Sequence[int]
"""Of down and right."""
Step = Literal["gather", "attend", "slopes", "spread"]


class Multiply(Protocol):
    """A product of matrices."""

    def __call__(
        self, left: Tensor, right: Tensor, product: Tensor, *, added: bool = False
    ) -> None:
        """Write left times right, or add it to what is there."""


libraries.ready("bilinear_gather", GatherArguments)


@dataclass(frozen=True, slots=True)
class Means:
    """How a kind of device does the work.

    Attributes:
        run: Does a step of a gather.
        channels_first: Writes maps [B, H · W, M, C / M] of float32 as [B, C, H, W], both dense.
        multiply: Writes the product of matrices [B, M, K] and [B, K, N] into a third one, or adds
            it in float32; rows are dense.
        held: Bytes that are read soon after they were written at little cost.
    """

    run: Callable[[Step, Gather], None]
    channels_first: Callable[[Tensor, Tensor], None]
    multiply: Multiply
    held: int


@dataclass(frozen=True, slots=True)
class Grid:
    """Where rows and columns are counted from, of places that are the pixels of an output.

    Attributes:
        across: Columns of the output.
        kernel: Columns of the kernel, whose taps are those of each place.
        stride: Of the output, down and right, in pixels of the map.
        padding: By which its first pixel lies outside, likewise.
        dilation: From one tap to the next, likewise.
    """

    across: int = 1
    kernel: int = 1
    stride: Pair = (0, 0)
    padding: Pair = (0, 0)
    dilation: Pair = (0, 0)


class Gather:
    """Taps of places of pictures, each of which reads a map between four pixels.

    A picture has one map for each of M heads, of D channels; S pixels, of which a map has several
    levels after one another. A head has K taps at each of P places; all of them belong to the only
    level, or the same number of them to each. The steps take the places of all pictures, or those
    that `take` says; what they are given and write is of these alone.
    """

    def __init__(
        self,
        means: Means,
        maps: Tensor,
        levels: Sequence[Pair],
        rows: Tensor,
        columns: Tensor,
        weights: Tensor | None = None,
        *,
        grid: Grid | None = None,
        relative: bool = False,
        summed: bool = False,
    ) -> None:
        """Describe the taps.

        Args:
            means: Do the steps.
            maps: [B, S, M, D], dense.
            levels: Height and width of each.
            rows: [B, M, K, P] of float32, with whatever strides.
            columns: As rows, with the same strides.
            weights: Of the taps, as rows; 1 by default.
            grid: Where rows and columns are counted from; the first pixel by default.
            relative: Whether they run from 0 at the outer edge of a level's first pixel to 1 at
                that of the last one; else they are in pixels, 0 in the middle of the first.
            summed: Whether the taps of a place are added up.
        """
        self.means, self.maps, self._kept = means, maps, (rows, columns, weights)
        self._outside: Tensor | None = None
        grid = grid or Grid()
        a = self.arguments = GatherArguments()
        a.maps, a.rows, a.columns = maps.data_ptr(), rows.data_ptr(), columns.data_ptr()
        a.at = _strides(rows)
        if weights is not None:
            a.weights, a.weighs = weights.data_ptr(), _strides(weights)
        self.batch, a.pixels, a.heads, a.channels = maps.shape
        a.taps, self.places = rows.shape[2:]
        a.levels, a.points = len(levels), a.taps // len(levels)
        begin = 0
        for level, (height, width) in enumerate(levels):
            a.heights[level], a.widths[level], a.begins[level] = height, width, begin
            begin += height * width
        a.relative, a.summed = relative, summed
        a.across, a.kernel = grid.across, grid.kernel
        a.stride[:], a.padding[:], a.dilation[:] = grid.stride, grid.padding, grid.dilation
        a.type = TYPES.index(maps.dtype)
        self.take(slice(0, self.batch), slice(0, self.places))

    def outside(self) -> Tensor:
        """Return what the channels of a pixel outside are."""
        if self._outside is None:
            self._outside = self.maps.new_zeros(self.arguments.channels)
        return self._outside

    def take(self, pictures: slice, places: slice) -> None:
        """Have the steps take some pictures and places."""
        a = self.arguments
        a.first_picture, a.pictures = pictures.start, pictures.stop - pictures.start
        a.first_place, a.places = places.start, places.stop - places.start

    def gather(self, output: Tensor) -> None:
        """Write what each tap gives into [B, M · D, K, P], whose places are dense."""
        a = self.arguments
        a.output_picture, a.output_channel, a.output_tap, _ = output.stride()
        a.output = output.data_ptr()
        self.means.run("gather", self)

    def attend(self, output: Tensor) -> None:
        """Write what the taps of each place give together into [B, P, M, D], dense."""
        self.arguments.output = output.data_ptr()
        self.means.run("attend", self)

    def slopes(
        self, gradient: Tensor, drows: Tensor, dcolumns: Tensor, dweights: Tensor | None = None
    ) -> None:
        """Write the gradients of the places and weights of taps.

        Args:
            gradient: Of what `gather` gives as [B, P, K, M, D], or `attend`, [B, P, M, D]; dense.
            drows: As rows, with their strides.
            dcolumns: As columns, likewise.
            dweights: As weights, likewise; nothing where there are none.
        """
        a = self.arguments
        a.gradient, a.drows, a.dcolumns = (each.data_ptr() for each in (gradient, drows, dcolumns))
        a.dweights = None if dweights is None else dweights.data_ptr()
        self.means.run("slopes", self)

    def spread(self, gradient: Tensor, dmaps: Tensor | None = None) -> Tensor:
        """Return the gradient of the maps in float32, [B, S, M, D], dense.

        Args:
            gradient: As `slopes`.
            dmaps: To what it is added; 0 by default.
        """
        if dmaps is None:
            dmaps = torch.zeros_like(self.maps, dtype=torch.float32)
        self.arguments.gradient, self.arguments.dmaps = gradient.data_ptr(), dmaps.data_ptr()
        self.means.run("spread", self)
        return dmaps


def channels_last(x: Tensor, heads: int = 1) -> Tensor:
    """Return maps [B, C, H, W] as [B, H · W, M, C / M], dense."""
    batch, channels, height, width = x.shape
    last = x.permute(0, 2, 3, 1).contiguous()
    return last.view(batch, height * width, heads, channels // heads)


def _strides(tensor: Tensor) -> GatherStrides:
    return GatherStrides(*tensor.stride())
