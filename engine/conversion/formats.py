"""The formats that weights are exported to. No library is imported here.

To add a format: add one row to `FORMATS`, and its writer to `WRITERS` in
`engine.conversion.writers`.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

from engine.errors import ExportError
from engine.i18n import N_


@dataclass(frozen=True, slots=True)
class Format:
    """A format.

    Attributes:
        name: As it is typed.
        title: As it is shown.
        suffix: What names of its files end in.
        is_folder: Whether a network is a folder instead of a file.
        packages: What writing it needs, by the names that are installed.
        half_packages: What half precision needs beyond that, None where it has none.
        needs_cuda: Whether it is written on a CUDA card alone.
    """

    name: str
    title: str
    suffix: str
    is_folder: bool = False
    packages: tuple[str, ...] = ()
    half_packages: tuple[str, ...] | None = ()
    needs_cuda: bool = False


FORMATS = {
    each.name: each
    for each in (
        Format("onnx", "ONNX", ".onnx", packages=("onnx",), half_packages=("onnxruntime",)),
        Format(
            "openvino",
            "OpenVINO",
            "_openvino_model",
            is_folder=True,
            packages=("openvino",),
        ),
        Format("torchscript", "TorchScript", ".torchscript", half_packages=None),
        Format("engine", "TensorRT", ".engine", packages=("onnx", "tensorrt"), needs_cuda=True),
    )
}

STAGES = ("read", "fold", "trace", "convert", "check", "write")
"""What an export does, in this order."""


def check(chosen: Format, half: bool) -> None:
    """Refuse a format that this installation cannot write.

    Args:
        chosen: The format.
        half: Whether half precision is asked for.

    Raises:
        ExportError: A package is missing, or the format has no half precision.
    """
    if half and chosen.half_packages is None:
        raise ExportError(
            N_("{format} is written in single precision only."),
            N_("Leave half precision out, or choose another format."),
            format=chosen.title,
        )
    wanted = chosen.packages + ((chosen.half_packages or ()) if half else ())
    missing = [name for name in wanted if not _is_installed(name)]
    if missing:
        raise ExportError(
            N_("{format} needs {packages}, which is not installed."),
            N_("Install it with `pip install {packages}`, or choose another format."),
            format=chosen.title,
            packages=" ".join(missing),
        )


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ValueError:
        return True  # imported already, by a program that gave it no description
