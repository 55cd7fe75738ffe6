"""The selective scan as ONNX has it: its operator `Scan`, whose graph is one step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onnxscript import FLOAT, graph, script
from onnxscript import opset18 as op
from onnxscript.onnx_types import TensorType

if TYPE_CHECKING:
    from typing import Any as Reals
else:
    # Of any shape: FLOAT alone is one number within a graph.
    Reals = FLOAT[...]


def translate(
    u: TensorType,
    delta: TensorType,
    A: TensorType,
    B: TensorType,
    C: TensorType,
    D: TensorType | None,
    z: TensorType | None,
    bias: TensorType | None,
    softplus: bool,
    float_output: bool,
) -> tuple[TensorType, TensorType]:
    """Return y and the last states of `torch.ops.labsight.selective_scan`.

    Its third result is for the backward pass and has no place here. Batch and length may be symbols
    in the graph, all other sizes are numbers.
    """
    groups, states = B.shape[1], A.shape[1]
    channels, share = A.shape[0], A.shape[0] // groups
    x, step, B, C = (op.Cast(each, to=FLOAT.dtype) for each in (u, delta, B, C))
    if bias is not None:
        step = op.Add(step, op.Unsqueeze(bias, [1]))
    if softplus:
        step = op.Softplus(step)
    # A size of 0 is that of the input.
    y, last = _scan(
        op.Reshape(step, [0, groups, share, 1, -1]),
        op.Reshape(op.Mul(step, x), [0, groups, share, 1, -1]),
        op.Reshape(A, [groups, share, states]),
        op.Unsqueeze(B, [2]),
        op.Unsqueeze(C, [3]),
    )
    y = op.Reshape(y, [0, channels, -1])
    if D is not None:
        y = op.Add(y, op.Mul(op.Unsqueeze(D, [1]), x))
    if z is not None:
        gate = op.Cast(z, to=FLOAT.dtype)
        y = op.Mul(y, op.Mul(gate, op.Sigmoid(gate)))
    if not float_output and u.dtype != FLOAT.dtype:
        y = op.Cast(y, to=u.dtype)
    return y, op.Reshape(last, [0, channels, states])


@script()  # type: ignore[untyped-decorator]
def _scan(step: Reals, driven: Reals, A: Reals, B: Reals, C: Reals) -> tuple[Reals, Reals]:
    """Return y [b, g, d, 1, l] and the last states [b, g, d, n].

    Args:
        step: [b, g, d, 1, l].
        driven: step u, likewise.
        A: [g, d, n].
        B: [b, g, 1, n, l].
        C: [b, g, n, 1, l].
    """

    @graph()  # type: ignore[untyped-decorator]
    def one(h: Reals, s: Reals, x: Reals, b: Reals, c: Reals) -> tuple[Reals, Reals]:
        now = op.Exp(s * A) * h + x * b
        return now, op.MatMul(now, c)

    batch = op.Shape(step, start=0, end=1)
    before = op.Expand(0.0, op.Concat(batch, op.Shape(A), axis=0))
    last, y = op.Scan(
        before,
        step,
        driven,
        B,
        C,
        body=one,
        num_scan_inputs=4,
        scan_input_axes=[-1, -1, -1, -1],
        scan_output_axes=[-1],
    )
    return y, last
