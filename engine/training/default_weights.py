"""The weights that come with LabSight: how they are made and how they are measured.

`python -m engine.training.default_weights --data DIR --weights START.pt --out FILE` trains
YOLO11n-seg on photographs of blood-collection tubes and on rendered ones, and writes the weights
in half precision with a card beside them. `python -m engine.training.default_weights evaluate
--data DIR` measures weights on the photographs kept back and prints one line of JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.device import prepare
from engine.errors import EngineError
from engine.paths import DEFAULT_WEIGHTS, resource
from engine.scenes.tubes import CLASS_NAMES
from engine.training.tube_data import copy_split, describe, render_split

if TYPE_CHECKING:
    from ultralytics.engine.model import Model

INPUT_SIZE = 640
RENDERED = 180
TRAIN_SEED = 10_000
HELD_OUT_SEED = 1_000_000
HELD_OUT = 60
SETTINGS: dict[str, Any] = {
    "epochs": 10,
    "imgsz": 512,
    "batch": 8,
    "nbs": 8,
    "optimizer": "AdamW",
    "lr0": 0.001,
    "lrf": 0.02,
    "cos_lr": True,
    "warmup_epochs": 1.0,
    "warmup_bias_lr": 0.001,
    "weight_decay": 0.0005,
    "degrees": 4.0,
    "translate": 0.1,
    "scale": 0.4,
    "hsv_h": 0.01,
    "hsv_s": 0.4,
    "hsv_v": 0.3,
    "mosaic": 0.5,
    "close_mosaic": 4,
    "seed": 11,
}
"""What the trainer is told; everything else is ultralytics' default."""

COMMAND = "python -m engine.training.default_weights evaluate --data BLOODSCAN"
NOT_FOR = (
    "Not a medical device: no diagnosis and no release of a sample may rest on it. It learned from"
    " 10 photographs of 5 tubes in one light box and from rendered pictures, and its figures come"
    " from 4 photographs of 2 further tubes in the same box and from rendered pictures. Other"
    " tubes, racks, labels, cameras and lights must be checked by eye, and better trained on,"
    " before its figures are used. It does not judge haemolysis, icterus, lipaemia or clots, and"
    " it does not find a layer that a label hides."
)


def load(weights: Path, folder: Path) -> Model:
    """Open a checkpoint in ultralytics, offline and with its settings in `folder`."""
    os.environ.setdefault("YOLO_CONFIG_DIR", str(folder))
    prepare()
    from ultralytics.data import utils
    from ultralytics.models.yolo.model import YOLO

    utils.check_font = _no_font
    return YOLO(str(weights), task="segment")


def _no_font(font: str = "") -> None:
    """Stand in for the fetching of a font for plots, which nobody draws here."""


def use_all_threads(_: object = None) -> None:
    """Give torch the processor back, of which ultralytics leaves it one core fewer.

    `OMP_NUM_THREADS` is honoured where it is set.
    """
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1))


def measure(weights: Path, folder: Path) -> dict[str, float]:
    """Measure weights on the `val` split of the data set in `folder`.

    Returns:
        Box and mask mAP at IoU 0.5 and over 0.5..0.95, each 0..1, rounded to 4 places.
    """
    model = load(weights, folder)
    with contextlib.redirect_stdout(sys.stderr):
        metrics = model.val(
            data=str(describe(folder)),
            imgsz=INPUT_SIZE,
            batch=4,
            device="cpu",
            workers=0,
            plots=False,
            verbose=False,
            project=str(folder),
            name="val",
        )
    return {
        "box_map50": round(float(metrics.box.map50), 4),
        "box_map50_95": round(float(metrics.box.map), 4),
        "mask_map50": round(float(metrics.seg.map50), 4),
        "mask_map50_95": round(float(metrics.seg.map), 4),
    }


def evaluate(data: Path, weights: Path) -> dict[str, float]:
    """Measure weights on the val split of a data set that is only read.

    Returns:
        Number of pictures, and the figures of `measure`.
    """
    with tempfile.TemporaryDirectory(prefix="labsight-") as name:
        folder = Path(name).resolve()
        pictures = copy_split(data, folder, "val")
        return {"pictures": pictures, **measure(weights, folder)}


def evaluate_rendered(weights: Path, count: int = HELD_OUT) -> dict[str, float]:
    """Measure weights on rendered scenes whose seeds were never trained on."""
    with tempfile.TemporaryDirectory(prefix="labsight-") as name:
        folder = Path(name).resolve()
        render_split(folder, "val", count, HELD_OUT_SEED)
        return {"pictures": count, **measure(weights, folder)}


def train(data: Path, start: Path, out: Path, rendered: int, settings: dict[str, Any]) -> None:
    """Train, strip and measure the default weights; write them and their card.

    Args:
        data: folder of photographs in YOLO format, only read.
        start: checkpoint to start from.
        out: weights file to write; the card is written beside it with the suffix .json.
        rendered: number of rendered pictures that are added to the photographs.
        settings: what the trainer is told.
    """
    with tempfile.TemporaryDirectory(prefix="labsight-") as name:
        folder = Path(name).resolve()
        photographs = copy_split(data, folder, "train")
        copy_split(data, folder, "val")
        render_split(folder, "train", rendered, TRAIN_SEED)
        model = load(start, folder)
        model.add_callback("on_train_start", use_all_threads)
        model.train(
            data=str(describe(folder)),
            device="cpu",
            workers=0,
            amp=False,
            deterministic=True,
            plots=False,
            val=False,
            patience=0,
            cache="ram",
            project=str(folder),
            name="run",
            **settings,
        )
        card = _card(photographs, rendered, settings)
        finish(folder / "run" / "weights" / "last.pt", out, card, data)


