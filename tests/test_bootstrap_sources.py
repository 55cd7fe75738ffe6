from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import bootstrap

PINS = {"torch": "2.13.0", "torchvision": "0.28.0"}
PUBLIC = ["--index-url", bootstrap.CPU_INDEX]


def fail(*arguments: object, **more: object) -> None:
    raise AssertionError(f"not to be called: {arguments}")


def offered_from(
    offers: dict[str, list[str]],
) -> Callable[[str, list[str]], bool]:
    """Return a fake index: the options of pip, joined, to the requirements found with them."""
    return lambda requirement, options: requirement in offers.get(" ".join(options), [])


PAIR = ["torch==2.13.0+cpu", "torchvision==0.28.0+cpu"]
PLAIN = ["torch==2.13.0", "torchvision==0.28.0"]


@pytest.mark.parametrize(
    ("offers", "expected"),
    [
        ({"": PAIR + PLAIN}, (PAIR, False)),
        ({"": PLAIN, " ".join(PUBLIC): PAIR}, (PUBLIC + PAIR, False)),
        ({"": PAIR[:1] + PLAIN, " ".join(PUBLIC): PAIR}, (PUBLIC + PAIR, False)),
        ({"": PAIR[:1] + PLAIN}, (PAIR[:1], False)),
        ({"": PLAIN}, (PLAIN, True)),
        ({}, (PLAIN, False)),
    ],
)
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_torch_on_linux_without_a_card_is_the_cpu_build_where_one_is_offered(
    offers: dict[str, list[str]], expected: tuple[list[str], bool], machine: str
) -> None:
    here = f"Linux {machine}"
    assert bootstrap.torch_source(here, False, PINS, offered_from(offers)) == expected


def test_torch_with_a_card_is_the_large_build() -> None:
    offers = offered_from({"": PAIR + PLAIN})
    assert bootstrap.torch_source("Linux x86_64", True, PINS, offers) == (PLAIN, True)


@pytest.mark.parametrize("here", ["Windows AMD64", "Darwin arm64", "Linux riscv64"])
def test_torch_elsewhere_is_what_the_registry_has(here: str) -> None:
    def offered(requirement: str, options: list[str]) -> bool:
        raise AssertionError("no index is asked")

    assert bootstrap.torch_source(here, False, PINS, offered) == (PLAIN, False)


def test_an_offer_is_read_from_the_list_of_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def run(command: list[str]) -> tuple[int, str]:
        asked.append(command)
        return 0, "torch (2.15.0)\nAvailable versions: 2.15.0, 2.13.0+cpu, 2.12.1"

    monkeypatch.setattr(bootstrap, "run", run)
    assert bootstrap.offers(tmp_path, "torch==2.13.0+cpu", PUBLIC)
    assert bootstrap.offers(tmp_path, "torch==2.15.0", [])
    assert not bootstrap.offers(tmp_path, "torch==2.13.0", [])
    assert asked[0][1:7] == ["-m", "pip", "index", "versions", "torch", "--index-url"]


def test_the_pinned_torch_is_not_installed_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    (packages / "torch-2.13.0+cpu.dist-info").mkdir(parents=True)
    (tmp_path / "requirements.txt").write_text("\n".join(PLAIN), "utf-8")
    monkeypatch.setattr(bootstrap, "run", fail)
    bootstrap.install_torch(tmp_path, agreed=False)


class Terminal:
    """A standard input with one typed line."""

    def __init__(self, line: str, tty: bool = True) -> None:
        self.line, self.tty = line, tty

    def isatty(self) -> bool:
        return self.tty

    def readline(self) -> str:
        return self.line


@pytest.mark.parametrize("typed", ["", "\n", "n\n", "maybe\n"])
def test_a_large_download_needs_a_yes(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    with pytest.raises(bootstrap.Problem, match="Nothing was downloaded"):
        bootstrap.confirm_large()


def test_a_yes_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("Y\n"))
    bootstrap.confirm_large()


def test_nobody_to_ask_names_the_switches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("y\n", tty=False))
    with pytest.raises(bootstrap.Problem, match=r"(?s)3 GB.*--yes.*LABSIGHT_YES=1"):
        bootstrap.confirm_large()


@pytest.mark.parametrize(
    ("printed", "hint"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("NewConnectionError(...)\nERROR: No matching distribution found", "check the network"),
        ("HTTPSConnectionPool: Read timed out.", "check the network"),
        ("Cannot connect to proxy.\nNo matching distribution found", "check HTTPS_PROXY"),
        ("ERROR: No matching distribution found for torch", "another Python"),
        ("something else", "delete the folder .venv"),
    ],
)
def test_what_pip_says_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: str, hint: str
) -> None:
    output = "\n".join([f"line {n}" for n in range(99)] + [printed])
    monkeypatch.setattr(bootstrap, "run", lambda *given, **more: (1, output))
    with pytest.raises(bootstrap.Problem) as caught:
        bootstrap.pip_install(tmp_path, ["torch"])
    shown = str(caught.value)
    assert hint in shown.splitlines()[-1]
    assert printed in shown
    assert "line 1\n" not in shown


