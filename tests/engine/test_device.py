"""What networks run on: found, refused with a reason, described in words."""

import os
import platform
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine import device
from engine.device import choose, describe, processor, set_switches, versions
from engine.errors import DeviceError
from engine.paths import ROOT
from engine.version import __version__


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend to have two cards, of which torch's build serves the second only."""
    device.prepare()
    import torch

    capabilities = {0: (3, 5), 1: (9, 0)}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda index: capabilities[index])
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: ["sm_75", "sm_90a", "compute_90"])


@pytest.fixture
def no_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend to have no card."""
    device.prepare()
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.mark.usefixtures("no_cards")
def test_without_a_card_the_processor_is_chosen() -> None:
    assert str(choose("auto")) == "cpu"
    assert str(choose("cpu")) == "cpu"


@pytest.mark.usefixtures("no_cards")
@pytest.mark.parametrize("name", ["cuda", "cuda:0", "0", "mps", "cuda:99", "meta", "xpu"])
def test_a_device_that_is_not_here_is_refused(name: str) -> None:
    with pytest.raises(DeviceError, match="has no device") as caught:
        choose(name)
    assert name in caught.value.message
    assert "doctor" in caught.value.hint


@pytest.mark.usefixtures("no_cards")
@pytest.mark.parametrize("name", ["warp", "", "-1", "cuda:", "cuda:x", "cuda:-1", "GPU 0", "文"])
def test_a_name_that_is_no_device_is_refused(name: str) -> None:
    with pytest.raises(DeviceError) as caught:
        choose(name)
    assert name in caught.value.message
    assert "auto" in caught.value.hint


@pytest.mark.usefixtures("cards")
def test_a_card_that_torch_does_not_serve_is_refused_with_the_reason() -> None:
    with pytest.raises(DeviceError, match="sm_35 is not among sm_75, sm_90a"):
        choose("cuda:0")
    with pytest.raises(DeviceError, match="cuda"):
        choose("cuda")
    assert str(choose("cuda:1")) == "cuda:1"
    assert str(choose("1")) == "cuda:1"
    with pytest.raises(DeviceError, match="has no device cuda:2"):
        choose("cuda:2")


@pytest.mark.usefixtures("cards")
def test_auto_passes_over_a_card_that_torch_does_not_serve() -> None:
    assert str(choose("auto")) != "cuda:0"


def test_auto_takes_the_first_card_that_works(
    cards: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda index: (7, 5))
    assert str(choose("auto")) == "cuda:0"


@pytest.mark.gpu
def test_a_real_card_is_chosen_and_named() -> None:
    chosen = choose("auto")
    assert chosen.type == "cuda"
    assert describe(chosen).startswith("cuda:0 (")


@pytest.mark.usefixtures("no_cards")
def test_a_device_is_described_in_words() -> None:
    words = describe(choose("cpu"))
    assert words.startswith("cpu (")
    assert words.endswith(" threads)")
    assert processor() in words
    assert processor()


def test_versions_name_all_that_shapes_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    found = versions()
    assert list(found) == ["labsight", "python", *device.PACKAGES]
    assert found["labsight"] == __version__
    assert found["python"] == platform.python_version()
    assert "missing" not in found.values()
    monkeypatch.setattr(device, "PACKAGES", ("numpy", "no-such-package"))
    assert versions()["no-such-package"] == "missing"


def test_libraries_are_told_to_stay_offline(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("YOLO_OFFLINE", "YOLO_AUTOINSTALL", "YOLO_VERBOSE", "ULTRALYTICS_SAFE_LOAD"):
        monkeypatch.setenv(name, "something else")
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    for name in ("YOLO_CONFIG_DIR", "TORCHINDUCTOR_CACHE_DIR"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("LABSIGHT_DATA", str(tmp_path / "data"))
    set_switches()
    assert os.environ["YOLO_OFFLINE"] == "true"
    assert os.environ["YOLO_AUTOINSTALL"] == "false"
    assert os.environ["YOLO_VERBOSE"] == "false"
    assert os.environ["ULTRALYTICS_SAFE_LOAD"] == "true"
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
    assert os.environ["YOLO_CONFIG_DIR"] == str(tmp_path / "data")
    assert os.environ["TORCHINDUCTOR_CACHE_DIR"] == str(tmp_path / "data" / "torch")
    monkeypatch.setenv("YOLO_CONFIG_DIR", "chosen by the person")
    set_switches()
    assert os.environ["YOLO_CONFIG_DIR"] == "chosen by the person"


def test_prepared_means_that_checkpoints_are_read_safely() -> None:
    device.prepare()
    from ultralytics.nn import tasks
    from ultralytics.utils import patches

    assert tasks.SAFE_LOAD is True
    assert patches._pil_plugins_registered is True
    # A second call does nothing, not even in a process whose modules changed.
    device.prepare()


def test_the_module_itself_imports_no_torch() -> None:
    code = "import sys, engine.device; sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="needs a priority for each thread")
def test_a_thread_gives_way_with_those_that_it_starts_and_no_other() -> None:
    found: dict[str, int] = {}

    def note(name: str) -> None:
        found[name] = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def work() -> None:
        device.give_way()
        note("own")
        child = threading.Thread(target=note, args=("child",))
        child.start()
        child.join()

    note("before")
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    note("after")
    assert found["own"] == found["child"] > found["before"] == found["after"]


def test_what_the_libraries_bring_is_not_looked_through_again() -> None:
    device.prepare()
    code = (
        "import gc; from engine import device; before = gc.get_freeze_count(); device.prepare();"
        "print(gc.get_freeze_count() - before > 100_000, gc.isenabled())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split() == ["True", "True"]


def test_cards_are_offered_only_by_a_torch_that_serves_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(device, "_ready", False)
    monkeypatch.setattr(device, "_cards_seen", lambda: 2)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(device, "built_for_cuda", lambda: False)
    assert device.names() == ["auto", "cpu"]
    monkeypatch.setattr(device, "built_for_cuda", lambda: True)
    assert device.names() == ["auto", "cpu", "cuda:0", "cuda:1"]
