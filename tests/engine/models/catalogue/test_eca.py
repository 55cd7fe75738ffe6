"""ECA against its equations, and the page that adds it step by step."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from engine import device
from engine.paths import ROOT

PAGE = ROOT / "docs" / "adding-an-improvement.md"
FILE = ROOT / "engine" / "models" / "catalogue" / "attention" / "eca.py"


@pytest.mark.parametrize(("channels", "kernel"), [(16, 3), (64, 3), (128, 5), (512, 5), (4, 1)])
def test_the_kernel_grows_with_the_channels(channels: int, kernel: int) -> None:
    device.prepare()
    from engine.models.catalogue.attention.eca import Eca

    assert Eca(channels).conv.kernel_size == (kernel,)
    t = int(abs((math.log2(channels) + 1) / 2))
    assert kernel == (t if t % 2 else t + 1)


def test_a_channel_is_weighted_by_itself_and_its_neighbours() -> None:
    device.prepare()
    import torch

    from engine.models.catalogue.attention.eca import Eca

    eca = Eca(64)
    x = torch.randn(2, 64, 7, 5)
    mean = x.mean((2, 3)).numpy()
    weights = eca.conv.weight.detach().numpy().ravel()
    padded = np.pad(mean, ((0, 0), (1, 1)))
    summed = sum(weights[k] * padded[:, k : k + 64] for k in range(3))
    expected = x.numpy() * (1 / (1 + np.exp(-summed)))[:, :, None, None]
    assert np.allclose(eca(x).detach().numpy(), expected, atol=1e-6)


def test_a_gamma_of_nothing_is_refused() -> None:
    device.prepare()
    from engine.models.catalogue.attention.eca import Eca

    with pytest.raises(ValueError, match="gamma"):
        Eca(64, gamma=0.0)


def test_the_page_shows_the_file_as_it_is() -> None:
    (block,) = re.findall(r"```python\n(.*?)\n```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block == FILE.read_text(encoding="utf-8").rstrip("\n")


def test_the_page_names_every_slot_that_has_entries() -> None:
    from engine.models import registry

    page = PAGE.read_text(encoding="utf-8")
    rows = {name for line in page.splitlines() if line.startswith("| `")
            for name in re.findall(r"`(\w+)`", line.split("|")[1])}  # fmt: skip
    assert {entry.slot for entry in registry.entries()} <= rows
