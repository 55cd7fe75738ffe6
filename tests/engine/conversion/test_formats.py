"""What each format needs, and every setting on its way to the child."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.conversion import formats
from engine.conversion.config import ConversionConfig
from engine.conversion.formats import FORMATS
from engine.conversion.writers import WRITERS
from engine.errors import ExportError, SettingError, WeightsError
from tests.engine.conversion.conftest import Exported


def test_every_format_has_a_writer() -> None:
    assert set(WRITERS) == set(FORMATS)


@pytest.mark.parametrize(
    ("name", "half", "words"),
    [
        ("onnx", False, "ONNX needs onnx,"),
        ("onnx", True, "`pip install onnx onnxruntime`"),
        ("openvino", False, "`pip install openvino`"),
        ("engine", True, "TensorRT needs onnx tensorrt,"),
    ],
)
def test_what_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, half: bool, words: str
) -> None:
    monkeypatch.setattr(formats, "_is_installed", lambda package: False)
    with pytest.raises(ExportError) as caught:
        formats.check(FORMATS[name], half)
    assert words in str(caught.value)


def test_torchscript_needs_nothing_and_has_no_half_precision() -> None:
    formats.check(FORMATS["torchscript"], half=False)
    with pytest.raises(ExportError, match="single precision only"):
        formats.check(FORMATS["torchscript"], half=True)


def test_an_engine_needs_a_card(
    monkeypatch: pytest.MonkeyPatch, exported: Exported, lively: Path
) -> None:
    import torch

    monkeypatch.setattr(formats, "_is_installed", lambda package: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ExportError, match="CUDA card"):
        exported(lively, format="engine")


def test_the_settings_come_back(tmp_path: Path) -> None:
    config = ConversionConfig(
        weights=tmp_path / "权重.pt", format="openvino", input_size=96, half=True, dynamic=True,
        batch=2, out=tmp_path,
    )  # fmt: skip
    assert ConversionConfig.from_json(config.to_json()) == config
    plain = ConversionConfig(weights=tmp_path / "a.pt")
    assert ConversionConfig.from_json(plain.to_json()) == plain


@pytest.mark.parametrize(
    "setting", [{"format": "tflite"}, {"batch": 0}, {"input_size": 16}, {"half": 1}], ids=str
)
def test_other_values_are_refused(setting: dict[str, object]) -> None:
    with pytest.raises(SettingError):
        ConversionConfig(weights=Path("a.pt"), **setting)  # type: ignore[arg-type]


def test_weights_that_are_not_there_make_no_folder(exported: Exported, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="absent.pt"):
        exported(tmp_path / "absent.pt")
    assert list(tmp_path.iterdir()) == []
