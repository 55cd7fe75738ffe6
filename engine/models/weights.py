"""Writing weights files and reading our own form of them.

A network of stock layers is written as an ordinary checkpoint of Ultralytics, which plain `YOLO()`
opens, with one more key, `labsight`: JSON text with recipe, class names and card. Any other network
is written as tensors, numbers and text alone, so that reading it needs no class and runs nothing:

    format         "labsight-weights"
    version        1
    recipe         its canonical text
    design         JSON text of the YAML file that the recipe begins with, empty for our own bases
    names          class names by index
    keypoints      number of keypoints and values of each; empty but for pose
    class_width    channels inside the class branches of the head, 0 for as many as usual
    input_size     longer side of the input in training, pixels
    card           JSON text
    state_dict     tensors by name
"""

from __future__ import annotations

import json
import os
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from engine.errors import EngineError, WeightsError, writing_failed
from engine.i18n import N_
from engine.models import bases, plan, recipe
from engine.models.checkpoint import FORMAT
from engine.models.network import as_stock, build
from engine.models.yaml_file import from_content

VERSION = 1


def write(
    path: Path,
    network: Any,  # noqa: ANN401 - ultralytics' models are not typed
    *,
    input_size: int,
    card: dict[str, Any],
    arguments: dict[str, Any] | None = None,
) -> None:
    """Write a network; at every moment the file is absent, old or whole.

    Args:
        path: Where to.
        network: Of `engine.models.network.build`, in the precision to keep, not folded.
        input_size: Longer side of the input in training, pixels.
        card: What the weights learned from, how good they are; JSON values.
        arguments: Of the training, for whoever trains the file further with ultralytics.

    Raises:
        WeightsError: The disk is full or the folder cannot be written.
    """
    made = network.recipe
    content = (
        _stock(network, input_size, card, arguments or {})
        if made.is_stock
        else _own(network, input_size, card)
    )
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise writing_failed(error, path, WeightsError) from error
    except RuntimeError as error:
        # What torch makes of a disk that is full.
        reason = (
            error.__context__ if isinstance(error.__context__, OSError) else OSError(str(error))
        )
        raise writing_failed(reason, path, WeightsError) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def is_own(content: object) -> bool:
    """Tell whether the content of a file has our own form."""
    return isinstance(content, dict) and content.get("format") == FORMAT


def restore(content: dict[str, Any], path: Path) -> Any:  # noqa: ANN401
    """Return the network of a file of our own form, in float32, not folded.

    Args:
        content: What `torch.load` with `weights_only` gave.
        path: For sentences.

    Raises:
        WeightsError: The file is newer than this program, or its parts do not fit together.
    """
    if content.get("version") != VERSION:
        raise WeightsError(
            N_("{path} was written by a newer LabSight."),
            N_("Update LabSight to open it."),
            path=path,
        )
    try:
        made = recipe.parse(content["recipe"])
        text = content["design"]
        design = from_content(json.loads(text), path.stem) if text else bases.find(made.base)
        keypoints = tuple(content["keypoints"]) or None
        names = [str(name) for name in content["names"]]
        if not names:
            raise ValueError("no classes")
        design = design.trained_for(len(names), keypoints, int(content["class_width"]))
        network = build(made, plan.draw(made, design))
        state = {key: value.float() if value.is_floating_point() else value
                 for key, value in content["state_dict"].items()}  # fmt: skip
        network.load_state_dict(state)
    except EngineError as error:
        raise WeightsError(
            N_("{path} holds a network that cannot be built here: {reason}."),
            N_("Update LabSight, or train the recipe again."),
            path=path,
            reason=error.message.rstrip("."),
        ) from error
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise WeightsError(
            N_("{path} is damaged or incomplete."),
            N_("Download or copy the file again."),
            path=path,
        ) from error
    network.names = dict(enumerate(names))
    return network


def _own(network: Any, input_size: int, card: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    design, made = network.graph.design, network.recipe
    return {
        "format": FORMAT,
        "version": VERSION,
        "recipe": str(made),
        "design": json.dumps(design.to_yaml()) if made.is_file else "",
        "names": _names(network),
        "keypoints": list(design.keypoints) if design.task == "pose" else [],
        "class_width": design.class_width,
        "input_size": input_size,
        "card": json.dumps(card, ensure_ascii=False),
        "state_dict": {
            key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()
        },
    }


def _stock(
    network: Any,  # noqa: ANN401
    input_size: int,
    card: dict[str, Any],
    arguments: dict[str, Any],
) -> dict[str, Any]:
    import ultralytics
    from ultralytics.utils import DEFAULT_CFG_DICT

    stock = as_stock(network)
    known = {key: value for key, value in arguments.items() if key in DEFAULT_CFG_DICT}
    known = DEFAULT_CFG_DICT | known | {"task": stock.task, "imgsz": input_size}
    stock.args = {key: known[key] for key in ("task", "imgsz", "data", "model", "single_cls")}
    stock.criterion = None
    held = {"recipe": str(network.recipe), "names": _names(network), "card": card}
    return {
        "epoch": -1,
        "best_fitness": None,
        "model": stock,
        "ema": None,
        "updates": None,
        "optimizer": None,
        "scaler": None,
        "train_args": known,
        "train_metrics": {},
        "train_results": {},
        "date": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "version": ultralytics.__version__,
        "license": "AGPL-3.0 (https://ultralytics.com/license)",
        "docs": "https://docs.ultralytics.com",
        "labsight": json.dumps(held, ensure_ascii=False),
    }


def _names(network: Any) -> list[str]:  # noqa: ANN401
    return [str(network.names[index]) for index in sorted(network.names)]
