"""Deformable convolution against the ordinary one and against loops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import conv2d

from ops.deform_conv2d import deform_conv2d
from tests.ops.test_bilinear_gather import everywhere

SETTINGS = [
    {},
    {"padding": 1},
    {"stride": 2, "padding": (2, 1)},
    {"stride": (1, 2), "padding": 2, "dilation": (2, 1), "groups": 2},
]


def offsets(x: torch.Tensor, weight: torch.Tensor, count: int, **kw: Any) -> torch.Tensor:  # noqa: ANN401
    """Return random offsets of the size of the output, of `count` groups of channels."""
    size = conv2d(x, weight, **kw).shape[2:]
    taps = weight.shape[2] * weight.shape[3]
    return torch.randn(x.shape[0], 2 * count * taps, *size, dtype=x.dtype)


@pytest.mark.parametrize("settings", SETTINGS)
def test_without_offsets_it_is_a_convolution(settings: dict[str, Any]) -> None:
    x, bias = torch.randn(2, 4, 7, 6), torch.randn(6)
    weight = torch.randn(6, 4 // settings.get("groups", 1), 3, 2)
    still = torch.zeros_like(offsets(x, weight, 2, **settings))
    plain = conv2d(x, weight, bias, **settings)
    assert torch.allclose(deform_conv2d(x, still, weight, bias, **settings), plain, atol=1e-5)
    half = torch.full_like(still[:, ::2], 0.5)
    found = deform_conv2d(x, still, weight, mask=half, **settings)
    assert torch.allclose(found, 0.5 * conv2d(x, weight, **settings), atol=1e-5)


@pytest.mark.parametrize("settings", SETTINGS)
def test_it_is_the_sum_over_moved_taps(settings: dict[str, Any]) -> None:
    x, groups = torch.randn(1, 4, 5, 6), settings.get("groups", 1)
    weight, bias = torch.randn(2, 4 // groups, 3, 2), torch.randn(2)
    offset = offsets(x, weight, 2, **settings)
    mask = torch.rand_like(offset[:, ::2])
    found = deform_conv2d(x, offset, weight, bias, mask, **settings)
    (sy, sx), (py, px), (dy, dx) = (
        (value, value) if isinstance(value, int) else value
        for value in (settings.get(key, int(key != "padding")) for key in _KEYS)
    )
    expected = bias[None, :, None, None].repeat(1, 1, *offset.shape[2:])
    for out in range(2):
        for channel in range(4 // groups):
            read = out * groups // 2 * (4 // groups) + channel
            for tap in range(6):
                at = (read // 2) * 6 + tap
                for i, j in np.ndindex(*offset.shape[2:]):
                    row = i * sy - py + tap // 2 * dy + float(offset[0, 2 * at, i, j])
                    column = j * sx - px + tap % 2 * dx + float(offset[0, 2 * at + 1, i, j])
                    value = everywhere(x[0, read : read + 1], row, column)[0] * mask[0, at, i, j]
                    expected[0, out, i, j] += value * weight[out, channel].flatten()[tap]
    assert torch.allclose(found, expected, atol=1e-4)


_KEYS = ("stride", "padding", "dilation")


def test_a_whole_pixel_is_a_shift() -> None:
    x, weight = torch.randn(1, 2, 6, 6), torch.randn(3, 2, 3, 3)
    offset = torch.tensor([1.0, -2.0]).repeat(9)[None, :, None, None].expand(1, 18, 6, 6)
    far = torch.nn.functional.pad(x, (4, 4, 4, 4))
    expected = conv2d(far, weight)[:, :, 4:10, 1:7]
    assert torch.allclose(deform_conv2d(x, offset, weight, padding=1), expected, atol=1e-5)


def test_gradients() -> None:
    x, weight = (torch.randn(s, dtype=torch.float64) for s in ((1, 2, 3, 4), (2, 2, 2, 2)))
    offset = offsets(x, weight, 1) * 0.3
    mask, bias = torch.rand_like(offset[:, ::2]), torch.randn(2, dtype=torch.float64)
    given = [each.requires_grad_() for each in (x, offset, weight, bias, mask)]
    assert torch.autograd.gradcheck(deform_conv2d, given)


@pytest.mark.parametrize(
    ("weight", "offset", "mask", "match"),
    [
        ((4, 3, 3, 3), (1, 18, 4, 4), None, "4 channels"),
        ((4, 4, 3, 3), (1, 17, 4, 4), None, "17 channels of offsets"),
        ((4, 4, 3, 3), (1, 54, 4, 4), None, "54 channels of offsets"),
        ((4, 4, 3, 3), (1, 18, 4, 5), None, "4 x 4"),
        ((4, 4, 3, 3), (2, 18, 4, 4), None, "1 maps"),
        ((4, 4, 3, 3), (1, 18, 4, 4), (1, 18, 4, 4), r"\[1, 9, 4, 4\]"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(
    weight: tuple[int, ...],
    offset: tuple[int, ...],
    mask: tuple[int, ...] | None,
    match: str,
) -> None:
    x = torch.zeros(1, 4, 6, 6)
    given = torch.zeros(mask) if mask else None
    with pytest.raises(ValueError, match=match):
        deform_conv2d(x, torch.zeros(offset), torch.zeros(weight), mask=given)


class Layer(torch.nn.Module):
    """The operator as exporters see it."""

    def forward(self, x: torch.Tensor, offset: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return deform_conv2d(x, offset, weight, mask=offset[:, ::2].sigmoid(), padding=1)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
def test_it_is_exported_for_any_size(tmp_path: Path) -> None:
    import onnxruntime

    file, weight = str(tmp_path / "layer.onnx"), torch.randn(3, 2, 3, 3)
    given = (torch.randn(1, 2, 4, 6), torch.randn(1, 18, 4, 6), weight)
    axes = {0: "b", 2: "h", 3: "w"}
    torch.onnx.export(
        Layer(),
        given,
        file,
        input_names=["x", "offset", "weight"],
        dynamic_axes={"x": axes, "offset": axes},
        dynamo=False,
        opset_version=17,
    )
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    other = (torch.randn(2, 2, 7, 5), torch.randn(2, 18, 7, 5), weight)
    for each in (given, other):
        names = dict(zip(("x", "offset", "weight"), (t.numpy() for t in each), strict=True))
        found = session.run(None, names)[0]
        assert np.abs(found - Layer()(*each).numpy()).max() < 1e-4
