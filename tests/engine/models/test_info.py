"""What weights say of themselves, remembered, and never taken from another file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import WeightsError
from engine.models import checkpoint
from engine.models.info import card_of, known_info, read_info, remember_info
from engine.paths import DEFAULT_WEIGHTS, ROOT, bundled_weights, resource
from engine.types import ModelInfo
from tests.helpers.checkpoints import random_checkpoint

POSE = ModelInfo(
    name="a",
    task="pose",
    names=("人", "dog"),
    input_size=320,
    stride=64,
    sha256="0" * 64,
    keypoint_shape=(17, 3),
    end_to_end=True,
    card={"recipe": "yolo11n-pose", "metrics": {"map50": 0.5}},
)


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("LABSIGHT_DATA", str(folder))
    return folder


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "权重 a.pt"
    path.write_bytes(b"weights")
    return path


def cached(data: Path) -> Path:
    """Return the only file of the cache."""
    (path,) = (data / "cache" / "models").iterdir()
    return path


def test_what_was_remembered_is_known(weights: Path, data: Path) -> None:
    assert known_info(weights) is None
    remember_info(weights, POSE)
    assert known_info(weights) == POSE
    plain = replace(POSE, task="detect", keypoint_shape=None, end_to_end=False, card=None)
    remember_info(weights, plain)
    assert known_info(weights) == plain
    assert cached(data).suffix == ".json"


def test_a_relative_path_is_the_same_file(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remember_info(weights, POSE)
    monkeypatch.chdir(weights.parent)
    assert known_info(Path(weights.name)) == POSE


def test_a_changed_file_is_unknown(weights: Path) -> None:
    remember_info(weights, POSE)
    state = weights.stat()
    weights.write_bytes(b"WEIGHTS")
    os.utime(weights, ns=(state.st_atime_ns, state.st_mtime_ns + 1_000_000))
    assert known_info(weights) is None
    weights.write_bytes(b"longer weights")
    os.utime(weights, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert known_info(weights) is None


def test_a_copy_and_a_missing_file_are_unknown(weights: Path, tmp_path: Path) -> None:
    remember_info(weights, POSE)
    assert known_info(Path(shutil.copy2(weights, tmp_path / "b.pt"))) is None
    weights.unlink()
    assert known_info(weights) is None
    remember_info(weights, POSE)
    assert known_info(weights) is None


@pytest.mark.parametrize(
    "change",
    [
        {"task": "fly"},
        {"task": None},
        {"names": "ab"},
        {"names": ["a", 1]},
        {"stride": "32"},
        {"keypoint_shape": [17]},
        {"keypoint_shape": [17, "3"]},
        {"card": []},
        {"sha256": None},
    ],
)
def test_foreign_values_count_as_absent(
    weights: Path, data: Path, change: dict[str, object]
) -> None:
    remember_info(weights, POSE)
    content = json.loads(cached(data).read_text("utf-8"))
    content["info"] |= change
    cached(data).write_text(json.dumps(content), "utf-8")
    assert known_info(weights) is None


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"3", b"{}", b'{"form": 1}', b"\xff\xfe", b"[" * 9**5]
)
def test_a_damaged_cache_counts_as_absent(weights: Path, data: Path, text: bytes) -> None:
    remember_info(weights, POSE)
    cached(data).write_bytes(text)
    assert known_info(weights) is None


def test_a_value_of_another_version_counts_as_absent(weights: Path, data: Path) -> None:
    remember_info(weights, POSE)
    content = json.loads(cached(data).read_text("utf-8")) | {"form": 2}
    cached(data).write_text(json.dumps(content), "utf-8")
    assert known_info(weights) is None


def test_a_cache_that_cannot_be_written_is_no_failure(weights: Path, data: Path) -> None:
    data.write_text("in the way")
    remember_info(weights, POSE)
    assert known_info(weights) is None


def test_nothing_half_written_stays(
    weights: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember_info(weights, POSE)

    def refuse(self: Path, target: Path) -> Path:
        raise OSError("the disk went away")

    monkeypatch.setattr(Path, "replace", refuse)
    remember_info(weights, replace(POSE, name="b"))
    assert known_info(weights) == POSE
    assert cached(data)


def test_the_card_beside_bundled_weights_says_what_they_say() -> None:
    for path in bundled_weights():
        assert known_info(path) == checkpoint.load(path)[1]
    assert resource(DEFAULT_WEIGHTS) in bundled_weights()


def test_bundled_weights_need_no_torch() -> None:
    code = (
        "import sys; from engine.models.info import card_of, read_info\n"
        "from engine.paths import bundled_weights\n"
        "info = read_info(bundled_weights()[0])\n"
        "assert info.task == 'segment' and card_of(bundled_weights()[0])['metrics']\n"
        "print(sorted({'torch', 'ultralytics', 'cv2'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the bundled weights and make the copy the bundled ones."""
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path / "bundle"), raising=False)
    folder = tmp_path / "bundle" / "resources" / "weights"
    shutil.copytree(ROOT / "resources" / "weights", folder)
    (path,) = bundled_weights()
    assert path.parent == folder
    return path


