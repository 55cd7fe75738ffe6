"""A kernel for each picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import conv2d

from engine.models.parts.per_sample import conv2d_per_sample


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_each_picture_has_its_own(kernel: int) -> None:
    x, weight = torch.randn(3, 2, 5, 4), torch.randn(3, 6, 2, kernel, kernel)
    found = conv2d_per_sample(x, weight)
    for n in range(3):
        expected = conv2d(x[n : n + 1], weight[n], padding=kernel // 2)
        assert torch.allclose(found[n : n + 1], expected, atol=1e-5)


class Layer(torch.nn.Module):
    """The function as exporters see it."""

    def forward(self, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return conv2d_per_sample(x, weight)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
def test_an_exported_one_takes_batches_of_any_size(tmp_path: Path) -> None:
    import onnxruntime

    file = str(tmp_path / "layer.onnx")
    axes = {"x": {0: "b", 2: "h", 3: "w"}, "weight": {0: "b"}}
    torch.onnx.export(
        Layer(),
        (torch.randn(1, 2, 5, 4), torch.randn(1, 3, 2, 3, 3)),
        file,
        input_names=["x", "weight"],
        dynamic_axes=axes,
        dynamo=False,
        opset_version=17,
    )
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    x, weight = torch.randn(4, 2, 7, 8), torch.randn(4, 3, 2, 3, 3)
    found = session.run(None, {"x": x.numpy(), "weight": weight.numpy()})[0]
    assert np.abs(found - conv2d_per_sample(x, weight).numpy()).max() < 1e-4
