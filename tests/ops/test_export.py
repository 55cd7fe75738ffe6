"""Networks with operators as ONNX files, read by ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor

from engine.models import network
from engine.models.fold import fold
from engine.models.plan import draw
from engine.models.recipe import parse
from ops.onnx import TRANSLATIONS
from tests.helpers.operators import CASES, Case, tuple_of

pytestmark = [
    pytest.mark.tool("g++"),
    pytest.mark.usefixtures("native"),
    # torch asks of itself what it deprecates.
    pytest.mark.filterwarnings("ignore:.isinstance.treespec, LeafSpec:FutureWarning"),
]
every_case = pytest.mark.parametrize("case", CASES, ids=str)
NEAR = {torch.float32: 1e-4, torch.float16: 4e-3}


def exported(case: Case, file: Path, length: int, *, free: bool = False) -> onnx.GraphProto:
    """Write a case as ONNX and return its graph; its batch and length can be left free."""
    shapes = case.dynamic_shapes() if free else None
    inputs = tuple(case.tensors(length=length))
    program = torch.export.export(case.network(), inputs, dynamic_shapes=shapes)
    torch.onnx.export(
        program, f=file, dynamo=True, custom_translation_table=TRANSLATIONS, verbose=False
    )
    onnx.checker.check_model(file, full_check=True)
    return onnx.load(file).graph


def run(file: Path, inputs: list[Tensor]) -> list[Tensor]:
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    fed = {name: each.numpy() for name, each in zip(names, inputs, strict=True)}
    return [torch.from_numpy(each) for each in session.run(None, fed)]


def operators(graph: onnx.GraphProto) -> list[str]:
    """Return the operators of a graph and of the graphs within it."""
    found = []
    for node in graph.node:
        found.append(node.op_type)
        for attribute in node.attribute:
            found += operators(attribute.g) if attribute.HasField("g") else []
    return found


@every_case
def test_onnx_runtime_gives_the_same_at_any_batch_and_length(case: Case, tmp_path: Path) -> None:
    file = tmp_path / "network.onnx"
    exported(case, file, 9, free=True)
    for batch, length in ((2, 9), (3, 130)):
        inputs = case.tensors(batch, length)
        expected = tuple_of(case.call(*inputs))
        for one, two in zip(run(file, inputs), expected, strict=True):
            assert one.dtype == two.dtype
            assert torch.allclose(one, two, rtol=NEAR[case.kind], atol=NEAR[case.kind])


def test_a_scan_is_as_large_for_a_long_sequence_as_for_a_short_one(tmp_path: Path) -> None:
    scan = CASES[0]
    short, long = (
        operators(exported(scan, tmp_path / f"{length}.onnx", length)) for length in (16, 256)
    )
    assert short == long
    assert short.count("Scan") == 1
    assert len(short) < 30


def test_a_scan_of_a_whole_map_runs(tmp_path: Path) -> None:
    scan, file = CASES[0], tmp_path / "network.onnx"
    exported(scan, file, 6400)
    inputs = scan.tensors(length=6400)
    for one, two in zip(run(file, inputs), tuple_of(scan.call(*inputs)), strict=True):
        assert torch.allclose(one, two, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "operator", "count"),
    [
        ("yolo11n:block=vss", "Scan", 8),
        ("yolo11n:conv=dcnv2@p4", "DeformConv", 8),
        ("yolo11n:conv=dysnake@p4", "GridSample", 16),
    ],
)
def test_a_network_is_exported_with_its_operators(
    text: str, operator: str, count: int, tmp_path: Path
) -> None:
    recipe, file = parse(text), tmp_path / "network.onnx"
    made: Any = fold(network.build(recipe, draw(recipe)))
    made.model[-1].export = True
    x = torch.rand(1, 3, 96, 160)
    with torch.no_grad():
        # First, as the head keeps the places of its anchors.
        expected = made(x)
        program = torch.export.export(made, (x,))
        torch.onnx.export(
            program, f=file, dynamo=True, custom_translation_table=TRANSLATIONS, verbose=False
        )
    assert operators(onnx.load(file).graph).count(operator) == count
    (found,) = run(file, [x])
    assert torch.allclose(found, expected, rtol=1e-4, atol=1e-3)