def test_a_card_of_other_bytes_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bundle(tmp_path, monkeypatch)
    assert known_info(path) is not None
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert known_info(path) is None


@pytest.mark.parametrize("key", ["task", "classes", "input_size", "recipe"])
def test_a_card_that_lacks_something_is_not_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    path = bundle(tmp_path, monkeypatch)
    beside = path.with_suffix(".json")
    card = json.loads(beside.read_text("utf-8"))
    del card[key]
    beside.write_text(json.dumps(card), "utf-8")
    assert known_info(path) is None


def test_a_card_beside_other_weights_is_not_asked(tmp_path: Path) -> None:
    for source in (ROOT / "resources" / "weights").iterdir():
        shutil.copy(source, tmp_path)
    assert known_info(tmp_path / Path(DEFAULT_WEIGHTS).name) is None


def test_reading_once_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = random_checkpoint(tmp_path, "yolo11", "pose")
    info = read_info(path)
    assert (info.task, info.keypoint_shape) == ("pose", (17, 3))
    monkeypatch.setattr(checkpoint, "load", None)
    assert read_info(path) == info


def test_weights_replaced_while_they_are_read_are_not_remembered(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(path: Path) -> tuple[None, ModelInfo]:
        path.write_bytes(b"other weights of another size")
        return None, POSE

    monkeypatch.setattr(checkpoint, "load", load)
    assert read_info(weights) == POSE
    assert known_info(weights) is None


def test_what_is_no_weights_file_is_refused(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="not a weights file"):
        read_info(weights)
    with pytest.raises(WeightsError, match="no weights file"):
        read_info(tmp_path / "absent.pt")


def test_the_card_beside_the_weights_comes_first() -> None:
    (path,) = bundled_weights()
    card = card_of(path)
    assert card is not None
    assert set(card) >= {"title", "data", "metrics", "not_for", "licence", "sha256"}
    assert card_of(path, known_info(path)) == card


def test_the_card_within_the_weights(weights: Path) -> None:
    assert card_of(weights) is None
    assert card_of(weights, replace(POSE, card=None)) is None
    assert card_of(weights, POSE) == POSE.card
    ours = {"recipe": "yolo11n", "names": ["a"], "card": {"title": "T"}}
    assert card_of(weights, replace(POSE, card=ours)) == {"title": "T"}
    remember_info(weights, POSE)
    assert card_of(weights) == POSE.card


def test_a_json_file_that_is_no_card_of_them_is_passed_over(weights: Path) -> None:
    beside = weights.with_suffix(".json")
    for text in ('{"shapes": []}', '{"sha256": "1"}', "[]", "{"):
        beside.write_text(text, "utf-8")
        assert card_of(weights, POSE) == POSE.card
    beside.write_text(json.dumps({"sha256": POSE.sha256, "title": "T"}), "utf-8")
    assert card_of(weights, POSE) == {"sha256": POSE.sha256, "title": "T"}
