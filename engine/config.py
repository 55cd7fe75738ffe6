"""Settings, each declared once: default, range, unit, label and help.

Forms, JSON files, command-line flags and their checks all read the declarations below.

To add a setting: add one field with `setting(...)` to its config. Nothing else.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from engine.errors import SettingError
from engine.i18n import N_, translate
from engine.paths import DEFAULT_WEIGHTS, resource

T = TypeVar("T")

AUTO = "auto"
BANDS = ("often", "sometimes", "rarely")
BACKENDS = ("torch",)
TRACKERS = ("off", "bytetrack", "botsort")
STRIDE_MAX = 32


@dataclass(frozen=True, slots=True)
class Setting:
    """How a field of a config is shown, checked and typed on the command line.

    Attributes:
        label: Short name for a form.
        help: One sentence.
        low: Smallest value, None without limit.
        high: Largest value, None without limit.
        step: Step of a slider or spin box.
        unit: Unit of the value, empty for none.
        choices: The only values, empty for any.
        metavar: Placeholder on the command line.
        band: How often a person wants to see it: often, sometimes or rarely.
    """

    label: str
    help: str
    low: float | None = None
    high: float | None = None
    step: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    metavar: str = ""
    band: str = "often"


def setting(
    default: T,
    *,
    label: str,
    help: str,
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    unit: str = "",
    choices: tuple[str, ...] = (),
    metavar: str = "",
    band: str = "often",
) -> T:
    """Declare a field of a config; the keywords are those of `Setting`."""
    declared = Setting(label, help, low, high, step, unit, choices, metavar, band)
    return dataclasses.field(default=default, metadata={"setting": declared})


def declarations(config: Any) -> dict[str, Setting]:  # noqa: ANN401 - a config or its class
    """Return the declaration of every field of a config, in order."""
    return {field.name: field.metadata["setting"] for field in dataclasses.fields(config)}


def check_settings(config: Any) -> None:  # noqa: ANN401 - a config
    """Refuse values outside their ranges.

    Raises:
        SettingError: A value is outside its range or of the wrong kind.
    """
    for field in dataclasses.fields(config):
        _check(getattr(config, field.name), field.default, field.metadata["setting"])


def check_input_size(size: int | None, stride: int) -> None:
    """Refuse an input size that a network with this stride cannot take.

    Raises:
        SettingError: It is no multiple of the stride.
    """
    if size is not None and size % stride:
        raise SettingError(
            N_("The input size {value} is not a multiple of {stride}."),
            N_("The nearest valid size is {nearest}."),
            value=size,
            stride=stride,
            nearest=max(stride, round(size / stride) * stride),
        )


@dataclass(frozen=True, slots=True)
class RunConfig:
    """How a detection run works. Frozen: a change is a new config, read once a frame.

    Raises:
        SettingError: A value is outside its range or of the wrong kind.
    """

    weights: Path = setting(
        resource(DEFAULT_WEIGHTS),
        label=N_("Weights"),
        help=N_("Weights file of a YOLO11, YOLOv8 or YOLO26 model."),
        metavar="FILE",
    )
    confidence: float = setting(
        0.25,
        low=0.0,
        high=1.0,
        step=0.01,
        label=N_("Confidence"),
        help=N_("Objects below this confidence are not reported."),
        metavar="0..1",
    )
    iou: float = setting(
        0.7,
        low=0.0,
        high=1.0,
        step=0.01,
        label=N_("IoU"),
        help=N_("Of two boxes of one class that overlap more than this, the better one stays."),
        metavar="0..1",
    )
    input_size: int | None = setting(
        None,
        low=32,
        high=8192,
        step=32,
        unit="px",
        label=N_("Input size"),
        help=N_("Longer side of the network's input; by default the one of training."),
        metavar="PX",
    )
    classes: tuple[str, ...] = setting(
        (),
        label=N_("Classes"),
        help=N_("Only these classes, by name or number."),
        metavar="CLASS",
    )
    device: str = setting(
        AUTO,
        label=N_("Device"),
        help=N_("What the network runs on: auto, cpu, cuda, cuda:1, mps."),
        metavar="DEVICE",
    )
    backend: str = setting(
        "torch",
        choices=BACKENDS,
        label=N_("Backend"),
        help=N_("Library that runs the network."),
    )
    max_detections: int = setting(
        300,
        low=1,
        high=10_000,
        step=50,
        label=N_("Most objects"),
        help=N_("At most this many objects a picture, the best ones."),
        metavar="N",
    )
    track: str = setting(
        "off",
        choices=TRACKERS,
        label=N_("Tracking"),
        help=N_("Follows objects from frame to frame, so that each is counted once."),
    )
    counters: tuple[str, ...] = setting(
        (),
        label=N_("Lines and zones"),
        help=N_(
            "Counts what crosses: line:NAME=x1,y1,x2,y2 or zone:NAME=x1,y1,x2,y2,x3,y3 in pixels."
        ),
        metavar="COUNTER",
    )

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        check_settings(self)
        check_input_size(self.input_size, STRIDE_MAX)

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON values."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        lists = {"classes": list(self.classes), "counters": list(self.counters)}
        return values | {"weights": str(self.weights)} | lists

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return the config that `to_json` described.

        Raises:
            SettingError: A name is unknown or a value is invalid.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise SettingError(N_("There is no setting named {name}."), name=unknown[0])
        changes = dict(values)
        if isinstance(changes.get("weights"), str):
            changes["weights"] = Path(changes["weights"])
        for name in ("classes", "counters"):
            if isinstance(changes.get(name), list):
                changes[name] = tuple(changes[name])
        return cls(**changes)


def _check(value: object, default: object, declared: Setting) -> None:
    if not _is_possible(value, default, declared):
        raise SettingError(
            N_("{label} cannot be {value}."),
            _hint(declared),
            label=translate(declared.label),
            value=value,
            choices=", ".join(declared.choices),
            low=declared.low,
            high=declared.high,
        )
    if declared.low is None or declared.high is None or value is None:
        return
    # Written so that NaN, which compares false to everything, is refused too.
    if not declared.low <= float(str(value)) <= declared.high:
        raise SettingError(
            N_("{label} is {value}, which is outside {low} to {high}."),
            _hint(declared),
            label=translate(declared.label),
            value=value,
            low=declared.low,
            high=declared.high,
        )


def _is_possible(value: object, default: object, declared: Setting) -> bool:
    """Tell whether a value is of the kind of a setting, whatever its range."""
    if value is None:
        return default is None
    if declared.choices:
        return value in declared.choices
    if declared.low is not None:
        kinds = int if _is_whole(declared) else int | float
        return isinstance(value, kinds) and not isinstance(value, bool)
    if default is None:
        return isinstance(value, Path)
    if isinstance(value, tuple):
        return isinstance(default, tuple) and all(isinstance(entry, str) for entry in value)
    return isinstance(value, type(default))


def _is_whole(declared: Setting) -> bool:
    return isinstance(declared.low, int)


def _hint(declared: Setting) -> str:
    if declared.choices:
        return N_("Choose one of: {choices}.")
    if declared.low is None:
        return ""
    if _is_whole(declared):
        return N_("Give a whole number from {low} to {high}.")
    return N_("Give a number from {low} to {high}.")
