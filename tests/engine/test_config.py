"""Settings: declared once, refused with a sentence, the same after a trip through JSON."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import BACKENDS, STRIDE_MAX, RunConfig, Setting, declarations
from engine.errors import SettingError
from engine.paths import DEFAULT_WEIGHTS, resource

DECLARED = declarations(RunConfig)
FIELDS = {field.name: field for field in dataclasses.fields(RunConfig)}
NUMBERS = [name for name, declared in DECLARED.items() if declared.low is not None]
WHOLE = [name for name in NUMBERS if isinstance(DECLARED[name].low, int)]


def refused(**values: Any) -> SettingError:  # noqa: ANN401
    """Return the error with which a value is refused."""
    with pytest.raises(SettingError) as caught:
        RunConfig(**values)
    assert caught.value.message.endswith(".")
    return caught.value


def test_the_defaults_are_valid_and_those_of_the_design() -> None:
    config = RunConfig()
    assert config.weights == resource(DEFAULT_WEIGHTS)
    assert config.weights.is_file()
    assert (config.confidence, config.iou, config.input_size) == (0.25, 0.7, None)
    assert (config.classes, config.device, config.backend) == ((), "auto", "torch")
    assert config.max_detections == 300


@pytest.mark.parametrize("name", DECLARED)
def test_every_setting_is_declared_well(name: str) -> None:
    declared = DECLARED[name]
    assert declared.label
    assert declared.label[0].isupper()
    assert not declared.label.endswith(".")
    assert declared.help.endswith(".")
    assert declared.help.count(". ") == 0
    assert bool(declared.choices) or bool(declared.metavar)
    if declared.low is not None:
        assert declared.high is not None
        assert declared.low < declared.high
        assert declared.step is not None
        assert 0 < declared.step < declared.high - declared.low
        default: Any = FIELDS[name].default
        assert default is None or declared.low <= default <= declared.high
    if declared.choices:
        assert FIELDS[name].default in declared.choices


def test_a_config_is_frozen_and_compares_by_value() -> None:
    config = RunConfig(confidence=0.5)
    name = "confidence"
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(config, name, 0.1)
    assert config == RunConfig(confidence=0.5)
    assert hash(config) == hash(RunConfig(confidence=0.5))
    assert config != RunConfig()


@pytest.mark.parametrize("name", NUMBERS)
def test_both_ends_of_a_range_are_valid_and_what_lies_beyond_is_not(name: str) -> None:
    declared = DECLARED[name]
    assert declared.low is not None
    assert declared.high is not None
    for value in (declared.low, declared.high):
        valid: dict[str, Any] = {name: value}
        assert getattr(RunConfig(**valid), name) == value
    assert isinstance(declared.step, int | float)
    for value in (declared.low - declared.step, declared.high + declared.step):
        error = refused(**{name: value})
        assert declared.label in error.message
        assert str(value) in error.message
        assert f"{declared.low} to {declared.high}" in error.hint


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), -float("inf"), 10**400, True, False, "1", "nan", b"1", [1], 1j],
    ids=repr,
)
def test_what_is_no_number_in_the_range_is_refused(name: str, value: object) -> None:
    assert DECLARED[name].label in refused(**{name: value}).message


@pytest.mark.parametrize("name", [name for name in NUMBERS if FIELDS[name].default is not None])
def test_a_number_cannot_be_left_empty(name: str) -> None:
    assert DECLARED[name].label in refused(**{name: None}).message


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_number_has_no_fraction(name: str) -> None:
    assert str(64.5) in refused(**{name: 64.5}).message
    refused(**{name: 64.0})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("weights", "best.pt"),
        ("weights", None),
        ("classes", "cells"),
        ("classes", ["cells"]),
        ("classes", (1,)),
        ("classes", None),
        ("device", 0),
        ("device", None),
        ("backend", None),
        ("backend", "tensorflow"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(name: str, value: object) -> None:
    assert DECLARED[name].label in refused(**{name: value}).message


def test_an_unknown_choice_names_the_known_ones() -> None:
    error = refused(backend="tensorflow")
    assert "tensorflow" in error.message
    assert all(backend in error.hint for backend in BACKENDS)


@pytest.mark.parametrize(
    ("value", "nearest"), [(33, 32), (639, 640), (650, 640), (660, 672), (8191, 8192), (47, 32)]
)
def test_an_input_size_between_two_strides_names_the_nearest(value: int, nearest: int) -> None:
    error = refused(input_size=value)
    assert f"{value} is not a multiple of {STRIDE_MAX}" in error.message
    assert error.hint == f"The nearest valid size is {nearest}."
    assert RunConfig(input_size=nearest).input_size == nearest


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
CONFIGS = st.builds(
    RunConfig,
    weights=TEXTS.map(Path),
    confidence=st.floats(0, 1),
    iou=st.floats(0, 1),
    input_size=st.none() | st.integers(1, 256).map(lambda strides: 32 * strides),
    classes=st.lists(TEXTS).map(tuple),
    device=st.sampled_from(["auto", "cpu", "cuda:1"]),
    max_detections=st.integers(1, 10_000),
)


@given(CONFIGS)
def test_a_config_survives_json(config: RunConfig) -> None:
    values = config.to_json()
    assert set(values) == set(FIELDS)
    text = json.dumps(values, allow_nan=False)
    assert RunConfig.from_json(json.loads(text)) == config


def test_json_may_leave_settings_out_and_may_not_add_any() -> None:
    assert RunConfig.from_json({}) == RunConfig()
    assert RunConfig.from_json({"iou": 0.5}) == RunConfig(iou=0.5)
    with pytest.raises(SettingError, match="no setting named zoom"):
        RunConfig.from_json({"iou": 0.5, "zoom": 2})


@pytest.mark.parametrize(
    "values",
    [
        {"confidence": None},
        {"confidence": "0.5"},
        {"confidence": float("nan")},
        {"max_detections": 10.5},
        {"input_size": 640.0},
        {"classes": None},
        {"classes": "cells"},
        {"classes": [1]},
        {"weights": None},
        {"weights": 3},
        {"device": 0},
        {"backend": ["torch"]},
    ],
    ids=repr,
)
def test_json_of_the_wrong_kind_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(SettingError):
        RunConfig.from_json(values)


def test_a_declaration_has_no_limits_unless_told() -> None:
    plain = Setting("Label", "Help.")
    assert (plain.low, plain.high, plain.step, plain.unit) == (None, None, None, "")
    assert plain.choices == ()
