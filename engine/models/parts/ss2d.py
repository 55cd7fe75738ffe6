"""SS2D: the selective scan over a map, in four directions."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from einops import rearrange
from torch import nn

from engine.models.parts.norms import ChannelNorm
from ops.selective_scan import DIRECTIONS, cross_merge, cross_scan, selective_scan


class Ss2d(nn.Module):
    """out(LN(merge(scan(cross(act(dw(W x)))))) ⊙ act(W' x)), with the last factor if it has a gate.

    "VMamba: Visual State Space Model", arXiv 2401.10166, section 4.2. Each direction has its own
    steps, B, C, decays and D. Who uses it says how these begin: see `begin_short`, as it is made,
    and `begin_long`.

    The parameters of the scans have one dimension or three, so that MuSGD, which makes matrices
    orthogonal, leaves them to plain gradient descent. Unlike in VMamba, weight decay reaches the
    decays and D.

    Of the scans, counting matrix products sees only how the states are read. Exported, it is for
    the number of pictures and the size that it was exported with.

    Args:
        channels: In and out.
        state: Numbers that each channel remembers.
        ratio: Channels that are scanned as a multiple of `channels`.
        gate: Whether a second branch multiplies the result.
        act: Makes the activation of both branches.
        bias: Whether the depth-wise convolution has one.
    """

    def __init__(
        self,
        channels: int,
        state: int,
        ratio: float,
        *,
        gate: bool,
        act: Callable[[], nn.Module],
        bias: bool,
    ) -> None:
        """Make the projections and the parameters of the scans."""
        super().__init__()
        inner, rank = int(channels * ratio), math.ceil(channels / 16)
        if inner < 1:
            raise ValueError(f"{ratio} times {channels} channels leaves none to scan")
        if state < 1:
            raise ValueError(f"state {state} is not above 0")
        self.split = [rank, state, state]
        self.begin = nn.Conv2d(channels, inner * (1 + gate), 1, bias=False)
        self.near = nn.Conv2d(inner, inner, 3, padding=1, groups=inner, bias=bias)
        self.act = act()
        self.select = nn.Parameter(torch.empty(DIRECTIONS, sum(self.split), inner))
        self.step = nn.Parameter(torch.empty(DIRECTIONS, inner, rank))
        self.step_bias = nn.Parameter(torch.empty(DIRECTIONS * inner))
        self.log_decay = nn.Parameter(torch.empty(DIRECTIONS, inner, state))
        self.skip = nn.Parameter(torch.ones(DIRECTIONS * inner))
        self.norm = ChannelNorm(inner, eps=1e-5)
        self.end = nn.Conv2d(inner, channels, 1, bias=False)
        self.gated = gate
        nn.init.uniform_(self.select, -(inner**-0.5), inner**-0.5)
        self.begin_short()

    def begin_short(self) -> None:
        """Have all states decay alike and steps of about 1, as in Mamba-YOLO's code."""
        nn.init.zeros_(self.log_decay)
        nn.init.normal_(self.step)
        nn.init.normal_(self.step_bias)

    def begin_long(self, shortest: float = 1e-3, longest: float = 0.1) -> None:
        """Have the n-th state decay with rate n and short steps, as in Mamba, section 3.6.

        Args:
            shortest: Of the steps, for an input of zeros.
            longest: See `shortest`; between them they are even on a logarithmic scale.
        """
        state, rank = self.log_decay.shape[2], self.step.shape[2]
        nn.init.uniform_(self.step, -(rank**-0.5), rank**-0.5)
        nn.init.uniform_(self.step_bias, math.log(shortest), math.log(longest))
        with torch.no_grad():
            self.log_decay.copy_(torch.arange(1, state + 1).log())
            self.step_bias.exp_().expm1_().log_()

    def _decay(self) -> torch.Tensor:
        """Return A, [4 inner, state], in at least 32 bits."""
        kind = torch.promote_types(self.log_decay.dtype, torch.float32)
        return -self.log_decay.to(kind).exp().flatten(0, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        height, width = int(x.shape[2]), int(x.shape[3])
        scanned, *gates = self.begin(x).chunk(1 + self.gated, 1)
        u = cross_scan(self.act(self.near(scanned)))
        steps, b, c = torch.split(self.select @ u, self.split, 2)
        y = selective_scan(
            u.flatten(1, 2),
            (self.step @ steps).flatten(1, 2),
            self._decay(),
            b,
            c,
            self.skip,
            delta_bias=self.step_bias,
            delta_softplus=True,
            float_output=True,
        )
        assert isinstance(y, torch.Tensor)
        merged = cross_merge(rearrange(y, "b (k d) l -> b k d l", k=DIRECTIONS), height, width)
        read = self.norm(merged.to(x.dtype))
        for gate in gates:
            read = read * self.act(gate)
        ended: torch.Tensor = self.end(read)
        return ended
