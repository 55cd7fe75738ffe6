"""The arrows main -> desktop -> engine -> ops, and the size of files, held over the whole tree."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("engine", "desktop", "ops", "benchmarks", "installer")
SINGLE_FILES = ("main.py", "bootstrap.py", "build.spec")
HEAVY = ("torch", "torchvision", "ultralytics", "cv2", "openpyxl", "av", "openvino")
TORCH_AT_IMPORT = (
    "engine/device.py",
    "engine/inference/backends/",
    "engine/models/",
    "engine/training/",
)
QT = ("PyQt6", "PySide6", "pyqtgraph", "qtpy")
QT_SKINS = ("engine/session.py", "engine/training/session.py")
OPS_USE = ("torch", "numpy", "ops", *sys.stdlib_module_names)
LONGEST_FILE = 400
LONGEST_WINDOW = 200
MOST_WINDOW_METHODS = 20


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name, such as `torch.nn.Module`, and whether importing the file imports it."""

    name: str
    at_import: bool

    def within(self, *packages: str) -> bool:
        """Tell whether the name is one of these packages or lies in one."""
        return any(self.name == p or self.name.startswith(f"{p}.") for p in packages)


@dataclass(frozen=True, slots=True)
class Arrow:
    """A rule: in the files that `applies` picks, no import that `forbids` picks."""

    name: str
    applies: Callable[[str], bool]
    forbids: Callable[[Import], bool]


ARROWS = (
    Arrow(
        "desktop stays light",
        lambda path: path.startswith("desktop/"),
        lambda i: i.within("torch", "torchvision", "ultralytics", "cv2", "ops", "engine.cv"),
    ),
    Arrow(
        "engine knows no window",
        lambda path: path.startswith("engine/"),
        lambda i: i.within("desktop", "main"),
    ),
    Arrow(
        "engine knows no Qt",
        lambda path: path.startswith("engine/") and path not in QT_SKINS,
        lambda i: i.within(*QT),
    ),
    Arrow(
        "only QtCore in a session",
        lambda path: path in QT_SKINS,
        lambda i: i.within(*QT) and not i.within("PyQt6.QtCore"),
    ),
    Arrow(
        "ops know torch only",
        lambda path: path.startswith("ops/") and not path.endswith("/onnx.py"),
        lambda i: not i.within(*OPS_USE),
    ),
    Arrow(
        "onnxscript for ONNX alone",
        lambda path: path.startswith("ops/") and path.endswith("/onnx.py"),
        lambda i: not i.within(*OPS_USE, "onnxscript"),
    ),
    Arrow(
        "cv2 through engine.cv",
        lambda path: path != "engine/cv.py",
        lambda i: i.within("cv2"),
    ),
    Arrow(
        "torch when used",
        lambda path: path.startswith("engine/") and not path.startswith(TORCH_AT_IMPORT),
        lambda i: i.at_import and i.within("torch", "torchvision", "ultralytics"),
    ),
)


def is_type_checking(node: ast.stmt) -> bool:
    """Tell whether a statement is `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def imported_names(node: ast.AST, package: str) -> list[str]:
    """Return what one node imports, with relative names resolved against `package`."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        parents = package.split(".")
        base = ".".join(parents[: len(parents) - node.level + 1]) if node.level else ""
        module = ".".join(part for part in (base, node.module) if part)
        return [f"{module}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = ast.unparse(node.func)
        if called.endswith(("import_module", "__import__")):
            return [str(node.args[0].value)]
    return []


def imports(tree: ast.AST, package: str, at_import: bool = True) -> Iterator[Import]:
    """Yield all imports of a file, also those in functions and those for annotations only."""
    for node in ast.iter_child_nodes(tree):
        for name in imported_names(node, package):
            yield Import(name, at_import)
        lazy = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or (
            isinstance(node, ast.stmt) and is_type_checking(node)
        )
        yield from imports(node, package, at_import and not lazy)


def source_files(root: Path) -> list[Path]:
    """Return our source files below a root, whichever of the folders exist."""
    found = [path for folder in SOURCES for path in sorted((root / folder).rglob("*.py"))]
    return found + [root / name for name in SINGLE_FILES if (root / name).exists()]


def wrong_arrows(root: Path) -> list[str]:
    """Return "rule: file imports name" for every import against the arrows."""
    wrong = []
    for path in source_files(root):
        relative = path.relative_to(root).as_posix()
        package = ".".join(path.relative_to(root).parent.parts)
        found = list(imports(ast.parse(path.read_text("utf-8")), package))
        for arrow in ARROWS:
            if arrow.applies(relative):
                wrong += [
                    f"{arrow.name}: {relative} imports {name}"
                    for name in sorted({i.name for i in found if arrow.forbids(i)})
                ]
    return wrong


def wrong_sizes(root: Path) -> list[str]:
    """Return the files that are too long, and a main window that does too much itself."""
    wrong = []
    for path in source_files(root):
        relative = path.relative_to(root).as_posix()
        text = path.read_text("utf-8")
        window = relative == "desktop/main_window.py"
        limit = LONGEST_WINDOW if window else LONGEST_FILE
        if len(text.splitlines()) > limit:
            wrong.append(f"{relative}: more than {limit} lines")
        for node in ast.walk(ast.parse(text)) if window else ():
            if isinstance(node, ast.ClassDef):
                methods = [isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) for n in node.body]
                if sum(methods) > MOST_WINDOW_METHODS:
                    wrong.append(f"{relative}: {node.name} has more than {MOST_WINDOW_METHODS}")
    return wrong


