"""A detection reaches no network and leaves no file outside its session and its own data."""

import os
import subprocess
import sys
import types
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from engine import device
from engine.media import write_picture
from engine.scenes.tubes import render_tubes

ROOT = Path(__file__).resolve().parent.parent

WATCHED = """
import json, os, pkgutil, importlib, socket, sys

attempts, written = [], []
allowed = tuple(os.environ["ALLOWED"].split(os.pathsep))

def refuse(*arguments, **options):
    attempts.append(repr(arguments))
    raise OSError("there is no network")

def watch(event, arguments):
    if event.startswith("socket.") and event not in ("socket.__new__", "socket.gethostname"):
        attempts.append(f"{event}{arguments[1:]}")
    elif event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"):
        attempts.append(f"{event} {arguments[:2]}")
    elif event == "open" and isinstance(arguments[0], (str, bytes)):
        flags = arguments[2] if isinstance(arguments[2], int) else 0
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            note(arguments[0])
    elif event in ("os.mkdir", "os.rename", "os.link", "os.symlink"):
        note(arguments[0 if event == "os.mkdir" else 1])

def note(path):
    path = os.path.abspath(os.fsdecode(path))
    if not path.startswith(allowed) and path != os.devnull:
        written.append(path)

sys.addaudithook(watch)
for name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, name, refuse)
for name in ("getaddrinfo", "gethostbyname", "create_connection"):
    setattr(socket, name, refuse)

import engine.inference.backends as backends
for module in pkgutil.iter_modules(backends.__path__, backends.__name__ + "."):
    importlib.import_module(module.name)
from engine.cli import run
code = run(sys.argv[1:])
sys.stderr.write(json.dumps({"code": code, "attempts": attempts, "written": written}))
"""


def files(folder: Path) -> set[str]:
    """Return the files and folders below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.mark.slow
def test_one_detection_in_an_empty_home(tmp_path: Path) -> None:
    folders = {name: tmp_path / name for name in ("home", "data", "out", "temporary", "here")}
    for name in ("home", "temporary", "here"):
        folders[name].mkdir()
    picture = tmp_path / "tubes.jpg"
    write_picture(render_tubes(900_000, (320, 240)).image, picture)
    # Only what a process needs to start: nothing that points a library anywhere.
    needed = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "VIRTUAL_ENV")
    variables = {name: os.environ[name] for name in needed if name in os.environ}
    allowed = [str(folders[name]) for name in ("data", "out", "temporary")]
    variables |= {
        "HOME": str(folders["home"]),
        "USERPROFILE": str(folders["home"]),
        "TMPDIR": str(folders["temporary"]),
        "TEMP": str(folders["temporary"]),
        "LABSIGHT_DATA": str(folders["data"]),
        "ALLOWED": os.pathsep.join(allowed),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-c", WATCHED, "detect", picture, "--out", folders["out"], "--json"]
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folders["here"],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == '{"code": 0, "attempts": [], "written": []}'
    assert done.stdout.count("\n") == 2
    assert files(folders["out"]) == {"annotated", "annotated/tubes.jpg", "session.labsight"}
    for name in ("home", "temporary", "here"):
        assert files(folders[name]) == set(), name


FRAGILE = """
import torch
# What torchvision does when it is imported: it describes an operator that its library made.
torch.library.register_fake("torchvision::nms")(lambda dets, scores, iou_threshold: dets)
"""
HEALED = """
import sys
from engine import device
try:
    import torchvision
except RuntimeError as error:
    assert "torchvision::nms" in str(error), error
else:
    raise AssertionError("this torchvision should be broken")
device.heal_torchvision()
import torchvision, torch
from torchvision import ops
assert torchvision.__file__.startswith(sys.argv[1])
boxes = torch.tensor([[0.0, 0.0, 9.0, 9.0], [0.0, 0.0, 9.0, 8.0], [20.0, 0.0, 29.0, 9.0]])
assert ops.nms(boxes, torch.tensor([0.5, 0.9, 0.7]), 0.5).tolist() == [1, 2]
device.heal_torchvision()
"""


@pytest.mark.slow
def test_a_torchvision_of_another_torch_is_healed(tmp_path: Path) -> None:
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(FRAGILE)
    (package / "ops.py").write_text("nms = None\n")
    variables = os.environ | {"PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))}
    done = subprocess.run(
        [sys.executable, "-c", HEALED, str(tmp_path)],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_torchvision_here_can_suppress() -> None:
    device.prepare()
    import torch
    from torchvision import ops

    boxes = torch.tensor([[0.0, 0.0, 9.0, 9.0], [0.0, 0.0, 9.0, 8.0], [20.0, 0.0, 29.0, 9.0]])
    assert ops.nms(boxes, torch.tensor([0.5, 0.9, 0.7]), 0.5).tolist() == [1, 2]


@pytest.fixture
def without_torchvision() -> Iterator[None]:
    """Take torchvision out of the loaded modules for a while."""
    own = {name: module for name, module in sys.modules.items() if is_torchvision(name)}
    for name in own:
        del sys.modules[name]
    yield
    for name in [name for name in sys.modules if is_torchvision(name)]:
        del sys.modules[name]
    sys.modules.update(own)


def is_torchvision(name: str) -> bool:
    return name.split(".")[0] == "torchvision"


@pytest.mark.usefixtures("without_torchvision")
def test_a_healthy_torchvision_is_not_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_library", None)
    healthy, ops = types.ModuleType("torchvision"), types.ModuleType("torchvision.ops")
    its_own = object()
    vars(ops)["nms"] = its_own
    sys.modules |= {"torchvision": healthy, "torchvision.ops": ops}
    before = dict(sys.modules)
    device.heal_torchvision()
    assert sys.modules["torchvision"] is healthy
    assert sys.modules["torchvision.ops"] is ops
    assert ops.nms is its_own
    assert device._library is None
    assert set(sys.modules) == set(before)


class Broken:
    """Finds a torchvision whose import fails."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: object = None
    ) -> ModuleSpec | None:
        if is_torchvision(name):
            raise self.error
        return None


@pytest.mark.usefixtures("without_torchvision")
@pytest.mark.parametrize(
    "error",
    [RuntimeError("CUDA driver is too old"), ImportError("no such library"), OSError("1114")],
    ids=repr,
)
def test_other_failures_of_torchvision_pass_through(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(device, "_library", None)
    monkeypatch.setattr(sys, "meta_path", [Broken(error), *sys.meta_path])
    with pytest.raises(type(error)) as caught:
        device.heal_torchvision()
    assert caught.value is error
    assert device._library is None
