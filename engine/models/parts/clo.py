"""CloFormer's attention: a gate from what is near, and attention to means of what is far."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import nn

from engine.models.parts.heads import heads_of


class AttnConv(nn.Module):
    """tanh(W2 swish(W1 (q ⊙ k)) / √d) ⊙ v, with q, k and v depth-wise convolutions.

    "Rethinking Local Perception in Lightweight Vision Transformer", arXiv 2303.17803, the local
    branch of section 3. The weights of an ordinary convolution are the same everywhere; here each
    place has a factor between −1 and 1 for each channel besides.

    Args:
        channels: In.
        local: Channels out.
        kernel: Side of the depth-wise convolutions, odd.
        width: Channels of a head, d of the equation.
    """

    def __init__(self, channels: int, local: int, kernel: int, width: int) -> None:
        """Make q, k and v in one convolution."""
        super().__init__()
        if kernel < 1 or kernel % 2 == 0:
            raise ValueError(f"the kernel {kernel} is not odd")
        self.factor = width**-0.5
        self.qkv = nn.Conv2d(channels, 3 * local, 1)
        self.near = nn.Conv2d(3 * local, 3 * local, kernel, padding=kernel // 2, groups=3 * local)
        self.gate = nn.Sequential(nn.Conv2d(local, local, 1), nn.SiLU(), nn.Conv2d(local, local, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, local, H, W] for [B, C, H, W]."""
        q, k, v = self.near(self.qkv(x)).chunk(3, 1)
        gate: torch.Tensor = self.gate(q * k) * self.factor
        gated: torch.Tensor = gate.tanh() * v
        return gated


class PooledAttention(nn.Module):
    """softmax(q pool(k)ᵀ / √d) pool(v): every place looks at the means of windows.

    Where windows do not fit, the last ones are smaller; the original asks for sizes that fit.

    Args:
        channels: In.
        distant: Channels out.
        heads: Of them; they divide `distant`.
        window: Side of what one mean is of, in pixels of the map.
    """

    def __init__(self, channels: int, distant: int, heads: int, window: int) -> None:
        """Make q, k and v."""
        super().__init__()
        if window < 1:
            raise ValueError(f"windows of side {window} are none")
        self.heads, self.window = heads, window
        self.q = nn.Conv2d(channels, distant, 1)
        self.kv = nn.Conv2d(channels, 2 * distant, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, distant, H, W] for [B, C, H, W]."""
        height, width = x.shape[-2:]
        q = rearrange(self.q(x), "b (n d) h w -> b n (h w) d", n=self.heads)
        k, v = rearrange(
            self.kv(means(x, self.window)), "b (two n d) h w -> two b n (h w) d", two=2,
            n=self.heads,
        )  # fmt: skip
        seen = nn.functional.scaled_dot_product_attention(q, k, v)
        return rearrange(seen, "b n (h w) d -> b (n d) h w", h=height, w=width)


class CloAttention(nn.Module):
    """Both branches side by side and a 1×1 convolution.

    Args:
        channels: In and out, a multiple of 4.
        kernel: See `AttnConv`.
        window: See `PooledAttention`.
        quarters: How many quarters of the channels look far, 1 to 3.
        width: Channels of a head; narrow maps have four heads that are narrower.
    """

    def __init__(
        self, channels: int, kernel: int, window: int, quarters: int = 2, width: int = 16
    ) -> None:
        """Share the heads out."""
        super().__init__()
        if channels % 4:
            raise ValueError(f"{channels} channels cannot be split into quarters")
        distant = channels // 4 * quarters
        heads = quarters * heads_of(channels // 4, width)
        each = distant // heads
        self.local = AttnConv(channels, channels - distant, kernel, each)
        self.distant = PooledAttention(channels, distant, heads, window)
        self.join = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        joined: torch.Tensor = self.join(torch.cat((self.local(x), self.distant(x)), 1))
        return joined


def means(x: torch.Tensor, window: int) -> torch.Tensor:
    """Return the mean of each window; those that reach over an edge are of what is inside.

    Args:
        x: [B, C, H, W].
        window: Their side and how far they are apart.

    Returns:
        [B, C, ⌈H / window⌉, ⌈W / window⌉].
    """
    if window == 1:
        return x
    height, width = x.shape[-2:]
    beyond = (0, -width % window, 0, -height % window)
    summed = nn.functional.avg_pool2d(nn.functional.pad(x, beyond), window)
    inside = nn.functional.pad(torch.ones_like(x[:1, :1]), beyond)
    return summed / nn.functional.avg_pool2d(inside, window)
