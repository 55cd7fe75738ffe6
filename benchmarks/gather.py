"""The operators that read between pixels: beside plain torch and ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.harness import Measurement, Plan, in_fresh_process
from benchmarks.operators import Work, begin, libraries_in, on, ratio, runs_of, timed

if TYPE_CHECKING:
    from torch import Tensor

SIDE, CHANNELS, TAPS = 80, 64, 9
DEFORM_TIMES, DEFORM_SHARE = 3.0, 1.2
HEADS, DEPTH, POINTS = 8, 32, 4
LEVELS = ((80, 80), (40, 40), (20, 20))
QUERIES = (100, 8400)
ATTENTION_TIMES = 2.0


def measure(plan: Plan) -> list[Measurement]:
    """Measure deformable convolution and attention, forward and backward."""
    runs, side = runs_of(plan), plan.size(SIDE)
    found = in_fresh_process(convolve, runs, side, plan.folder)
    for queries in QUERIES:
        found += in_fresh_process(attend, runs, plan.size(queries), plan.folder)
    return found


def convolve(runs: int, side: int, folder: Path) -> list[Measurement]:
    """Compare a modulated deformable 3×3 convolution of maps of side × side."""
    begin()
    import torch

    from ops.deform_conv2d import deform_conv2d

    weight = torch.randn(CHANNELS, CHANNELS, 3, 3) * 0.04
    x, offset = torch.randn(1, CHANNELS, side, side), torch.randn(1, 2 * TAPS, side, side)
    mask = torch.rand(1, TAPS, side, side)
    session = _onnx_deform_conv(weight, side)
    fed = {"x": x.numpy(), "offset": offset.numpy(), "mask": mask.numpy()}
    (other,) = session.run(None, fed)

    def work() -> Tensor:
        return deform_conv2d(x, offset, weight, None, mask, 1, 1)

    works: dict[str, Work] = {
        "grid_sample form": on(None, work),
        "ONNX Runtime": lambda: session.run(None, fed),
    }
    for name, library in libraries_in(folder).items():
        works[name] = on(library, work)
        difference = float((works[name]() - torch.from_numpy(other)).abs().max())
        assert difference < 1e-3, difference
    found = _compared("deform_conv2d", works, runs, least=DEFORM_TIMES, most=DEFORM_SHARE)
    leaves = [each.clone().requires_grad_() for each in (x, offset, weight, mask)]

    def output() -> Tensor:
        x, offset, weight, mask = leaves
        return deform_conv2d(x, offset, weight, None, mask, 1, 1)

    return found + _backwards("deform_conv2d", output, leaves, runs, folder)


def attend(runs: int, queries: int, folder: Path) -> list[Measurement]:
    """Compare multi-scale deformable attention."""
    begin()
    import torch

    from ops.ms_deform_attn import ms_deform_attn

    pixels, count = sum(height * width for height, width in LEVELS), len(LEVELS)
    value = torch.randn(1, pixels, HEADS, DEPTH)
    locations = torch.rand(1, queries, HEADS, count, POINTS, 2)
    weights = torch.rand(1, queries, HEADS, count * POINTS).softmax(-1)
    weights = weights.reshape(1, queries, HEADS, count, POINTS)

    def work() -> Tensor:
        return ms_deform_attn(value, LEVELS, locations, weights)

    works: dict[str, Work] = {"grid_sample form": on(None, work)}
    works |= {name: on(library, work) for name, library in libraries_in(folder).items()}
    label = f"ms_deform_attn, {queries} queries"
    found = _compared(label, works, runs, least=ATTENTION_TIMES)
    leaves = [each.clone().requires_grad_() for each in (value, locations, weights)]

    def output() -> Tensor:
        return ms_deform_attn(leaves[0], LEVELS, leaves[1], leaves[2])

    return found + _backwards(label, output, leaves, runs, folder)


def _compared(
    label: str, works: dict[str, Work], runs: int, *, least: float, most: float | None = None
) -> list[Measurement]:
    """Time works, the peers first, and hold the libraries against them."""
    taken = timed(works, runs)
    peers = [name for name in ("grid_sample form", "ONNX Runtime") if name in works]
    found = [Measurement(f"{label}: {name}", taken[name], "ms") for name in peers]
    for name in (each for each in works if each not in peers):
        times, title = taken["grid_sample form"] / taken[name], f"{label}, {name}: "
        found.append(ratio(name, f"{title}grid_sample form / operator", times, least=least))
        if most is not None:
            share = taken[name] / taken["ONNX Runtime"]
            found.append(ratio(name, f"{title}operator / ONNX Runtime", share, most=most))
        found.append(Measurement(f"{title}operator", taken[name], "ms"))
    return found


def _backwards(
    label: str, output: Work, leaves: list[Tensor], runs: int, folder: Path
) -> list[Measurement]:
    """Compare the backward passes."""
    import torch

    def backward(y: Tensor) -> Work:
        slope = torch.randn_like(y)
        return lambda: torch.autograd.grad(y, leaves, slope, retain_graph=True)

    name, library = next(iter(libraries_in(folder).items()))
    works = {
        "plain": on(None, backward(on(None, output)())),
        "operator": on(library, backward(on(library, output)())),
    }
    taken = timed(works, runs)
    title = f"{label}, {name}: backward, "
    return [
        Measurement(f"{title}grid_sample form / operator", taken["plain"] / taken["operator"], ""),
        Measurement(f"{title}operator", taken["operator"], "ms"),
    ]


def _onnx_deform_conv(weight: Tensor, side: int) -> Any:  # noqa: ANN401
    """Return a session of ONNX Runtime, on one thread, with one deformable convolution."""
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    def tensor(name: str, channels: int) -> Any:  # noqa: ANN401
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, side, side])

    node = helper.make_node(
        "DeformConv", ["x", "weight", "offset", "", "mask"], ["y"], pads=[1, 1, 1, 1]
    )
    inputs = [tensor("x", CHANNELS), tensor("offset", 2 * TAPS), tensor("mask", TAPS)]
    constants = [numpy_helper.from_array(weight.numpy(), "weight")]
    graph = helper.make_graph([node], "layer", inputs, [tensor("y", CHANNELS)], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
