"""`python -m installer.check_deb FILE`: install a package, use it as a person would, remove it.

It changes the system that it runs on, and needs root: it is for a container or a machine of a
build. What goes well is told line by line; the first thing that is wrong ends it.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.screen import missing_tools, virtual_screen
from engine.version import __version__
from installer.deb import NAME, PROGRAM
from installer.frozen import Failure
from installer.person import Person, holds, wait

TARGET = Path("/opt", NAME)
ENTRY = Path(f"/usr/share/applications/{NAME}.desktop")
PLACES = ("/opt", "/usr", "/etc", "/var/lib")
"""Where nothing of ours may be left."""
NEEDED = ("desktop-file-utils", "hicolor-icon-theme", "shared-mime-info")
"""Of what it recommends, that without which a system does not know its kinds of files."""
CACHES = (
    "/usr/share/applications/mimeinfo.cache",
    "/usr/share/icons/hicolor/icon-theme.cache",
    "/usr/share/mime/",
    "/var/lib/apt/",
    "/var/lib/dpkg/",
)
"""What other packages make of all that is installed, and keep when it goes."""


def main(arguments: list[str] | None = None) -> int:
    """Check a package; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m installer.check_deb", description=__doc__)
    parser.add_argument("package", type=Path)
    options = parser.parse_args(arguments)
    try:
        if lacking():
            raise Failure(lacking())
        check(options.package.resolve())
    except Failure as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    _say("all of it")
    return 0


def check(package: Path) -> None:
    """Install a package, use it, remove it, and look for what it left.

    Raises:
        Failure: Something is not as it should be.
    """
    if not package.is_file():
        raise Failure(f"there is no {package}: `python -m installer.deb` makes one")
    if TARGET.exists():
        raise Failure(f"{TARGET} is here already: remove it first")
    _apt("satisfy", _field(package, "Depends"), *NEEDED)
    before = found_in(PLACES)
    _apt("install", str(package))
    try:
        _say("installed with apt")
        with tempfile.TemporaryDirectory(prefix="labsight-check-") as home, virtual_screen() as on:
            use(Person(Path(home), display=on["DISPLAY"], program=TARGET, title=PROGRAM))
    finally:
        _apt("purge", NAME)
    left = sorted(path for path in found_in(PLACES) - before if not path.startswith(CACHES))
    if left:
        raise Failure(f"left after the removal: {', '.join(left[:10])}")
    if subprocess.run(["dpkg", "-s", NAME], capture_output=True, check=False).returncode == 0:
        raise Failure("dpkg still knows the package")
    _say("removed with apt, nothing is left")


def use(person: Person) -> None:
    """Do with the installed program what a person does.

    Raises:
        Failure: Something is not as it should be.
    """
    said = person.run(f"/usr/bin/{NAME}", "--version")
    if said != f"LabSight {__version__}":
        raise Failure(f"--version says {said!r}")
    _say(said)
    picture = _render(person.home / "样品 rack.png")
    session = person.home / "run" / "session.labsight"
    person.run(NAME, "detect", str(picture), "--no-media", "--out", str(session.parent))
    _say("detects on the command line")
    with person.window(*_menu_entry()):
        _say("shows its window, started from the menu")
    with person.window("gio", "open", str(session)) as process:
        wait("the session to be open", lambda: holds(process, session))
        _say("opens a session, as its type's default program")
    data = person.home / ".local" / "share" / NAME
    with person.window(*_menu_entry(picture)):
        # Settings are kept in ASCII: of the name they hold the end as it is.
        wait("the picture to be open", lambda: b"rack.png" in _bytes(data / "settings.ini"))
        _say("opens a picture")
    if list((data / "crashes").glob("2*.txt")):
        raise Failure("a crash was reported")


def found_in(places: tuple[str, ...]) -> set[str]:
    """Return all paths below some folders."""
    return {
        os.path.join(parent, name)
        for place in places
        for parent, folders, files in os.walk(place)
        for name in (*folders, *files)
    }


def lacking() -> str:
    """Return what the check lacks on this machine, empty where it can be done."""
    missing = missing_tools() + [name for name in ("apt-get", "gio") if not shutil.which(name)]
    if missing:
        return f"missing here: {', '.join(missing)} (xvfb, xdotool, libglib2.0-bin)"
    return "" if os.geteuid() == 0 else "only root may install packages"


def _menu_entry(*files: Path) -> list[str]:
    """Return the command that starts the program by its entry in the menu, with files."""
    if shutil.which("gtk-launch"):
        return ["gtk-launch", ENTRY.name, *map(str, files)]
    lines = ENTRY.read_text(encoding="utf-8").splitlines()
    (command,) = (line.partition("=")[2] for line in lines if line.startswith("Exec="))
    words = shlex.split(command)
    return [word for each in words for word in (map(str, files) if each == "%F" else [each])]


def _field(package: Path, name: str) -> str:
    """Return what a package says of itself."""
    command = ["dpkg-deb", "--field", str(package), name]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _apt(*words: str) -> None:
    command = ["apt-get", "-y", "--no-install-recommends", *words]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LANG": "C.UTF-8"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"{shlex.join(command)}: {done.stderr.strip() or done.stdout[-800:]}")


def _render(path: Path) -> Path:
    from engine.media import write_picture
    from engine.scenes.tubes import render_tubes

    write_picture(render_tubes(900_000, (640, 480)).image, path)
    return path


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _say(text: str) -> None:
    print(f"ok: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
