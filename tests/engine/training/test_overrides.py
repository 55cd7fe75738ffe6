"""Our settings in the words of ultralytics."""

from __future__ import annotations

import dataclasses

import pytest

from engine import device
from engine.errors import SettingError
from engine.training import overrides
from engine.training.config import TrainConfig

# What is not said to ultralytics by a word of its own.
OURS = {
    "model", "data", "weights", "input_size", "name", "device", "cache", "workers",
    "mixed_precision",
}  # fmt: skip


def test_every_setting_is_told_under_a_name_that_ultralytics_knows() -> None:
    device.prepare()
    import torch
    from ultralytics.cfg import get_cfg

    told = overrides.of(TrainConfig(), torch.device("cpu"))
    defaults = vars(get_cfg())
    assert set(told) <= set(defaults)
    settings = {field.name for field in dataclasses.fields(TrainConfig)} - OURS
    assert len(settings) + len(
        ("model", "device", "workers", "amp", "cache", "deterministic", "plots", "verbose",
         "exist_ok")
    ) == len(told)  # fmt: skip


def test_the_defaults_are_those_of_ultralytics() -> None:
    device.prepare()
    import torch
    from ultralytics.cfg import get_cfg

    told = overrides.of(TrainConfig(), torch.device("cpu"))
    defaults = vars(get_cfg())
    ours = {"model", "device", "workers", "amp", "plots", "verbose", "exist_ok", "freeze"}
    differ = {
        name: (value, defaults[name])
        for name, value in told.items()
        if name not in ours and value != defaults[name]
    }
    assert differ == {}
    assert told["freeze"] == 0


@pytest.mark.parametrize(
    ("optimizer", "rate"), [("auto", 0.01), ("SGD", 0.01), ("MuSGD", 0.01), ("AdamW", 0.001)]
)
def test_the_learning_rate_suits_the_optimizer(optimizer: str, rate: float) -> None:
    device.prepare()
    import torch

    assert overrides.of(TrainConfig(optimizer=optimizer), torch.device("cpu"))["lr0"] == rate


def test_a_learning_rate_without_an_optimizer_is_refused() -> None:
    with pytest.raises(SettingError, match="together with the optimizer"):
        TrainConfig(learning_rate=0.01)
    assert TrainConfig(learning_rate=0.02, optimizer="SGD").learning_rate == 0.02


def test_pictures_are_kept_in_memory_or_not_at_all() -> None:
    device.prepare()
    import torch

    cpu, card = torch.device("cpu"), torch.device("cuda", 1)
    assert overrides.of(TrainConfig(), cpu)["cache"] is False
    assert overrides.of(TrainConfig(cache=True), cpu)["cache"] == "ram"
    assert overrides.of(TrainConfig(workers=3), cpu)["workers"] == 0
    told = overrides.of(TrainConfig(workers=3), card)
    assert (told["workers"], told["device"], told["amp"]) == (3, "1", True)
    assert overrides.of(TrainConfig(mixed_precision=False), card)["amp"] is False