def finish(trained: Path, out: Path, card: dict[str, Any], data: Path) -> None:
    """Write the stripped weights, measure them and write their card beside them."""
    out.parent.mkdir(parents=True, exist_ok=True)
    _strip(trained, out, card)
    card["metrics"] = {
        "command": COMMAND,
        "photographs": evaluate(data, out),
        "rendered": evaluate_rendered(out),
    }
    card["sha256"] = hashlib.sha256(out.read_bytes()).hexdigest()
    card["bytes"] = out.stat().st_size
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    out.with_suffix(".json").write_text(text, encoding="utf-8")


def _card(photographs: int, rendered: int, settings: dict[str, Any]) -> dict[str, Any]:
    """Describe the weights: what they are, what they learned from, what they are not for."""
    return {
        "name": Path(DEFAULT_WEIGHTS).stem,
        "title": "Layers of spun blood-collection tubes",
        "task": "segment",
        "classes": list(CLASS_NAMES),
        "input_size": INPUT_SIZE,
        "recipe": "yolo11n-seg",
        "base": {
            "name": "YOLO11n-seg, rebuilt from the official int8 export",
            "credit": "Ultralytics YOLO11",
            "licence": "AGPL-3.0",
        },
        "licence": "AGPL-3.0",
        "data": [
            {
                "name": "BloodScan",
                "what": f"{photographs} training pictures: augmented copies of 10 photographs of 5"
                " tubes; 34 copies of 4 photographs of 2 further tubes are kept back for the"
                " figures, and some of them show cells that are not marked",
                "credit": "BloodScan by xxd-ars, universe.roboflow.com/bloodscan/blood-scan-lyzhe",
                "licence": "CC BY 4.0",
                "changes": "classes renamed: bloodzone1 cells, bloodzone2 gel, bloodzone3 serum",
            },
            {
                "name": "Rendered tubes",
                "what": f"{rendered} scenes, seeds {TRAIN_SEED} to {TRAIN_SEED + rendered - 1}, of"
                " engine.scenes.tubes",
                "credit": "LabSight",
                "licence": "AGPL-3.0",
            },
        ],
        "settings": dict(settings),
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "not_for": NOT_FOR,
    }


def _strip(trained: Path, out: Path, card: dict[str, Any]) -> None:
    """Write the averaged weights in half precision, without optimizer, paths or names.

    The file stays an ordinary Ultralytics checkpoint; the key `labsight` holds recipe, class
    names and card as JSON text.
    """
    import torch
    import ultralytics
    from ultralytics.utils import DEFAULT_CFG_DICT

    checkpoint = torch.load(trained, map_location="cpu", weights_only=False)
    model = (checkpoint.get("ema") or checkpoint["model"]).half()
    for parameter in model.parameters():
        parameter.requires_grad = False
    arguments = {**DEFAULT_CFG_DICT, **card["settings"], "task": "segment", "mode": "train"}
    arguments |= {"model": f"{card['recipe']}.pt", "data": "tubes.yaml", "imgsz": INPUT_SIZE}
    arguments |= {"device": "cpu", "amp": False, "workers": 0, "plots": False}
    model.args = {key: arguments[key] for key in ("task", "imgsz", "data", "model", "single_cls")}
    model.names = dict(enumerate(CLASS_NAMES))
    model.criterion = None
    model.yaml = {**model.yaml, "yaml_file": f"{card['recipe']}.yaml"}
    for attribute in ("pt_path", "yaml_file"):
        model.__dict__.pop(attribute, None)
    content = {
        "epoch": -1,
        "best_fitness": None,
        "model": model,
        "ema": None,
        "updates": None,
        "optimizer": None,
        "scaler": None,
        "train_args": arguments,
        "train_metrics": {},
        "train_results": {},
        "date": card["date"],
        "version": ultralytics.__version__,
        "license": "AGPL-3.0 (https://ultralytics.com/license)",
        "docs": "https://docs.ultralytics.com",
        "labsight": json.dumps(
            {"recipe": card["recipe"], "names": card["classes"], "card": card}, ensure_ascii=False
        ),
    }
    torch.save(content, out)


def _parser() -> argparse.ArgumentParser:
    """Build the command line."""
    parser = argparse.ArgumentParser(prog="engine.training.default_weights", description=__doc__)
    parser.add_argument("verb", nargs="?", choices=("train", "evaluate"), default="train")
    parser.add_argument("--data", type=Path, required=True, help="folder with data.yaml")
    parser.add_argument("--weights", type=Path, help="checkpoint to start from or to measure")
    parser.add_argument("--out", type=Path, default=resource(DEFAULT_WEIGHTS))
    parser.add_argument("--rendered", type=int, default=RENDERED, help="rendered pictures added")
    parser.add_argument("--epochs", type=int, default=SETTINGS["epochs"])
    parser.add_argument("--imgsz", type=int, default=SETTINGS["imgsz"], help="size to train at")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    try:
        if chosen.verb == "evaluate":
            figures = evaluate(chosen.data, chosen.weights or resource(DEFAULT_WEIGHTS))
            sys.stdout.write(json.dumps(figures) + "\n")
        else:
            if chosen.weights is None:
                parser.error("--weights names the checkpoint to start from")
            settings = {**SETTINGS, "epochs": chosen.epochs, "imgsz": chosen.imgsz}
            train(chosen.data, chosen.weights, chosen.out, chosen.rendered, settings)
    except EngineError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
