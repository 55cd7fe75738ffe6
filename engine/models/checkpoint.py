"""Reading weights files from anywhere without running what is in them.

A `.pt` file is a pickle, and a pickle can call anything. Files are therefore read with torch's
restricted unpickler and the list of classes that ultralytics' own models are made of; any other
name is refused before a byte of it is unpickled.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
import tempfile
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import device
from engine.errors import WeightsError
from engine.i18n import N_
from engine.types import TASKS, ModelInfo

if TYPE_CHECKING:
    from torch import nn

_HINT = N_("Choose a .pt file that ultralytics trained, such as best.pt.")
_AGAIN = N_("Download or copy the file again.")
FORMAT = "labsight-weights"
"""What files of our own form, see `engine.models.weights`, call it."""

_LFS = b"version https://git-lfs"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a weights file holds.

    Attributes:
        network: In float32, not folded, in evaluation mode; ultralytics' class or one of ours.
        info: What the file says of itself.
    """

    network: Any
    info: ModelInfo


def load(path: Path) -> tuple[nn.Module, ModelInfo]:
    """Read a checkpoint of YOLO11, YOLOv8 or YOLO26, or of an improved network of ours.

    Returns:
        The network in float32, convolutions fused with their normalisation, ready to run, and
        what the file says of itself.

    Raises:
        WeightsError: The file is missing, damaged, of another kind or could run code.
    """
    found = read(path)
    from engine.models.fold import fold

    return fold(found.network), found.info


def read(path: Path) -> Checkpoint:
    """Read a checkpoint as `load` does, but leave it as it was trained.

    Raises:
        WeightsError: The file is missing, damaged, of another kind or could run code.
    """
    _sniff(path)
    device.prepare()
    with tempfile.TemporaryDirectory(prefix="labsight-") as folder:
        # The loader strips quotes from names, insists on a suffix, and reads the file twice: it
        # gets a copy with a plain name that nobody changes in between.
        copy = Path(folder) / "weights.pt"
        try:
            shutil.copyfile(path, copy)
        except OSError as error:
            raise _unreadable(path, error) from error
        _refuse_foreign(path, copy)
        digest = _sha256(copy)
        try:
            with warnings.catch_warnings():
                # torch warns of other pickle protocols before it refuses what is in them.
                warnings.simplefilter("ignore")
                network, content = _read_own(copy, path) if _is_own(copy) else _read_stock(copy)
        except (TypeError, AttributeError, KeyError, pickle.UnpicklingError) as error:
            raise WeightsError(
                N_("{path} is not a checkpoint of an ultralytics model."), _HINT, path=path
            ) from error
        except (RuntimeError, EOFError, OSError, ValueError) as error:
            raise WeightsError(N_("{path} is damaged or incomplete."), _AGAIN, path=path) from error
    return Checkpoint(network.eval(), _info(path, network, content, digest))


def _read_stock(copy: Path) -> tuple[Any, dict[str, Any]]:
    """Read what ultralytics wrote.

    Raises:
        TypeError: It is no network of ultralytics.
    """
    from ultralytics.nn.tasks import BaseModel, load_checkpoint

    network, content = load_checkpoint(str(copy))
    if not isinstance(network, BaseModel):
        raise TypeError("no network of ultralytics")
    return network, content


def _read_own(copy: Path, path: Path) -> tuple[Any, dict[str, Any]]:
    """Read a file that needs no class at all.

    Raises:
        TypeError: It is not of our form.
        WeightsError: It is of our form and cannot be used.
    """
    import torch

    from engine.models import weights

    content = torch.load(copy, map_location="cpu", weights_only=True)
    if not weights.is_own(content):
        raise TypeError("tensors without a description")
    held = {"recipe": content.get("recipe"), "names": content.get("names")}
    network = weights.restore(content, path)
    card = _card(content.get("card")) or {}
    return network, {
        "train_args": {"imgsz": content.get("input_size")},
        "labsight": json.dumps(held | {"card": card}),
    }


