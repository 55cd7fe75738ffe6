"""What weights say of themselves, without loading torch where that was found out before.

Reading a checkpoint takes the seconds that torch needs to start. What it said is therefore kept in
a small file by path, size and time of change; for the weights that come with the application it
follows from the card beside them.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.models import checkpoint
from engine.paths import app_data, resource
from engine.types import TASKS, ModelInfo

_FORM = 1
_STRIDE = 32
# What the training adds to a card after the weights, which hold the rest of it, were written.
_ADDED_LATER = ("metrics", "sha256", "bytes")

_Stamp = tuple[int, int]


def read_info(weights: Path) -> ModelInfo:
    """Return what weights say of themselves; where it is not known yet, torch reads them.

    Raises:
        WeightsError: The file is missing, damaged, of another kind or could run code.
    """
    known = known_info(weights)
    if known is not None:
        return known
    stamp = _stamp(weights)
    _, info = checkpoint.load(weights)
    # A file that was replaced meanwhile may not be the one that was read.
    if stamp is not None and stamp == _stamp(weights):
        remember_info(weights, info)
    return info


def known_info(weights: Path) -> ModelInfo | None:
    """Return what is known of weights without torch, None where nothing is."""
    stamp = _stamp(weights)
    if stamp is None:
        return None
    content = _json(_cache_file(weights))
    if content is not None and content.get("form") == _FORM:
        same = content.get("path") == _absolute(weights) and content.get("stamp") == [*stamp]
        info = _from_json(content.get("info")) if same else None
        if info is not None:
            return info
    return _from_card(weights) if weights.parent == resource("weights") else None


def remember_info(weights: Path, info: ModelInfo) -> None:
    """Keep what weights said of themselves; at every moment the file is absent, old or whole."""
    stamp = _stamp(weights)
    if stamp is None:
        return
    content = {"form": _FORM, "path": _absolute(weights), "stamp": stamp, "info": asdict(info)}
    path = _cache_file(weights)
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    # Without a memory the weights are read again the next time, which is no reason to stop.
    with suppress(OSError):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(content), encoding="utf-8")
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def card_of(weights: Path, info: ModelInfo | None = None) -> dict[str, Any] | None:
    """Return the card of weights: what they learned from, how good they are, what they are not for.

    It is the JSON file beside them that names their hash, and where there is none what the weights
    hold themselves.

    Args:
        weights: The file.
        info: What it says of itself, where the caller has that already.
    """
    info = info or known_info(weights)
    beside = _json(weights.with_suffix(".json"))
    digest = beside.get("sha256") if beside is not None else None
    if isinstance(digest, str) and (info is None or digest == info.sha256):
        return beside
    held = info.card if info is not None else None
    # Weights of ours hold their card together with recipe and class names.
    inner = held.get("card") if held is not None else None
    return inner if isinstance(inner, dict) else held


def _from_card(weights: Path) -> ModelInfo | None:
    """Return what the card beside weights of ours says, if it is the card of these very bytes."""
    card = _json(weights.with_suffix(".json"))
    if card is None or not str(card.get("recipe", "")).startswith("yolo11"):
        return None
    with suppress(OSError), weights.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != card.get("sha256"):
            return None
        held = {key: value for key, value in card.items() if key not in _ADDED_LATER}
        return _from_json({
            "name": weights.stem,
            "task": card.get("task"),
            "names": card.get("classes"),
            "input_size": card.get("input_size"),
            "stride": _STRIDE,
            "sha256": card.get("sha256"),
            "keypoint_shape": None,
            "end_to_end": False,
            "card": {"recipe": card["recipe"], "names": card.get("classes"), "card": held},
        })  # fmt: skip
    return None


def _from_json(value: object) -> ModelInfo | None:
    """Return a ModelInfo from JSON values, None where they are not those of one."""
    match value:
        case {
            "name": str(name),
            "task": str(task),
            "names": [*names],
            "input_size": int(input_size),
            "stride": int(stride),
            "sha256": str(sha256),
            "keypoint_shape": None | [int(), int()] as shape,
            "end_to_end": bool(end_to_end),
            "card": None | dict() as card,
        } if task in TASKS and all(isinstance(each, str) for each in names):
            return ModelInfo(
                name=name,
                task=task,
                names=tuple(names),
                input_size=input_size,
                stride=stride,
                sha256=sha256,
                keypoint_shape=None if shape is None else (shape[0], shape[1]),
                end_to_end=end_to_end,
                card=card,
            )
    return None


def _json(path: Path) -> dict[str, Any] | None:
    """Return the object in a JSON file, None where there is none to read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _stamp(weights: Path) -> _Stamp | None:
    """Return size and time of change, None where there is no such file."""
    try:
        state = weights.stat()
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns


def _absolute(weights: Path) -> str:
    return os.path.normcase(weights.absolute())


def _cache_file(weights: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(_absolute(weights))).hexdigest()
    return app_data() / "cache" / "models" / f"{digest[:32]}.json"
