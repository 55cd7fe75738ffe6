"""What computes the operators, as people read it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine import device, operators
from engine.operators import Better, Operator
from tests.helpers.catalogue import catalogue

device.prepare()

from ops import devices, images, rungs, variants  # noqa: E402 - after the switches

ROOT = Path(__file__).resolve().parent.parent.parent


def status(rung: str, *misses: rungs.Miss) -> devices.OperatorStatus:
    return devices.OperatorStatus("selective_scan", "cuda:0", rung, misses)


def told(monkeypatch: pytest.MonkeyPatch, found: devices.OperatorStatus) -> str:
    """Return the sentence for what `ops` found."""
    monkeypatch.setattr(devices, "status", lambda: (found,))
    (only,) = operators.look()
    return only.text


def test_every_operator_is_told_of_on_the_processor() -> None:
    found = {each.name: each for each in operators.look() if each.device == "cpu"}
    assert set(found) == set(images.FOLDERS)
    for name, each in found.items():
        assert each.text.startswith(f"operator {name} on cpu: {each.way}")
        assert each.rung in {operators.PLAIN, *(one.name for one in variants.here())}


@pytest.mark.parametrize(
    ("rung", "words"),
    [
        ("avx512", "AVX-512"),
        ("cubin sm_90", "kernels for sm_90"),
        ("ptx", "driver"),
        ("reference", "plain torch"),
    ],
)
def test_what_is_in_use_is_in_words(monkeypatch: pytest.MonkeyPatch, rung: str, words: str) -> None:
    line = told(monkeypatch, status(rung))
    assert line.startswith("operator selective_scan on cuda:0: ")
    assert words in line
    assert "(" not in line


def test_why_nothing_better_is_in_use_is_told_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    line = told(
        monkeypatch,
        status(
            "reference",
            rungs.Miss("cubin sm_90", rungs.Reason.MISSING, "selective_scan.sm_90.cubin"),
            rungs.Miss("ptx", rungs.Reason.OLD_DRIVER, "CUDA 11.8"),
        ),
    )
    assert line == (
        "operator selective_scan on cuda:0: plain torch (kernels for sm_90:"
        " selective_scan.sm_90.cubin is not there; kernels that the driver compiles:"
        " the driver is too old (CUDA 11.8))"
    )


@pytest.mark.parametrize("reason", list(rungs.Reason))
def test_every_reason_has_its_words(reason: rungs.Reason) -> None:
    said = Better("ptx", reason.value, "so says the driver").text
    assert said.startswith("kernels that the driver compiles: ")
    assert "so says the driver" in said
    assert Better("ptx", reason.value, "").text.count("{") == 0


def test_every_rung_has_its_words() -> None:
    known = [each.name for each in (*variants.X86, *variants.OTHERS)]
    for rung in [*known, "ptx", "nvrtc", "kernels", rungs.REFERENCE]:
        assert Operator("x", "cpu", rung, ()).way != rung


def test_it_follows_the_language(tmp_path: Path) -> None:
    found = Operator("x", "cpu", "reference", ())
    with catalogue(tmp_path, {"plain torch": "纯 torch"}):
        from engine.i18n import activate

        activate("zh_CN")
        assert found.way == "纯 torch"
        activate("en")
    assert found.way == "plain torch"


def test_only_looking_imports_torch() -> None:
    code = "import engine.operators, json, sys; print(json.dumps('torch' in sys.modules))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) is False
