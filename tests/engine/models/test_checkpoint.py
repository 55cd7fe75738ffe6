"""Weights from strangers: refused with a sentence, never run."""

import os
import pickle
import shutil
import zipfile
from pathlib import Path

import pytest

from engine import device
from engine.errors import WeightsError
from engine.models import checkpoint
from engine.paths import DEFAULT_WEIGHTS, resource
from tests.helpers.checkpoints import random_checkpoint


class Payload:
    """A pickle that writes a file when it is opened carelessly."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self._path),)


def refused(path: Path) -> str:
    """Return the sentence with which a file is refused."""
    with pytest.raises(WeightsError) as caught:
        checkpoint.load(path)
    assert caught.value.hint
    assert "Traceback" not in str(caught.value)
    return caught.value.message


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_checkpoint(tmp_path_factory.mktemp("good"), "yolo11", "detect")


def test_a_malicious_archive_runs_nothing(tmp_path: Path) -> None:
    device.prepare()
    import torch

    path, trap = tmp_path / "best.pt", tmp_path / "trap"
    torch.save({"model": Payload(trap), "train_args": {}}, path)
    assert "mkdir" in refused(path)
    assert not trap.exists()


def test_a_malicious_plain_pickle_runs_nothing(tmp_path: Path) -> None:
    path, trap = tmp_path / "best.pt", tmp_path / "trap"
    path.write_bytes(pickle.dumps({"model": Payload(trap)}))
    assert str(path) in refused(path)
    assert not trap.exists()


def test_a_malicious_file_in_the_old_format_runs_nothing(tmp_path: Path) -> None:
    device.prepare()
    import torch

    path, trap = tmp_path / "best.pt", tmp_path / "trap"
    torch.save({"model": Payload(trap)}, path, _use_new_zipfile_serialization=False)
    assert str(path) in refused(path)
    assert not trap.exists()


@pytest.mark.parametrize("attack", ["eval", "getattr", "exec", "__import__"])
def test_a_builtin_behind_a_known_model_runs_nothing(tmp_path: Path, attack: str) -> None:
    device.prepare()
    import torch

    class Call:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            import builtins

            arguments = (dict, "fromkeys") if attack == "getattr" else ("__import__('os').abort()",)
            return getattr(builtins, attack), arguments

    path = tmp_path / "best.pt"
    torch.save({"model": Call(), "ema": None, "train_args": {}}, path)
    assert str(path) in refused(path)


def test_a_foreign_class_is_refused_by_its_name(tmp_path: Path, good: Path) -> None:
    path = tmp_path / "best.pt"
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name.endswith("data.pkl"):
                known = b"ultralytics.nn.modules.block\nSPPF"
                data = data.replace(known, b"my_own.blocks\nMagicSPPF")
            target.writestr(name, data)
    message = refused(path)
    assert "my_own.blocks.MagicSPPF" in message


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"\n", "empty"),
        (b"hello, these are no weights at all", "not a weights file"),
        (b"<!DOCTYPE html><html></html>", "not a weights file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS"),
        (b"PK\x03\x04 cut off", "damaged"),
        (b"\x80\x02}q\x00.", "damaged"),
    ],
)
def test_what_is_no_checkpoint_is_named(tmp_path: Path, content: bytes, word: str) -> None:
    path = tmp_path / "权重 best.pt"
    path.write_bytes(content)
    message = refused(path)
    assert word in message
    assert str(path) in message


def test_missing_file_and_folder(tmp_path: Path) -> None:
    assert "no weights file" in refused(tmp_path / "absent.pt")
    assert str(tmp_path) in refused(tmp_path)


def test_a_truncated_checkpoint_is_named(tmp_path: Path, good: Path) -> None:
    path = tmp_path / "half.pt"
    path.write_bytes(good.read_bytes()[:-4000])
    assert "damaged" in refused(path)


def test_a_checkpoint_with_a_broken_tensor_is_named(tmp_path: Path, good: Path) -> None:
    path = tmp_path / "short.pt"
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, data[: len(data) // 2] if name.endswith("/data/0") else data)
    assert str(path) in refused(path)


def test_torchscript_and_plain_state_are_told_apart(tmp_path: Path) -> None:
    device.prepare()
    import torch

    state = tmp_path / "state.pt"
    torch.save(torch.nn.Linear(2, 2).state_dict(), state)
    assert "not a checkpoint" in refused(state)
    whole = tmp_path / "linear.pt"
    torch.save({"model": torch.nn.Linear(2, 2)}, whole)
    assert str(whole) in refused(whole)
    script = tmp_path / "script.pt"
    with zipfile.ZipFile(script, "w") as archive:
        archive.writestr("script/data.pkl", b"")
        archive.writestr("script/code/__torch__.py", b"")
        archive.writestr("script/constants.pkl", b"")
    assert "TorchScript" in refused(script)


def test_names_with_quotes_blanks_and_other_suffixes_load(tmp_path: Path, good: Path) -> None:
    path = tmp_path / "it's the 'best' 模型 😀.weights"
    shutil.copy(good, path)
    _, info = checkpoint.load(path)
    assert info.task == "detect"
    assert info.name == path.stem
    assert len(info.sha256) == 64


def test_shared_awkward_weights(shared: Path) -> None:
    assert "damaged" in refused(shared / "awkward/m1_truncated_yolo11n.pt")
    assert "empty" in refused(shared / "awkward/m4_one_byte.pt")


def test_the_default_weights_say_what_they_are() -> None:
    network, info = checkpoint.load(resource(DEFAULT_WEIGHTS))
    assert (info.task, info.names) == ("segment", ("cells", "gel", "serum"))
    assert info.input_size == 640
    assert not network.training
