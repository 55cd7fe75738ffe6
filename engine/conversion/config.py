"""What an export of weights is told, each setting declared once as in `engine.config`."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from engine.config import check_settings, setting
from engine.conversion.formats import FORMATS
from engine.i18n import N_


@dataclass(frozen=True, slots=True)
class ConversionConfig:
    """How weights are exported.

    Raises:
        SettingError: A value is outside its range or of the wrong kind.
    """

    weights: Path = setting(
        Path(),
        label=N_("Weights"),
        help=N_("Weights file to export."),
        metavar="FILE",
    )
    format: str = setting(
        "onnx",
        choices=tuple(FORMATS),
        label=N_("Format"),
        help=N_("What to write: ONNX, OpenVINO, TorchScript or a TensorRT engine."),
    )
    input_size: int | None = setting(
        None,
        low=32,
        high=8192,
        step=32,
        unit="px",
        label=N_("Input size"),
        help=N_("Sides of the network's square input; by default the one of training."),
        metavar="PX",
    )
    half: bool = setting(
        False,
        label=N_("Half precision"),
        help=N_("Write 16 bits a number instead of 32: half the size, a little less exact."),
        band="sometimes",
    )
    dynamic: bool = setting(
        False,
        label=N_("Any input size"),
        help=N_("Let the number and the sides of the pictures be chosen later."),
        band="sometimes",
    )
    batch: int = setting(
        1,
        low=1,
        high=256,
        step=1,
        label=N_("Batch"),
        help=N_("Pictures that the network takes at a time."),
        metavar="N",
        band="sometimes",
    )
    out: Path | None = setting(
        None,
        label=N_("Target"),
        help=N_("File or folder to write; by default beside the weights."),
        metavar="PATH",
    )

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        check_settings(self)

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON values."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        out = None if self.out is None else str(self.out)
        return values | {"weights": str(self.weights), "out": out}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return the config that `to_json` described.

        Raises:
            SettingError: A value is invalid.
        """
        out = values["out"]
        paths = {"weights": Path(values["weights"]), "out": None if out is None else Path(out)}
        return cls(**(values | paths))
