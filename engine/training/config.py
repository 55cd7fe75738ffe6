"""What a training is told, each setting declared once as in `engine.config`."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from engine.config import AUTO, check_settings, setting
from engine.i18n import N_


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How a training works.

    Raises:
        SettingError: A value is outside its range or of the wrong kind.
    """

    model: str = setting(
        "yolo11n",
        label=N_("Recipe"),
        help=N_("Network to train: a recipe, the name of a recipe or a YAML file."),
        metavar="RECIPE",
    )
    data: Path = setting(
        Path(),
        label=N_("Data"),
        help=N_("Data set: its data.yaml or the folder that holds it."),
        metavar="DATA",
    )
    weights: Path | None = setting(
        None,
        label=N_("Start weights"),
        help=N_("Weights file to start from; by default the network begins at random."),
        metavar="FILE",
    )
    epochs: int = setting(
        100,
        low=1,
        high=10_000,
        step=10,
        label=N_("Epochs"),
        help=N_("Passes over the training pictures."),
        metavar="N",
    )
    input_size: int | None = setting(
        None,
        low=32,
        high=8192,
        step=32,
        unit="px",
        label=N_("Input size"),
        help=N_("Longer side of the network's input; 640 px by default, 224 px to classify."),
        metavar="PX",
    )
    batch: int = setting(
        16,
        low=1,
        high=1024,
        step=1,
        label=N_("Batch"),
        help=N_("Pictures that are learned from at a time."),
        metavar="N",
    )
    seed: int = setting(
        0,
        low=0,
        high=2**31 - 1,
        step=1,
        label=N_("Seed"),
        help=N_("Start of all chance; the same seed repeats a training on the same machine."),
        metavar="N",
    )
    name: str = setting(
        "",
        label=N_("Name"),
        help=N_("Name of the run, part of its folder's name."),
        metavar="NAME",
    )
    device: str = setting(
        AUTO,
        label=N_("Device"),
        help=N_("What the network runs on: auto, cpu, cuda, cuda:1, mps."),
        metavar="DEVICE",
    )

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        check_settings(self)

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON values."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        weights = None if self.weights is None else str(self.weights)
        return values | {"data": str(self.data), "weights": weights}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return the config that `to_json` described.

        Raises:
            SettingError: A value is invalid.
        """
        weights = values.get("weights")
        paths = {
            "data": Path(values["data"]),
            "weights": None if weights is None else Path(weights),
        }
        return cls(**(values | paths))
