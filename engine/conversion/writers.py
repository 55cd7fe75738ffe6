"""How each format is written.

Every writer leaves its file or folder whole in the job's own folder and tells how far it is from
torch.
"""

from __future__ import annotations

import errno
import io
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.conversion.compare import Trial, difference
from engine.conversion.network import Portable
from engine.models.graph import CHANNELS
from engine.types import Float32

if TYPE_CHECKING:
    from onnx import ModelProto

_INPUT = "images"
_OPSET = 17
_LARGEST_IR = 10
"""Newer versions of the file format are not read by every ONNX Runtime in use."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a writer is given.

    Attributes:
        network: What to write.
        trials: Inputs to compare with torch on.
        metadata: What the file says of itself.
        half: Whether to write 16 bits a number.
        folder: Where to.
        name: File name without a suffix.
        tell: Called with the name of each stage as it begins.
    """

    network: Portable
    trials: list[Trial]
    metadata: dict[str, Any]
    half: bool
    folder: Path
    name: str
    tell: Callable[[str], None]

    def differs(self, run: Callable[[Float32], list[Any]]) -> float:
        """Return how far another library is from torch.

        Args:
            run: Takes [N, 3, H, W] float32 and returns the outputs.
        """
        return max(
            difference(
                trial,
                run(trial.pictures),
                end_to_end=self.network.end_to_end,
                half=self.half,
            )
            for trial in self.trials
        )


@dataclass(frozen=True, slots=True)
class Written:
    """What a writer left.

    Attributes:
        path: The file or folder.
        difference: Largest difference to torch, relative to values above 1; None where the library
            that could tell is not installed.
    """

    path: Path
    difference: float | None


def write_onnx(order: Order) -> Written:
    """Write an ONNX file."""
    import onnx

    order.tell("trace")
    model = _onnx_model(order)
    order.tell("convert")
    if order.half:
        model = _in_half(model)
    path = order.folder / f"{order.name}.onnx"
    path.write_bytes(model.SerializeToString())
    order.tell("check")
    onnx.checker.check_model(path, full_check=True)
    try:
        import onnxruntime
    except ImportError:
        return Written(path, None)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return Written(path, order.differs(lambda pictures: session.run(None, {_INPUT: pictures})))


def write_openvino(order: Order) -> Written:
    """Write OpenVINO's two files and what ultralytics reads beside them.

    They are made from torch's trace, as OpenVINO does not read every ONNX file of a network whose
    objects need no suppression.
    """
    from engine.conversion.openvino_library import load

    openvino = load()
    order.tell("trace")
    traced, example = _traced(order.network), order.network.example()
    order.tell("convert")
    shape = [-1, CHANNELS, -1, -1] if order.network.dynamic else list(example.shape)
    model = openvino.convert_model(traced, input=shape, example_input=example)
    model.inputs[0].set_names({_INPUT})
    for output, name in zip(model.outputs, order.network.output_names, strict=True):
        output.set_names({name})
    path = order.folder / f"{order.name}_openvino_model"
    path.mkdir()
    described = path / f"{order.name}.xml"
    try:
        openvino.save_model(model, described, compress_to_fp16=order.half)
    except RuntimeError as error:
        # What it makes of a disk that is full.
        raise OSError(errno.ENOSPC, str(error)) from error
    _write_yaml(path / "metadata.yaml", order.metadata)
    order.tell("check")
    # By itself it takes 16 bits on processors that have them.
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(described, "CPU", exact)
    return Written(path, order.differs(lambda pictures: list(compiled(pictures).values())))


def write_torchscript(order: Order) -> Written:
    """Write a TorchScript archive."""
    import torch

    order.tell("trace")
    traced = _traced(order.network)
    order.tell("convert")
    held = io.BytesIO()
    described = {"config.txt": json.dumps(order.metadata, ensure_ascii=False).encode()}
    with _unwarned():
        torch.jit.save(traced, held, _extra_files=described)
    path = order.folder / f"{order.name}.torchscript"
    path.write_bytes(held.getbuffer())
    order.tell("check")
    with _unwarned():
        loaded: Any = torch.jit.load(path)  # type: ignore[no-untyped-call]

    def run(pictures: Float32) -> list[Any]:
        with torch.inference_mode():
            return [each.numpy() for each in loaded(torch.from_numpy(pictures))]

    return Written(path, order.differs(run))


def write_engine(order: Order) -> Written:
    """Write a TensorRT engine, with ultralytics' own builder."""
    from ultralytics.utils.export.engine import onnx2engine

    order.tell("trace")
    traced = order.folder / f"{order.name}.onnx"
    traced.write_bytes(_onnx_model(order).SerializeToString())
    order.tell("convert")
    path = order.folder / f"{order.name}.engine"
    onnx2engine(
        str(traced),
        path,
        quantize=16 if order.half else None,
        dynamic=order.network.dynamic,
        shape=tuple(order.network.example().shape),
        metadata=order.metadata,
    )
    return Written(path, None)


WRITERS: dict[str, Callable[[Order], Written]] = {
    "onnx": write_onnx,
    "openvino": write_openvino,
    "torchscript": write_torchscript,
    "engine": write_engine,
}


def _traced(network: Portable) -> Any:  # noqa: ANN401 - torch's own type has no methods for mypy
    import torch

    trace: Any = torch.jit.trace
    with torch.no_grad(), _unwarned():
        return trace(network.module, network.example(), strict=False, check_trace=False)


def _onnx_model(order: Order) -> ModelProto:
    """Return the network as ONNX in single precision."""
    import onnx
    import torch

    network, held = order.network, io.BytesIO()
    axes = None
    if network.dynamic:
        axes = {_INPUT: {0: "batch", 2: "height", 3: "width"}}
        axes |= _dynamic_outputs(order)
    with torch.no_grad(), _unwarned():
        torch.onnx.export(
            network.module,
            (network.example(),),
            held,  # type: ignore[arg-type]
            opset_version=_OPSET,
            input_names=[_INPUT],
            output_names=network.output_names,
            dynamic_axes=axes,
            dynamo=False,
        )
    model = onnx.load_from_string(held.getvalue())
    for key, value in order.metadata.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, str(value)
    model.ir_version = min(model.ir_version, _LARGEST_IR)
    return model


def _dynamic_outputs(order: Order) -> dict[str, dict[int, str]]:
    """Name the sides of the outputs that another input shape changed."""
    first, second = (trial.outputs for trial in order.trials)
    axes = {}
    for name, one, two in zip(order.network.output_names, first, second, strict=True):
        changed = [at for at in range(one.ndim) if one.shape[at] != two.shape[at]]
        axes[name] = {at: "batch" if at == 0 else f"{name}_{at}" for at in changed}
    return axes


def _in_half(model: ModelProto) -> ModelProto:
    """Return a model that computes with 16 bits a number; its inputs and outputs keep 32."""
    from onnxruntime.transformers import float16, onnx_model

    # It warns of each number that 16 bits cannot hold; the comparison with torch judges.
    with _unwarned():
        shorter = float16.convert_float_to_float16(model, keep_io_types=True)
    converted = onnx_model.OnnxModel(shorter)
    # The nodes that change the inputs were added at the end.
    converted.topological_sort()
    halved: ModelProto = converted.model
    return halved


def _write_yaml(path: Path, values: dict[str, Any]) -> None:
    import yaml

    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8")


def _unwarned() -> warnings.catch_warnings[None]:
    """Silence what exporters say of themselves and of shapes that they take as they are."""
    return warnings.catch_warnings(action="ignore")
