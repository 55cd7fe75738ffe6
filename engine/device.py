"""What the networks run on, and the libraries they run in made ready and kept quiet."""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import os
import platform
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.config import AUTO
from engine.errors import DeviceError
from engine.i18n import N_
from engine.paths import app_data
from engine.version import __version__

if TYPE_CHECKING:
    import torch

PACKAGES = (
    "torch",
    "ultralytics",
    "numpy",
    "opencv-python",
    "pillow",
    "av",
    "openpyxl",
    "PyQt6",
    "pyqtgraph",
)

_NICE = 15

_library: object | None = None  # keeps the healed operators alive as long as the process
_ready = False


def set_switches() -> None:
    """Set what ultralytics, torch and ONNX Runtime read when they are imported.

    They stay offline and in our folder, tell nobody of their use, install nothing, run no code of
    checkpoints and leave the processor to others while they wait.
    """
    os.environ["YOLO_OFFLINE"] = "true"
    os.environ["YOLO_AUTOINSTALL"] = "false"
    os.environ["YOLO_VERBOSE"] = "false"
    os.environ["ULTRALYTICS_SAFE_LOAD"] = "true"
    # It would give the machine a number, and send that with every session to its makers.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    os.environ.setdefault("YOLO_CONFIG_DIR", str(app_data()))
    # torch makes a folder for its compiler when it is imported, by default among temporary files.
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(app_data() / "torch"))
    # Threads that spin while they wait for one another take the processor from those that read
    # and write: with as many of them as cores a picture takes several times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def heal_torchvision() -> None:
    """Make `import torchvision` work beside a torch that it was not built for.

    A CPU build of torch with the registry's torchvision fails with "operator torchvision::nms does
    not exist". The operator's schema is all that the import needs; the operator itself is then
    ultralytics' own, in plain torch. Where torchvision imports, nothing is touched.
    """
    global _library
    try:
        import torchvision  # noqa: F401
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    else:
        return
    import torch

    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    library: Any = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _library = library
    import torchvision.ops

    set_switches()
    from ultralytics.utils.nms import TorchNMS

    torchvision.ops.nms = TorchNMS.nms


def load_quietly() -> None:
    """Load the largest library of torch without holding the interpreter's lock.

    `import torch` holds the lock while the system loads some 400 MB; a window that says meanwhile
    that the network is being loaded would stand still for a third of a second. What cannot be
    loaded this way is loaded by the import itself. On Windows torch does the same on its own.
    """
    if "torch" in sys.modules or os.name == "nt":
        return
    found = importlib.util.find_spec("torch")
    suffix = "dylib" if sys.platform == "darwin" else "so"
    # A call through ctypes lets the lock go; opening a library with ctypes itself does not.
    load = ctypes.CDLL(None).dlopen
    load.argtypes, load.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
    for place in (found.submodule_search_locations or ()) if found is not None else ():
        for name in ("c10", "torch_cpu"):
            path = Path(place, "lib", f"lib{name}.{suffix}")
            if path.exists():
                load(os.fsencode(path), os.RTLD_NOW | os.RTLD_GLOBAL)


def cores() -> int:
    """Return the number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def give_way() -> None:
    """Let other threads go first where all have work: this one and those that it starts.

    Linux has a priority for each thread; elsewhere nothing changes. It cannot be taken back.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let the collector of cycles rest, and pass over what there is afterwards.

    The libraries bring half a million objects that stay for good; looking through them again and
    again would hold the interpreter's lock for a tenth of a second each time.
    """
    working = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if working:
            gc.enable()


def prepare() -> None:
    """Import torch and ultralytics as this application needs them. Cheap the second time.

    Every entry that uses either calls this first.
    """
    global _ready
    if _ready:
        return
    set_switches()
    load_quietly()
    with _uncollected():
        heal_torchvision()
        from ultralytics.nn import tasks
        from ultralytics.utils import patches

    # Imported before us by a script, ultralytics would have read other switches.
    tasks.SAFE_LOAD = True
    # Its replacement of PIL.Image.open would try to install a package for every broken picture.
    patches._pil_plugins_registered = True
    _ready = True


def choose(name: str) -> torch.device:
    """Return the torch device for a setting: auto, cpu, cuda, cuda:N or mps.

    Raises:
        DeviceError: The machine has no such device, or torch cannot use it.
    """
    import torch

    if name == AUTO:
        if torch.cuda.is_available() and not unusable(0):
            return torch.device("cuda:0")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(f"cuda:{name}" if name.isdigit() else name)
    except RuntimeError as error:
        raise DeviceError(
            N_("There is no device named {name}."),
            N_("Choose auto, cpu, cuda, cuda:1 or mps."),
            name=name,
        ) from error
    if device.type == "cpu":
        return device
    if device.type == "mps" and torch.backends.mps.is_available():
        return device
    if device.type == "cuda" and (device.index or 0) < torch.cuda.device_count():
        reason = unusable(device.index or 0)
        if not reason:
            return device
        raise DeviceError(
            N_("This torch cannot use {name}: {reason}."),
            N_("Choose cpu, or install a torch built for this card."),
            name=name,
            reason=reason,
        )
    raise DeviceError(
        N_("This machine has no device {name} that torch can use."),
        N_("Choose auto or cpu; the command `doctor` lists what there is."),
        name=name,
    )


def names() -> list[str]:
    """Return the device settings to offer: auto, cpu and the cards that this torch seems to serve.

    It is asked only where it was imported already, which takes more than a second.
    """
    if _ready:
        import torch

        cards, apple = torch.cuda.device_count(), torch.backends.mps.is_available()
    else:
        cards = _cards_seen() if built_for_cuda() else 0
        apple = sys.platform == "darwin" and platform.machine() == "arm64"
    return [AUTO, "cpu", *(f"cuda:{index}" for index in range(cards)), *(["mps"] if apple else [])]


def _cards_seen() -> int:
    if sys.platform == "win32":
        return int((Path(os.environ.get("SYSTEMROOT", "")) / "System32/nvcuda.dll").exists())
    return len(list(Path("/dev").glob("nvidia[0-9]*"))) if sys.platform == "linux" else 0


def built_for_cuda() -> bool:
    """Tell, without importing torch, whether it has its part for NVIDIA's cards."""
    found = importlib.util.find_spec("torch")
    names = ("libtorch_cuda.so", "torch_cuda.dll")
    places = found.submodule_search_locations or () if found is not None else ()
    return any(Path(place, "lib", name).exists() for place in places for name in names)


def unusable(index: int) -> str:
    """Say why torch's build does not serve a card, or return an empty text."""
    import torch

    major, minor = torch.cuda.get_device_capability(index)
    built = [arch for arch in torch.cuda.get_arch_list() if arch.startswith("sm_")]
    if any(int(arch[3:].rstrip("af")) // 10 == major for arch in built):
        return ""
    return f"sm_{major}{minor} is not among {', '.join(built)}"


def describe(device: torch.device) -> str:
    """Return the device in words, as runs and reports show it."""
    import torch

    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    threads = f", {torch.get_num_threads()} threads" if device.type == "cpu" else ""
    return f"{device.type} ({processor()}{threads})"


def processor() -> str:
    """Return the processor's name."""
    if sys.platform == "linux":
        try:
            with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
                for line in file:
                    if line.startswith("model name"):
                        return line.partition(":")[2].strip()
        except OSError:
            pass
    return platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """Return the versions that shape a result, by name, without importing the packages."""
    # It takes longer to import than the rest of this module.
    import importlib.metadata

    found = {"labsight": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "missing"
    return found
