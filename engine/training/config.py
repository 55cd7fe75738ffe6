"""What a training is told, each setting declared once as in `engine.config`."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

from engine.config import AUTO, check_settings, setting
from engine.errors import SettingError
from engine.i18n import N_

_share = partial(setting, low=0.0, high=1.0, step=0.1, metavar="0..1")
_gain = partial(setting, low=0.0, high=100.0, step=0.1, metavar="X", band="rarely")

OPTIMIZERS = (AUTO, "SGD", "AdamW", "Adam", "NAdam", "RAdam", "RMSProp", "MuSGD")


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
    seed: int = setting(
        0,
        low=0,
        high=2**31 - 1,
        step=1,
        label=N_("Seed"),
        help=N_("Start of all chance; the same seed repeats a training on the same machine."),
        metavar="N",
        band="sometimes",
    )
    patience: int = setting(
        100,
        low=0,
        high=10_000,
        step=10,
        label=N_("Patience"),
        help=N_("Ends after so many epochs without a better one; 0 never does."),
        metavar="N",
        band="sometimes",
    )
    optimizer: str = setting(
        AUTO,
        choices=OPTIMIZERS,
        label=N_("Optimizer"),
        help=N_("Rule by which the network learns; auto chooses it and the learning rate."),
        band="sometimes",
    )
    learning_rate: float | None = setting(
        None,
        low=1e-6,
        high=1.0,
        step=0.001,
        label=N_("Learning rate"),
        help=N_("Of the first epochs; by default 0.01 for SGD, MuSGD and RMSProp, 0.001 else."),
        metavar="RATE",
        band="sometimes",
    )
    cosine: bool = setting(
        False,
        label=N_("Cosine schedule"),
        help=N_("Lowers the learning rate along a cosine instead of a straight line."),
        band="sometimes",
    )
    freeze: int = setting(
        0,
        low=0,
        high=100,
        step=1,
        label=N_("Frozen layers"),
        help=N_("So many layers from the first on keep their start weights."),
        metavar="N",
        band="sometimes",
    )
    mosaic: float = _share(
        1.0,
        label=N_("Mosaic"),
        help=N_("Share of pictures that are put together from four."),
        band="sometimes",
    )
    close_mosaic: int = setting(
        10,
        low=0,
        high=10_000,
        step=1,
        label=N_("Last without mosaic"),
        help=N_("The last so many epochs see whole pictures only."),
        metavar="N",
        band="sometimes",
    )
    flip: float = _share(
        0.5,
        label=N_("Mirror left to right"),
        help=N_("Share of pictures that are mirrored."),
        band="sometimes",
    )
    flip_upside: float = _share(
        0.0,
        label=N_("Mirror top to bottom"),
        help=N_("Share of pictures that are turned upside down by mirroring."),
        band="sometimes",
    )
    rotation: float = setting(
        0.0,
        low=0.0,
        high=180.0,
        step=5.0,
        unit="°",
        label=N_("Rotation"),
        help=N_("Pictures are turned by at most so much either way."),
        metavar="DEGREES",
        band="sometimes",
    )
    scaling: float = setting(
        0.5,
        low=0.0,
        high=0.9,
        step=0.1,
        label=N_("Scaling"),
        help=N_("Pictures are made larger or smaller by at most this share."),
        metavar="0..0.9",
        band="sometimes",
    )
    brightness: float = _share(
        0.4,
        label=N_("Brightness"),
        help=N_("Pictures are made brighter or darker by at most this share."),
        band="sometimes",
    )
    saturation: float = _share(
        0.7,
        label=N_("Saturation"),
        help=N_("Colours are made stronger or paler by at most this share."),
        band="sometimes",
    )
    hue: float = setting(
        0.015,
        low=0.0,
        high=1.0,
        step=0.005,
        label=N_("Hue"),
        help=N_("Colours are shifted by at most this share of the colour circle."),
        metavar="0..1",
        band="sometimes",
    )
    cache: bool = setting(
        False,
        label=N_("Keep pictures in memory"),
        help=N_("Reads every picture once; needs memory for all of them."),
        band="sometimes",
    )
    final_rate: float = setting(
        0.01,
        low=0.0,
        high=1.0,
        step=0.01,
        label=N_("Final rate"),
        help=N_("Learning rate of the last epoch as a share of the first."),
        metavar="0..1",
        band="rarely",
    )
    momentum: float = setting(
        0.937,
        low=0.0,
        high=0.999,
        step=0.01,
        label=N_("Momentum"),
        help=N_("Of the optimizer, beta1 of Adam and its kin; auto chooses its own."),
        metavar="0..1",
        band="rarely",
    )
    weight_decay: float = setting(
        0.0005,
        low=0.0,
        high=0.1,
        step=0.0001,
        label=N_("Weight decay"),
        help=N_("Keeps weights small."),
        metavar="X",
        band="rarely",
    )
    warmup: float = setting(
        3.0,
        low=0.0,
        high=100.0,
        step=1.0,
        label=N_("Warm-up"),
        help=N_("Epochs in which the learning rate rises."),
        metavar="EPOCHS",
        band="rarely",
    )
    box_gain: float = _gain(
        7.5,
        label=N_("Box loss"),
        help=N_("Weight of the places of boxes among the losses."),
    )
    class_gain: float = _gain(
        0.5,
        label=N_("Class loss"),
        help=N_("Weight of the classes among the losses."),
    )
    dfl_gain: float = _gain(
        1.5,
        label=N_("DFL"),
        help=N_("Weight of the distribution focal loss among the losses."),
    )
    nominal_batch: int = setting(
        64,
        low=1,
        high=4096,
        step=16,
        label=N_("Nominal batch"),
        help=N_("Smaller batches are added up to about this many pictures a step."),
        metavar="N",
        band="rarely",
    )
    shift: float = _share(
        0.1,
        label=N_("Shift"),
        help=N_("Pictures are moved by at most this share of their size."),
        band="rarely",
    )
    shear: float = setting(
        0.0,
        low=0.0,
        high=90.0,
        step=1.0,
        unit="°",
        label=N_("Shear"),
        help=N_("Pictures are sheared by at most so much."),
        metavar="DEGREES",
        band="rarely",
    )
    perspective: float = setting(
        0.0,
        low=0.0,
        high=0.001,
        step=0.0001,
        label=N_("Perspective"),
        help=N_("Strength of changes of perspective."),
        metavar="0..0.001",
        band="rarely",
    )
    mixup: float = _share(
        0.0,
        label=N_("MixUp"),
        help=N_("Share of pictures that are laid over another."),
        band="rarely",
    )
    cutmix: float = _share(
        0.0,
        label=N_("CutMix"),
        help=N_("Share of pictures that get a part of another."),
        band="rarely",
    )
    copy_paste: float = _share(
        0.0,
        label=N_("Copy and paste"),
        help=N_("Share of objects with masks that are copied into other pictures."),
        band="rarely",
    )
    multi_scale: float = setting(
        0.0,
        low=0.0,
        high=0.9,
        step=0.1,
        label=N_("Changing input size"),
        help=N_("The input size varies by at most this share from batch to batch."),
        metavar="0..0.9",
        band="rarely",
    )
    fraction: float = setting(
        1.0,
        low=0.01,
        high=1.0,
        step=0.1,
        label=N_("Share of the data"),
        help=N_("Only this share of the training pictures is used."),
        metavar="0..1",
        band="rarely",
    )
    single_class: bool = setting(
        False,
        label=N_("One class"),
        help=N_("Takes all classes for one and the same."),
        band="rarely",
    )
    mixed_precision: bool = setting(
        True,
        label=N_("Mixed precision"),
        help=N_("Computes in half precision where that is safe; on CUDA cards only."),
        band="rarely",
    )
    workers: int | None = setting(
        None,
        low=0,
        high=64,
        step=1,
        label=N_("Reading processes"),
        help=N_("Read pictures beside a graphics card; by default as many as it has use for."),
        metavar="N",
        band="rarely",
    )

    def __post_init__(self) -> None:
        """Refuse values outside their ranges, and what would be ignored."""
        check_settings(self)
        if self.optimizer == AUTO and self.learning_rate is not None:
            raise SettingError(
                N_("The learning rate is chosen together with the optimizer."),
                N_("Choose an optimizer, such as AdamW, or leave the learning rate out."),
            )

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
