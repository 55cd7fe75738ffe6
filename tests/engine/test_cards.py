"""A card that is here and not used is told of in words, with the reason."""

import importlib.util
import platform
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine import cards, device

SENTENCE = "There is an NVIDIA card, and it is not used: "


class Machine:
    """What this machine seems to have.

    Attributes:
        folder: Where its devices are listed.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(cards, "_PCI", folder / "pci")
        monkeypatch.setattr(cards, "_DRIVER", folder / "driver")
        self.torch(cuda=False)

    def plug(self, vendor: str, kind: str) -> None:
        """Add a device to the bus."""
        slot = self.folder / "pci" / f"{vendor}-{kind}"
        slot.mkdir(parents=True)
        (slot / "vendor").write_text(f"{vendor}\n", "ascii")
        (slot / "class").write_text(f"{kind}\n", "ascii")

    def install_driver(self) -> None:
        (self.folder / "driver").mkdir()

    def torch(self, *, cuda: bool) -> None:
        """Install torch, with or without its part for cards."""
        place = self.folder / f"torch-{cuda}"
        (place / "lib").mkdir(parents=True, exist_ok=True)
        if cuda:
            (place / "lib" / "libtorch_cuda.so").touch()
        spec = SimpleNamespace(submodule_search_locations=[str(place)])
        self._monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    device.prepare()
    return Machine(tmp_path, monkeypatch)


def test_without_a_card_nothing_is_said(machine: Machine) -> None:
    assert cards.unused() == ""
    machine.plug("0x8086", "0x030000")
    machine.plug("0x1002", "0x030000")
    # The sound of a card is on the bus as well, and so are NVIDIA's bridges.
    machine.plug("0x10de", "0x040300")
    assert cards.unused() == ""


@pytest.mark.parametrize("driver", [False, True])
def test_beside_a_torch_for_the_processor(machine: Machine, driver: bool) -> None:
    machine.plug("0x10de", "0x030200")
    if driver:
        machine.install_driver()
    assert cards.unused().startswith(SENTENCE)
    assert "CUDA edition" in cards.unused()


def test_a_driver_alone_tells_of_a_card(machine: Machine) -> None:
    machine.install_driver()
    assert "CUDA edition" in cards.unused()


def test_without_a_driver(machine: Machine) -> None:
    machine.plug("0x10de", "0x030000")
    machine.torch(cuda=True)
    assert cards.unused() == f"{SENTENCE}NVIDIA's driver is not installed."


def test_a_driver_that_does_not_serve(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    def init() -> None:
        raise RuntimeError("The NVIDIA driver on your system is too old. Please update it.")

    machine.install_driver()
    machine.torch(cuda=True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "init", init)
    assert cards.unused() == (
        f"{SENTENCE}torch cannot start it (The NVIDIA driver on your system is too old)."
    )
    monkeypatch.setattr(torch.cuda, "init", lambda: None)
    assert cards.unused() == ""


def test_a_card_of_another_kind(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    machine.install_driver()
    machine.torch(cuda=True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda index: (3, 5))
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: ["sm_75", "sm_90"])
    assert "not built for its kind (sm_35" in cards.unused()
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda index: (9, 0))
    assert cards.unused() == ""


def test_what_it_computes_on(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(sys, "platform", "linux")
    assert cards.in_use() == device.processor()
    machine.install_driver()
    machine.torch(cuda=True)
    monkeypatch.setattr(device, "choose", lambda name: torch.device("cuda:0"))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda chosen: "NVIDIA H100")
    assert cards.in_use() == "NVIDIA H100"
    monkeypatch.setattr(device, "choose", lambda name: torch.device("cpu"))
    assert cards.in_use() == device.processor()


def test_an_apple_card(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    monkeypatch.setattr(device, "choose", lambda name: torch.device("mps"))
    assert cards.in_use() == "Apple GPU"