def test_without_a_terminal_each_package_is_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(command: list[str], watch: Callable[[str], None], **more: object) -> tuple[int, str]:
        watch("WARNING: nothing\n")
        watch("Collecting av==18.1.0 (from -r requirements.txt)\n")
        watch("Processing /somewhere/torch-2.13.0.whl (from torch)\n")
        watch("Installing collected packages: av, torch\n")
        return 0, ""

    monkeypatch.setattr(bootstrap, "run", run)
    bootstrap.pip_install(tmp_path, [])
    lines = capsys.readouterr().out.split("\n")
    assert [line.strip() for line in lines] == [
        "av==18.1.0",
        "torch-2.13.0.whl",
        "unpacking 2 packages",
        "",
    ]


def test_a_run_returns_code_and_both_streams() -> None:
    seen: list[str] = []
    code = "import os, sys; print('out', os.environ['COLOUR'], flush=True)\n"
    code += "print(repr(sys.stdin.read()), file=sys.stderr); sys.exit(3)"
    done = bootstrap.run([sys.executable, "-c", code], seen.append, COLOUR="red")
    assert done == (3, "out red\n''")
    assert [line.strip() for line in seen] == ["out red", "''"]


def test_missing_libraries_are_found_by_loading() -> None:
    def load(soname: str) -> object:
        if soname.startswith("libGL"):
            raise OSError(soname)
        return object()

    assert bootstrap.missing_libraries(load) == ["libGL.so.1"]


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ('ID=debian\nVERSION_ID="12"\n', "debian"),
        ('ID=linuxmint\nID_LIKE="ubuntu debian"\n', "debian"),
        ('NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\n', "fedora"),
        ("ID=arch\n", "arch"),
        ('ID="opensuse-leap"\nID_LIKE="suse opensuse"\n', "suse"),
        ('ID=nixos\nHOME_URL="https://debian.example"\n', ""),
    ],
)
def test_the_distribution_is_known(tmp_path: Path, text: str, family: str) -> None:
    (tmp_path / "os-release").write_text(text, "utf-8")
    assert bootstrap.linux_family(tmp_path / "os-release") == family
    assert bootstrap.linux_family(tmp_path / "absent") == ""


@pytest.fixture
def bare_linux(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return the commands run on a Debian, as an ordinary user, without libGL and ensurepip."""
    commands: list[list[str]] = []

    def run(command: list[str], **variables: str) -> tuple[int, str]:
        commands.append(command)
        return 0, ""

    monkeypatch.setattr(bootstrap, "run", run)
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(bootstrap, "missing_libraries", lambda: ["libGL.so.1"])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(bootstrap, "linux_family", lambda: "debian")
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    return commands


APT = "apt-get install -y --no-install-recommends libgl1 python3-venv"


def test_what_debian_lacks_is_named_with_one_command(bare_linux: list[list[str]]) -> None:
    with pytest.raises(bootstrap.Problem) as caught:
        bootstrap.require_system()
    assert str(caught.value) == (
        f"Missing on this system: libGL.so.1, ensurepip (a part of Python).\nTo mend it: sudo {APT}"
    )
    assert bare_linux == []


def test_what_debian_lacks_is_installed_as_root(
    bare_linux: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    bootstrap.require_system()
    assert bare_linux == [["apt-get", "update"], APT.split()]


def test_an_installation_that_fails_is_shown(
    bare_linux: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(bootstrap, "run", lambda command, **more: (100, "Unable to fetch"))
    with pytest.raises(bootstrap.Problem, match=r"(?s)apt-get install.*Unable to fetch"):
        bootstrap.require_system()


@pytest.mark.parametrize(
    ("family", "hint"),
    [("fedora", "dnf provides '*/libGL.so.1'"), ("arch", "pacman -F"), ("", "package manager")],
)
def test_other_distributions_get_the_names_and_a_finder(
    bare_linux: list[list[str]], monkeypatch: pytest.MonkeyPatch, family: str, hint: str
) -> None:
    monkeypatch.setattr(bootstrap, "linux_family", lambda: family)
    with pytest.raises(bootstrap.Problem, match="libGL.so.1") as caught:
        bootstrap.require_system()
    assert hint in str(caught.value)
    assert bare_linux == []


def test_a_whole_system_needs_nothing(
    bare_linux: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "missing_libraries", lambda: [])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(bootstrap, "provide", fail)
    bootstrap.require_system()


def test_missing_test_tools_are_named_and_do_not_stop(
    bare_linux: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(shutil, "which", lambda tool: None)
    bootstrap.offer_test_tools()
    said = capsys.readouterr().out
    assert said.startswith("Some tests will be skipped. To run them too: sudo apt-get install")
    assert "libreoffice-calc ffmpeg" in said
