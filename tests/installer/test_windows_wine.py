"""The installer for Windows under Wine: a life from the first version to the removal."""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.version import __version__
from installer import windows
from tests.helpers.bundles import windows_bundle
from tests.helpers.wine import Wine

MINGW = "x86_64-w64-mingw32-g++-posix"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.tool("makensis"),
    pytest.mark.tool("wine64"),
    pytest.mark.tool(MINGW),
]
SLEEPER = """
#include <windows.h>
#include <stdlib.h>
int main(int count, char **arguments) { if (count > 1) Sleep(atoi(arguments[1])); return 0; }
"""
ENTRY = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\LabSight"
CLASSES = r"HKCU\Software\Classes"
RUNNING = 3
REFUSED = 2


class Machine:
    """A Windows 10 in a folder, and the installer on it.

    Attributes:
        programs, data: Where the program is installed, and where it keeps settings.
        desktop, menu: Shortcuts there.
    """

    def __init__(self, folder: Path, setup: Path) -> None:
        self.wine = Wine(folder / "windows")
        self._setup = setup
        self.run("reg", "add", r"HKCU\Software\Wine", "/v", "Version", "/d", "win10", "/f")
        (home,) = (folder / "windows" / "drive_c" / "users").glob("[!P]*")
        self.home = home
        self.programs = home / "AppData" / "Local" / "Programs" / "LabSight"
        self.data = home / "AppData" / "Local" / "LabSight"
        roaming = home / "AppData" / "Roaming" / "Microsoft" / "Windows"
        self.menu = roaming / "Start Menu" / "Programs" / "LabSight.lnk"
        self.desktop = home / "Desktop" / "LabSight.lnk"

    def run(self, *command: str) -> tuple[int, str]:
        """Run a program and return its exit code and what it printed."""
        (wine, _program) = self.wine.command(Path("program"))
        done = subprocess.run(
            [wine, *command],
            env=self.wine.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout

    @contextmanager
    def running(self) -> Iterator[None]:
        """Have the installed program run."""
        process = subprocess.Popen(
            [*self.wine.command(self.programs / windows.PROGRAM), "60000"],
            env=self.wine.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            time.sleep(3)
            yield
            assert process.poll() is None
        finally:
            process.kill()
            process.wait()

    def install(self) -> int:
        """Install without a question and return the exit code."""
        return self._answer(str(self._setup), "/S")

    def uninstall(self, *switches: str) -> int:
        """Remove without a question; the uninstaller stays in its folder and is waited for."""
        where = "C:" + str(self.programs).partition("drive_c")[2].replace("/", "\\")
        program = str(self.programs / "Uninstall.exe")
        code = self._answer(program, "/S", *switches, f"_?={where}")
        if code == 0:
            (self.programs / "Uninstall.exe").unlink()
            self.programs.rmdir()
        return code

    def _answer(self, *command: str) -> int:
        """Run an installer, and once more where Wine itself failed with it.

        Asked nothing, an installer cannot be cancelled, which is its 1. Wine has ended one with it
        on a busy machine, before it had done anything.
        """
        code = self.run(*command)[0]
        return self.run(*command)[0] if code == 1 else code

    def value(self, key: str, name: str = "") -> str:
        """Return a value of the registry, empty where there is none."""
        said = self.run("reg", "query", key, *(("/v", name) if name else ("/ve",)))[1]
        found = re.search(r"REG_\w+\s*(.*)", said)
        return found[1].strip() if found else ""

    def mentions(self) -> list[str]:
        """Return the lines of a person's registry in which the program is."""
        said = self.run("reg", "query", r"HKCU\Software", "/s")[1]
        return [line for line in said.splitlines() if "LabSight" in line]


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an installer around a program that waits for so many milliseconds."""
    folder = tmp_path_factory.mktemp("setup")
    bundle = windows_bundle(folder / "LabSight")
    (folder / "sleeper.cpp").write_text(SLEEPER, "utf-8")
    command = [MINGW, "-static", str(folder / "sleeper.cpp"), "-o", str(bundle / windows.PROGRAM)]
    subprocess.run(command, check=True)
    return windows.make(bundle, folder / windows.OUT.name, "zlib")


@pytest.fixture
def machine(setup: Path, tmp_path: Path) -> Iterator[Machine]:
    started = Machine(tmp_path, setup)
    yield started
    started.wine.close()


def test_a_life_under_wine(machine: Machine) -> None:
    assert machine.install() == 0
    installed = machine.programs
    assert (installed / "_internal" / "资源" / "a.txt").read_text("utf-8") == "kept"
    assert machine.menu.is_file()
    assert not machine.desktop.exists()
    assert machine.value(ENTRY, "DisplayVersion") == __version__
    assert int(machine.value(ENTRY, "EstimatedSize"), 16) > 10
    assert machine.value(rf"{CLASSES}\.labsight") == "LabSight.Session"
    opens = machine.value(rf"{CLASSES}\LabSight.Session\shell\open\command")
    assert opens.endswith(r'\LabSight.exe" "%1"')
    said = machine.run("reg", "query", rf"{CLASSES}\.png\OpenWithProgids")[1]
    assert "LabSight.Picture" in said

    with machine.running():
        assert machine.install() == RUNNING
        assert machine.uninstall() == RUNNING
        assert (installed / "_internal").is_dir()

    # A newer version: what the former one left goes, what the person has stays.
    (installed / "_internal" / "of the former version.dll").touch()
    machine.data.mkdir()
    (machine.data / "settings.ini").touch()
    (machine.home / "LabSight").mkdir()
    machine.desktop.write_bytes(machine.menu.read_bytes())
    while machine.install() == RUNNING:
        time.sleep(1)
    assert not (installed / "_internal" / "of the former version.dll").exists()
    assert (machine.data / "settings.ini").exists()
    assert machine.desktop.is_file()

    assert machine.uninstall() == 0
    assert not installed.exists()
    assert not machine.menu.exists()
    assert not machine.desktop.exists()
    assert machine.mentions() == []
    assert (machine.data / "settings.ini").exists()
    assert machine.install() == 0
    assert machine.uninstall("/REMOVESETTINGS") == 0
    assert not machine.data.exists()
    # Sessions are never touched.
    assert (machine.home / "LabSight").is_dir()


def test_an_older_windows_is_refused(machine: Machine) -> None:
    machine.run("reg", "add", r"HKCU\Software\Wine", "/v", "Version", "/d", "win7", "/f")
    assert machine.install() == REFUSED
    assert not machine.programs.exists()


def test_the_kind_of_file_that_another_program_took_stays_its_own(machine: Machine) -> None:
    assert machine.install() == 0
    machine.run("reg", "add", rf"{CLASSES}\.labsight", "/ve", "/d", "Another", "/f")
    assert machine.uninstall() == 0
    assert machine.value(rf"{CLASSES}\.labsight") == "Another"