def wrong_places(root: Path) -> list[str]:
    """Return code among the data, and folders whose name hides an installed package."""
    code = sorted((root / "resources").rglob("*.py"))
    hiding = [root / "packaging"] if (root / "packaging").is_dir() else []
    return [path.relative_to(root).as_posix() for path in (*code, *hiding)]


def test_arrows() -> None:
    assert wrong_arrows(ROOT) == []


def test_sizes() -> None:
    assert wrong_sizes(ROOT) == []


def test_places() -> None:
    assert wrong_places(ROOT) == []


def test_the_scan_reaches_the_tree() -> None:
    scanned = {path.relative_to(ROOT).as_posix() for path in source_files(ROOT)}
    assert {"bootstrap.py", "main.py", "engine/types.py", "engine/cv.py"} <= scanned


@pytest.mark.parametrize(
    "statement",
    [
        "import engine.types, engine.config, engine.errors, engine.store",
        *(["import desktop.app"] if (ROOT / "desktop" / "app.py").exists() else []),
    ],
)
def test_a_light_import_pulls_nothing_heavy(statement: str) -> None:
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) & set(HEAVY) == set()


PLANTED = [
    ("desktop/panels/image.py", "import torch", "desktop stays light"),
    ("desktop/app.py", "from ultralytics import YOLO", "desktop stays light"),
    ("desktop/app.py", "def f():\n    from ops.scan import scan", "desktop stays light"),
    ("desktop/app.py", "from engine.cv import cv2", "desktop stays light"),
    ("desktop/app.py", "from engine import cv", "desktop stays light"),
    ("desktop/app.py", "import importlib\nimportlib.import_module('torch.nn')", "desktop stays"),
    ("engine/deep/er.py", "from desktop.app import App", "engine knows no window"),
    ("engine/deep/er.py", "from ...desktop import app", "engine knows no window"),
    ("engine/pipeline.py", "from PyQt6.QtCore import QObject", "engine knows no Qt"),
    ("engine/pipeline.py", "from PyQt6 import QtCore", "engine knows no Qt"),
    ("engine/pipeline.py", "import pyqtgraph", "engine knows no Qt"),
    ("engine/session.py", "from PyQt6.QtGui import QImage", "only QtCore in a session"),
    ("engine/training/session.py", "from PyQt6 import QtWidgets", "only QtCore in a session"),
    ("engine/session.py", "from PyQt6 import *", "only QtCore in a session"),
    ("ops/scan/op.py", "import scipy", "ops know torch only"),
    ("ops/scan/op.py", "from engine.types import Frame", "ops know torch only"),
    ("ops/scan/op.py", "import onnxscript", "ops know torch only"),
    ("ops/scan/onnx.py", "import onnx", "onnxscript for ONNX alone"),
    ("engine/draw.py", "import cv2", "cv2 through engine.cv"),
    ("main.py", "def f():\n    import cv2", "cv2 through engine.cv"),
    ("benchmarks/speed.py", "from cv2 import imread", "cv2 through engine.cv"),
    ("engine/masks.py", "try:\n    import torch\nfinally:\n    pass", "torch when used"),
    ("engine/masks.py", "class A:\n    from ultralytics import YOLO", "torch when used"),
]


@pytest.mark.parametrize(("path", "text", "rule"), PLANTED)
def test_a_planted_import_is_found(tmp_path: Path, path: str, text: str, rule: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(text, "utf-8")
    found = wrong_arrows(tmp_path)
    assert len(found) == 1
    assert found[0].startswith(rule)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("desktop/app.py", "from engine.types import Frame\nfrom PyQt6.QtWidgets import QWidget"),
        ("engine/session.py", "from PyQt6.QtCore import QThread\nfrom PyQt6 import QtCore"),
        ("engine/cv.py", "import cv2"),
        ("engine/draw.py", "from engine.cv import cv2"),
        ("engine/masks.py", "def f():\n    import torch"),
        ("engine/masks.py", "if TYPE_CHECKING:\n    import torch"),
        ("engine/models/graph.py", "import torch"),
        ("engine/torchless.py", "import torchless_thing"),
        ("ops/scan/op.py", "import ctypes, numpy\nfrom torch import nn\nfrom .reference import f"),
        ("ops/scan/onnx.py", "import torch\nfrom onnxscript import script"),
        ("main.py", "from desktop.app import main\nfrom engine.cli import main"),
    ],
)
def test_a_right_import_is_left_alone(tmp_path: Path, path: str, text: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(text, "utf-8")
    assert wrong_arrows(tmp_path) == []


def test_planted_sizes_and_places_are_found(tmp_path: Path) -> None:
    for folder in ("desktop", "engine", "packaging", "resources/icons"):
        (tmp_path / folder).mkdir(parents=True)
    methods = "".join(f"    def m{n}(self): pass\n" for n in range(21))
    (tmp_path / "desktop" / "main_window.py").write_text(f"class Window:\n{methods}", "utf-8")
    (tmp_path / "engine" / "long.py").write_text("\n" * 401, "utf-8")
    (tmp_path / "engine" / "full.py").write_text("\n" * 400, "utf-8")
    (tmp_path / "resources" / "icons" / "make.py").write_text("", "utf-8")
    assert wrong_sizes(tmp_path) == [
        "engine/long.py: more than 400 lines",
        "desktop/main_window.py: Window has more than 20",
    ]
    (tmp_path / "desktop" / "main_window.py").write_text("\n" * 201, "utf-8")
    assert "desktop/main_window.py: more than 200 lines" in wrong_sizes(tmp_path)
    assert wrong_places(tmp_path) == ["resources/icons/make.py", "packaging"]