def _sniff(path: Path) -> None:
    """Refuse what is plainly no checkpoint, each for its own reason."""
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except FileNotFoundError as error:
        raise WeightsError(
            N_("There is no weights file {path}."), N_("Check the name."), path=path
        ) from error
    except OSError as error:
        raise _unreadable(path, error) from error
    if not head.strip():
        raise WeightsError(N_("{path} is empty."), _AGAIN, path=path)
    if head.startswith(_LFS):
        raise WeightsError(
            N_("{path} is a Git LFS pointer, not the weights themselves."),
            N_("Fetch the file with `git lfs pull`."),
            path=path,
        )
    if head.startswith(b"PK"):
        _check_archive(path)
    elif not head.startswith(b"\x80"):
        raise WeightsError(N_("{path} is not a weights file."), _HINT, path=path)


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError) as error:
        raise WeightsError(N_("{path} is damaged or incomplete."), _AGAIN, path=path) from error
    if any("/code/" in f"/{name}" for name in names) or any("constants.pkl" in n for n in names):
        raise WeightsError(
            N_("{path} is a TorchScript export, not a checkpoint."),
            N_("Choose the .pt file that it was exported from."),
            path=path,
        )
    if not any(name.endswith("data.pkl") for name in names):
        raise WeightsError(N_("{path} is an archive without weights."), _HINT, path=path)


def _unreadable(path: Path, error: OSError) -> WeightsError:
    return WeightsError(
        N_("Cannot read {path}: {reason}."),
        N_("Check the file and its permissions."),
        path=path,
        reason=error.strerror or error,
    )


def _is_own(copy: Path) -> bool:
    """Tell whether a file looks like one of our own form."""
    if not zipfile.is_zipfile(copy):
        return False
    with zipfile.ZipFile(copy) as archive:
        name = next(name for name in archive.namelist() if name.endswith("data.pkl"))
        return FORMAT.encode() in archive.read(name)


def _refuse_foreign(path: Path, copy: Path) -> None:
    """Name the classes that the file wants and this application does not know."""
    import torch

    try:
        wanted = torch.serialization.get_unsafe_globals_in_checkpoint(copy)
    except ValueError:
        return  # the old format without an archive: the restricted unpickler judges it alone
    except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise WeightsError(N_("{path} is damaged or incomplete."), _AGAIN, path=path) from error
    known = _known_names(wanted)
    foreign = sorted(set(wanted) - known)
    if foreign:
        raise WeightsError(
            N_("{path} needs {name}, which is not part of YOLO11, YOLOv8 or YOLO26."),
            N_("It was not opened: such a file can run code. Ask for weights of a stock model."),
            path=path,
            name=foreign[0],
        )


def _known_names(wanted: list[str]) -> set[str]:
    """Return those of the names that belong to torch's or ultralytics' model classes."""
    from ultralytics.nn.tasks import _SafeLoad

    modules = ("torch.", "ultralytics.", "torchvision.transforms.", "collections.", "__builtin__.")
    registry = _SafeLoad._build()
    return {name for name in wanted if name in registry or name.startswith(modules)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _info(path: Path, network: nn.Module, checkpoint: dict[str, Any], digest: str) -> ModelInfo:
    task = getattr(network, "task", None)
    if task not in TASKS:
        raise WeightsError(
            N_("{path} holds a model for {task}, which LabSight does not run."),
            N_("Choose a model that detects, segments, finds poses or classifies."),
            path=path,
            task=task,
        )
    names: Any = getattr(network, "names", ())
    names = [names[index] for index in sorted(names)] if isinstance(names, dict) else list(names)
    layers: Any = getattr(network, "model", None)
    head = layers[-1]
    shape = getattr(head, "kpt_shape", None) if task == "pose" else None
    strides: Any = getattr(network, "stride", None)
    return ModelInfo(
        name=path.stem,
        task=task,
        names=tuple(str(name) for name in names),
        input_size=_input_size(checkpoint.get("train_args") or {}, task),
        stride=32 if strides is None else max(int(strides.max()), 32),
        sha256=digest,
        keypoint_shape=None if shape is None else (int(shape[0]), int(shape[1])),
        end_to_end=bool(getattr(head, "end2end", False)),
        card=_card(checkpoint.get("labsight")),
    )


def _input_size(train_args: dict[str, Any], task: str) -> int:
    size = train_args.get("imgsz")
    if isinstance(size, list | tuple) and size:
        size = max(size)
    if isinstance(size, int) and 0 < size <= 8192:
        return size
    return 224 if task == "classify" else 640


def _card(text: object) -> dict[str, Any] | None:
    if not isinstance(text, str):
        return None
    try:
        card = json.loads(text)
    except json.JSONDecodeError:
        return None
    return card if isinstance(card, dict) else None
