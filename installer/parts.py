"""What goes into the bundle and what stays out; `build.spec` reads it all from here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

Entry = tuple[str, str, str]
"""A file as PyInstaller lists it: where it will lie, where it lies now, of which kind it is."""

OURS = ("engine", "desktop", "ops")
"""Our packages, taken whole: parts of them are found by walking through folders."""

NOT_OURS = ("ops.build", "ops.onnx", "engine.training.default_weights")
"""Tools of those who work on LabSight."""

WHOLE = (*OURS, "ultralytics.utils.callbacks", "ultralytics.utils.export")
"""Packages whose modules are imported by names made at run time."""

WITH_SOURCE = {
    # Their sources are read as text at run time: TorchScript and torch's own settings do so.
    "torch": "pyz+py",
    "torchvision": "pyz+py",
    # It puts its own folder among those that modules are looked for in.
    "onnxruntime.transformers": "pyz+py",
}
"""How modules are kept where it is not as compiled code alone."""

METADATA = (
    "av", "cv2-enumerate-cameras", "einops", "filelock", "lap", "numpy", "onnx", "onnxruntime",
    "opencv-python", "openpyxl", "openvino", "pillow", "pillow-heif", "psutil", "PyQt6",
    "pyqtgraph", "PyYAML", "requests", "torch", "torchvision", "ultralytics", "ultralytics-thop",
    "wakepy",
)  # fmt: skip
"""Packages whose versions are asked at run time, by ultralytics and by `engine.device`."""

EXCLUDED = (
    # Reports to others, and tools of those who work on programs.
    "openvino_telemetry", "torch.utils.tensorboard", "hypothesis", "mypy", "pip", "pytest",
    "_pytest", "setuptools", "pkg_resources", "pycocotools", "tkinter", "lib2to3", "pydoc_data",
    "ensurepip", "idlelib", "turtledemo",
    # Charts and training tables that ultralytics writes where it is asked to, and is not.
    "matplotlib", "mpl_toolkits", "polars", "_polars_runtime_32",
    # Compilers at run time.
    "triton", "torch.utils.cpp_extension", "torch.utils.benchmark", "torch.utils.bottleneck",
    # Torch's tests.
    "torch.test", "torch.testing._internal.common_utils", "torch.testing._internal.opinfo",
    "torch.testing._internal.common_methods_invocations",
    "torch.testing._internal.common_distributed",
    # The way to ONNX that is not taken, and what reads other libraries' networks.
    "onnxscript", "onnx_ir", "openvino.frontend.jax", "openvino.frontend.paddle",
    "openvino.frontend.tensorflow", "openvino.tools.benchmark", "onnx.reference",
    "onnx.backend.test", "onnxruntime.quantization",
    # Qt that nobody sees.
    "PyQt6.QtBluetooth", "PyQt6.QtDesigner", "PyQt6.QtHelp", "PyQt6.QtNfc", "PyQt6.QtPdf",
    "PyQt6.QtPdfWidgets", "PyQt6.QtPositioning", "PyQt6.QtQml", "PyQt6.QtQuick", "PyQt6.QtQuick3D",
    "PyQt6.QtQuickWidgets", "PyQt6.QtRemoteObjects", "PyQt6.QtSensors", "PyQt6.QtSerialPort",
    "PyQt6.QtSpatialAudio", "PyQt6.QtSql", "PyQt6.QtStateMachine", "PyQt6.QtTextToSpeech",
    "PyQt6.QtWebChannel", "PyQt6.QtWebSockets", "PyQt6.QtXml", "pyqtgraph.examples",
    "pyqtgraph.jupyter", "pyqtgraph.opengl",
)  # fmt: skip
"""Modules that are left out, each with all below it."""

DROPPED = (
    # Written beside libraries for those who compile against them.
    "*.h", "*.hpp", "*.cuh", "*.lib", "*.a", "*.cmake", "*.pyi", "*.pc", "torch/include/*",
    "torch/share/*", "torch/test/*", "torch/lib/*test*", "torch/lib/libbackend_with_compiler*",
    "torch/lib/libaoti_custom_ops*", "torch/testing/*", "torch/_inductor/kernel/templates/*",
    "torch/bin/protoc*", "torch/bin/*est*", "torch/bin/upgrader_models/*", "torch/bin/*.ptl",
    # OpenVINO on other devices than the processor, and from other libraries than torch and ONNX.
    "openvino/libs/*gpu_plugin*", "openvino/libs/*npu_plugin*", "openvino/libs/*npu_*",
    "openvino/libs/cache.json", "openvino/libs/*tensorflow*", "openvino/libs/*paddle*",
    "openvino/libs/*jax*", "openvino/libs/*gguf*", "openvino/libs/*openvino_c.*",
    "openvino/frontend/jax/*", "openvino/frontend/paddle/*", "openvino/frontend/tensorflow/*",
    # A second copy of the library, for programs in C.
    "onnxruntime/capi/libonnxruntime.so.*", "onnxruntime/capi/libonnxruntime.*.dylib",
    # Qt's other screens, its browser of help, and texts of other languages.
    "*/platforms/*qeglfs*", "*/platforms/*qlinuxfb*", "*/platforms/*qvkkhr*", "*/platforms/*qvnc*",
    "*/platforms/*qminimalegl*", "*/egldeviceintegrations/*", "*/imageformats/*qpdf*", "*/tls/*",
    "*/networkinformation/*", "*/sqldrivers/*", "*/libQt6Pdf*", "*/libQt6EglFS*",
    # It asks for all of GTK as this machine has it; dialogs of files come by the desktop's portal.
    "*/platformthemes/*gtk*",
    # They come with every Linux and belong to its C library and its graphics drivers.
    "libmvec.so*", "libstdc++.so*", "libgcc_s.so*",
)  # fmt: skip
"""Files that are left out, by where they would lie."""

TRANSLATIONS = "PyQt6/Qt6/translations/"
LANGUAGES = ("zh_CN",)
"""Beside English; what Qt itself says in other languages is left out."""

CUDA = "libtorch_cuda.so"


def keeps(path: str) -> bool:
    """Tell whether a file belongs in the bundle.

    Args:
        path: Where it would lie, on any system.
    """
    path = path.replace("\\", "/")
    if path.startswith(TRANSLATIONS):
        return path.endswith(tuple(f"qtbase_{language}.qm" for language in LANGUAGES))
    return not any(fnmatchcase(path, pattern) for pattern in DROPPED)


def holds(module: str) -> bool:
    """Tell whether a module belongs in the bundle."""
    names = module.split(".")
    above = {".".join(names[:count]) for count in range(1, len(names) + 1)}
    # How our operators are written as ONNX by torch's other exporter, which needs onnxscript.
    unused = names[0] == "ops" and names[-1] == "onnx"
    return not unused and above.isdisjoint((*EXCLUDED, *NOT_OURS))


def asked_for(entries: Iterable[Entry], needs: Callable[[str], set[str]]) -> list[Entry]:
    """Leave out libraries that were only collected for files that were left out since.

    Args:
        entries: Of a bundle for Linux.
        needs: Returns the file names of the libraries that a library asks the system for, and of
            those that these ask for in turn.
    """
    entries = list(entries)
    there = {PurePosixPath(place).name for place, _, _ in entries}
    wanted: set[str] = set()
    kept = []
    for place, source, kind in entries:
        if kind != "EXTENSION" and _is_shared(place):
            continue
        asked = needs(source) if kind != "SYMLINK" else set()
        # Of a torch for other devices than that of the bundle.
        if CUDA in asked and CUDA not in there:
            continue
        wanted |= asked
        kept.append(place)
    return [
        entry for entry in entries if entry[0] in kept or PurePosixPath(entry[0]).name in wanted
    ]


def _is_shared(place: str) -> bool:
    """Tell whether a library serves others alone and is nobody's plug-in."""
    folder = str(PurePosixPath(place).parent)
    if folder == ".":
        return not place.startswith("libpython")
    return folder == "PyQt6/Qt6/lib" or folder.endswith(".libs")
