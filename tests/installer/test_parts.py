"""What the bundle holds: the lists fit the packages that are installed and what we import."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import re
from pathlib import Path

import pytest

from engine import device
from engine.paths import ROOT
from installer import mac, parts
from installer.parts import Entry
from tests.test_architecture import imports

LIB = "PyQt6/Qt6/lib"


@pytest.mark.parametrize(
    "path",
    [
        "torch/lib/libtorch_cpu.so",
        "torch/bin/torch_shm_manager",
        "openvino/libs/libopenvino_intel_cpu_plugin.so",
        "openvino/libs/libopenvino_pytorch_frontend.so.2641",
        "PyQt6/Qt6/plugins/platforms/libqxcb.so",
        "PyQt6/Qt6/translations/qtbase_zh_CN.qm",
        "onnxruntime/capi/onnxruntime_pybind11_state.cpython-311-x86_64-linux-gnu.so",
    ],
)
def test_what_is_needed_stays(path: str) -> None:
    assert parts.keeps(path)


@pytest.mark.parametrize(
    "path",
    [
        "torch/include/ATen/ATen.h",
        "torch/bin/test_jit",
        "torch/bin/protoc-3.13.0.0",
        "openvino/libs/libopenvino_intel_gpu_plugin.so",
        "openvino\\libs\\openvino_intel_npu_plugin.dll",
        "openvino/libs/libopenvino_tensorflow_lite_frontend.so.2641",
        "openvino/frontend/jax/py_jax_frontend.cpython-311-x86_64-linux-gnu.so",
        "PyQt6/Qt6/plugins/platformthemes/libqgtk3.so",
        "PyQt6/Qt6/translations/qtbase_de.qm",
        "PyQt6/Qt6/translations/qt_zh_CN.qm",
        "libstdc++.so.6",
    ],
)
def test_what_nobody_needs_goes(path: str) -> None:
    assert not parts.keeps(path)


def test_modules_are_left_out_with_all_below_them() -> None:
    assert parts.holds("torch.onnx")
    assert parts.holds("onnxruntime.transformers.float16")
    assert parts.holds("ops.builder")
    assert not parts.holds("matplotlib")
    assert not parts.holds("matplotlib.backends.backend_agg")
    assert not parts.holds("ops.build.command")
    assert not parts.holds("ops.selective_scan.onnx")


def test_nothing_that_is_left_out_is_imported_by_us() -> None:
    wrong = []
    for package in parts.OURS:
        for path in sorted((ROOT / package).rglob("*.py")):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            if parts.holds(module):
                parent = module.rpartition(".")[0]
                found = imports(ast.parse(path.read_text("utf-8")), parent)
                wrong += [f"{module}: {each.name}" for each in found if not parts.holds(each.name)]
    assert wrong == []


def test_the_packages_whose_versions_are_asked_are_described() -> None:
    described = {_plain(name) for name in parts.METADATA}
    assert {_plain(name) for name in device.PACKAGES} <= described
    for name in parts.METADATA:
        assert importlib.metadata.version(name)


def test_whole_packages_are_packages() -> None:
    for name in (*parts.WHOLE, *parts.WITH_SOURCE):
        found = importlib.util.find_spec(name)
        assert found is not None, name
        assert found.submodule_search_locations, name


def test_libraries_go_with_those_that_asked_for_them() -> None:
    entries: list[Entry] = [
        ("torch/_C.so", "/torch", "EXTENSION"),
        ("_heif.so", "/heif", "EXTENSION"),
        ("libpython3.11.so.1.0", "/python", "BINARY"),
        ("libA.so.1", "/a", "BINARY"),
        ("libGone.so.1", "/gone", "BINARY"),
        (f"{LIB}/libQt6Core.so.6", "/core", "BINARY"),
        (f"{LIB}/libQt6Pdf.so.6", "/pdf", "BINARY"),
        ("av.libs/libx264-1.so", "/x264", "BINARY"),
        ("libA.so", "libA.so.1", "SYMLINK"),
    ]
    needs = {"/torch": {"libA.so.1", "libc.so.6"}, "/heif": {"libQt6Core.so.6", "libx264-1.so"}}
    kept = parts.asked_for(entries, lambda path: needs.get(path, set()))
    assert [place for place, _, _ in kept] == [
        "torch/_C.so",
        "_heif.so",
        "libpython3.11.so.1.0",
        "libA.so.1",
        f"{LIB}/libQt6Core.so.6",
        "av.libs/libx264-1.so",
    ]


def test_what_needs_another_kind_of_torch_goes_with_its_libraries() -> None:
    entries: list[Entry] = [
        ("torchvision/image.so", "/image", "BINARY"),
        ("torchvision.libs/libnvjpeg.so.13", "/nvjpeg", "BINARY"),
        ("torch/lib/libtorch_cpu.so", "/cpu", "BINARY"),
    ]

    def needs(path: str) -> set[str]:
        return {parts.CUDA, "libnvjpeg.so.13"} if path == "/image" else set()

    assert parts.asked_for(entries, needs) == entries[2:]
    cuda = (f"torch/lib/{parts.CUDA}", "/cuda", "BINARY")
    assert parts.asked_for([*entries, cuda], needs) == [*entries, cuda]


def test_the_spec_takes_name_and_version_from_their_one_place() -> None:
    text = (ROOT / "build.spec").read_text("utf-8")
    assert "from engine.version import NAME, __version__" in text
    assert not re.search(r"\d+\.\d+\.\d+", text)
    compile(text, "build.spec", "exec")


def test_macos_knows_the_files_that_are_ours() -> None:
    (declared,) = mac.INFO["UTExportedTypeDeclarations"]
    assert declared["UTTypeTagSpecification"] == {"public.filename-extension": ["labsight"]}
    kinds = [
        kind for each in mac.INFO["CFBundleDocumentTypes"] for kind in each["LSItemContentTypes"]
    ]
    assert kinds == [declared["UTTypeIdentifier"], "public.image", "public.movie"]


def test_the_tools_that_build_are_pinned() -> None:
    lines = (ROOT / "installer" / "requirements.txt").read_text("utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[\w-]+==[\d.]+", line) for line in wanted)
    assert any(line.startswith("pyinstaller==") for line in wanted)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_hooks_are_for_packages_that_are_installed() -> None:
    for path in Path(ROOT, "installer", "hooks").glob("hook-*.py"):
        name = path.stem.removeprefix("hook-")
        assert importlib.util.find_spec(name) is not None
