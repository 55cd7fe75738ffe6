"""Wide depthwise kernels against torch's own convolution."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d

from ops.depthwise_large import SMALLEST, convolution, depthwise_conv2d


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """Return the maps that torch's convolution is called with."""
    made: list[Tensor] = []

    def convolve(x: Tensor, *rest: Any) -> Tensor:  # noqa: ANN401
        made.append(x)
        return conv2d(x, *rest)

    monkeypatch.setattr(torch.nn.functional, "conv2d", convolve)
    return made


def example(kernel: tuple[int, int], kind: torch.dtype = torch.float32) -> tuple[Tensor, ...]:
    return (
        torch.randn(2, 4, 7, 9, dtype=kind),
        torch.randn(4, 1, *kernel, dtype=kind),
        torch.randn(4, dtype=kind),
    )


@pytest.mark.parametrize("kernel", [(1, 15), (15, 1), (17, 15), (3, 31), (3, 3)])
@pytest.mark.parametrize("dilation", [1, 2])
def test_it_is_the_convolution(kernel: tuple[int, int], dilation: int) -> None:
    x, weight, bias = (each.requires_grad_() for each in example(kernel))
    padding = (kernel[0] // 2 * dilation, kernel[1] // 2 * dilation)
    found = depthwise_conv2d(x, weight, bias, padding, dilation)
    expected = conv2d(x, weight, bias, 1, padding, dilation, 4)
    assert found.shape == x.shape
    assert torch.allclose(found, expected, atol=1e-4)
    weights = torch.randn_like(found)
    one, two = (
        torch.autograd.grad((each * weights).sum(), (x, weight, bias)) for each in (found, expected)
    )
    assert all(torch.allclose(a, b, atol=1e-3) for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("kind", [torch.float32, torch.float16, torch.bfloat16])
def test_layout_and_type_stay(
    layout: torch.memory_format, kind: torch.dtype, calls: list[Tensor]
) -> None:
    x, weight, bias = example((15, 15), kind)
    found = depthwise_conv2d(x.contiguous(memory_format=layout), weight, bias, 7)
    assert found.is_contiguous(memory_format=layout)
    assert found.dtype == kind
    (inside,) = calls
    assert inside.is_contiguous(memory_format=torch.channels_last)
    assert inside.dtype == torch.float32
    exact = depthwise_conv2d(x.float(), weight.float(), bias.float(), 7)
    assert torch.allclose(found.float(), exact, rtol=1e-2)


@pytest.mark.parametrize(
    ("capability", "width", "turned"),
    [("AVX512", 13, False), ("AVX512", 15, True), ("AVX2", 9, False), ("AVX2", 11, True)],
)
def test_the_width_counts(
    monkeypatch: pytest.MonkeyPatch,
    calls: list[Tensor],
    capability: str,
    width: int,
    turned: bool,
) -> None:
    monkeypatch.setattr(convolution, "_WIDE_HERE", convolution._WIDE[capability])
    assert width >= SMALLEST or not turned
    for kernel in ((3, width), (1, width), (width, 1)):
        x, weight, bias = example(kernel)
        depthwise_conv2d(x, weight, bias, (kernel[0] // 2, kernel[1] // 2))
        assert (calls.pop() is not x) is (turned and kernel[1] > 1)


def test_double_precision_is_left_alone(calls: list[Tensor]) -> None:
    x, weight, bias = example((15, 15), torch.float64)
    assert depthwise_conv2d(x, weight, bias, 7).dtype == torch.float64
    assert calls[0] is x


class Wide(torch.nn.Module):
    def forward(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return depthwise_conv2d(x, weight, bias, 7)


def test_written_down_it_is_a_convolution() -> None:
    given = example((15, 15))
    program = torch.export.export(Wide(), given)
    targets = [node.target for node in program.graph.nodes if node.op == "call_function"]
    assert targets == [torch.ops.aten.conv2d.default]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_traced_it_is_a_convolution() -> None:
    traced = torch.jit.trace(Wide(), example((15, 15)))  # type: ignore[no-untyped-call]
    kinds = [node.kind() for node in traced.graph.nodes()]
    assert "aten::_convolution" in kinds
    assert not {"aten::contiguous", "aten::to"} & set(kinds)


def test_compiled_it_gives_the_same() -> None:
    given = example((15, 15))
    compiled = torch.compile(Wide(), fullgraph=True, backend="aot_eager")
    assert torch.equal(compiled(*given), Wide()(*given))


def test_types_that_differ_are_refused_as_torch_does() -> None:
    x, weight, _ = example((15, 15))
    with pytest.raises(RuntimeError, match="type"):
        depthwise_conv2d(x.half(), weight, None, 7)
