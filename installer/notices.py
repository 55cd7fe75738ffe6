"""`python -m installer.notices`: whose work is in the program, under which licences, with texts.

Writes `NOTICES.txt`, with the text of every licence once, and the short table `NOTICES.md` into
`build/`, from the metadata and files of the packages that are installed here.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import platform
import re
import sys
import sysconfig
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackagePath
from pathlib import Path

from packaging.requirements import Requirement

from engine import about
from engine.about import Part
from engine.paths import ROOT
from engine.version import __version__
from installer.libraries import LICENCES
from installer.parts import EXCLUDED

KNOWN: dict[str, tuple[str, str]] = {
    "nvidia-ml-py": ("BSD-3-Clause", "the header of its only file, pynvml.py"),
    "pyinstaller": ("GPL-2.0-or-later WITH Bootloader-exception", "its file COPYING.txt"),
    "torchvision": ("BSD-3-Clause", "its file LICENSE"),
}
"""Licences of packages that do not name theirs well, and where they are stated."""
NOT_SHIPPED = frozenset({"babel"})
"""Packages that are required for work on LabSight alone."""
TWINS = {"opencv-python": "opencv-python-headless"}
"""Packages that the bundle may take in place of those that are required."""
BUILDER = "pyinstaller"
"""Its loader is the program's executable."""

_LEGAL = re.compile(
    r"licen[cs]e|copying|notice|third.?party|copyright|patents|^authors", re.IGNORECASE
)
_CODE = {".py", ".pyc", ".pyi", ".h", ".hpp", ".so", ".dll", ".json"}
_LIBRARY = re.compile(r"\.(?:libs|dylibs)/")
_WIDTH = 78


class Missing(Exception):
    """A part comes without a licence; the sentence names it."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What is said of a part.

    Attributes:
        part: Its name, version, licence and homepage.
        remarks: Further lines.
        texts: Name and content of the files in which its licence stands.
    """

    part: Part
    remarks: tuple[str, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()


def main(arguments: list[str] | None = None) -> int:
    """Write the notices, or say what is missing; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m installer.notices", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build", help="folder (build)")
    options = parser.parse_args(arguments)
    try:
        text, table = write(options.out)
    except Missing as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{text}\n{table}")
    return 0


def write(folder: Path) -> tuple[Path, Path]:
    """Write text and table into a folder and return their paths.

    Raises:
        Missing: A part comes without a licence.
    """
    found = collect(ROOT / "requirements.txt")
    folder.mkdir(parents=True, exist_ok=True)
    text, table = folder / about.NOTICES, folder / about.TABLE
    text.write_text(as_text(found), encoding="utf-8")
    table.write_text(
        f"# Parts of LabSight {__version__}\n\n{about.format_table([each.part for each in found])}",
        encoding="utf-8",
    )
    return text, table


def collect(requirements: Path) -> list[Notice]:
    """Return what is said of every part that these requirements bring along.

    Raises:
        Missing: A part is not installed or comes without a licence.
    """
    found = [_package(each) for each in closure(requirements)]
    found += [*_builder(), _python(), *_ffmpeg(found)]
    without = [each.part.name for each in found if not each.part.licence]
    if without:
        raise Missing(
            f"No licence is known of {', '.join(without)}. Look it up and add it to KNOWN in "
            "installer/notices.py, with where it is stated."
        )
    return sorted(found, key=lambda each: each.part.name.lower())


def closure(requirements: Path) -> list[Distribution]:
    """Return the packages that requirements name and those that these need, less those left out.

    Raises:
        Missing: One of them is not installed.
    """
    lines = requirements.read_text(encoding="utf-8").splitlines()
    waiting = [Requirement(line) for line in lines if line and not line.startswith("#")]
    found: dict[str, Distribution] = {}
    while waiting:
        wanted = waiting.pop()
        name = re.sub(r"[-_.]+", "-", wanted.name).lower()
        absent = wanted.marker is not None and not wanted.marker.evaluate({"extra": ""})
        # The bundle leaves these out, and with them what they alone need.
        left_out = name in NOT_SHIPPED or name.replace("-", "_") in EXCLUDED
        if absent or left_out or name in found:
            continue
        package = _find(TWINS.get(name, name)) or _find(name)
        if package is None:
            raise Missing(f"{name} is not installed here, so its licence is unknown.")
        found[name] = package
        waiting += map(Requirement, package.requires or ())
    return [found[name] for name in sorted(found)]


def _find(name: str) -> Distribution | None:
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def as_text(found: list[Notice]) -> str:
    """Return the notices as text: the parts, the data, the source, and each licence once."""
    numbers: dict[str, int] = {}
    texts: list[tuple[str, str]] = []
    lines = [
        f"LabSight {__version__}: notices on the work of others in it",
        "",
        "Written by `python -m installer.notices` from the packages that this program was built",
        "of. Numbers in brackets are those of the texts at the end.",
        "",
        *_headline("Parts"),
    ]
    for notice in found:
        part = notice.part
        lines += [f"{part.name} {part.version}", f"    {part.licence}"]
        if part.homepage:
            lines.append(f"    {part.homepage}")
        lines += [f"    {remark}" for remark in notice.remarks]
        marks = []
        for name, content in notice.texts:
            digest = hashlib.sha256("".join(content.split()).encode()).hexdigest()
            if digest not in numbers:
                numbers[digest] = len(numbers) + 1
                texts.append((f"{part.name}: {name}", content))
            mark = f"[{numbers[digest]}]"
            marks += [mark] if mark not in marks else []
        lines += [f"    {' '.join(marks)}" if marks else "    (its package holds no text)", ""]
    lines += [*_headline("What the weights learned from"), *_credits()]
    lines += [*_headline("Source"), *textwrap.wrap(about.source_offer(), _WIDTH)]
    lines += ["", *_headline("Texts")]
    for number, (name, content) in enumerate(texts, 1):
        lines += [f"[{number}] {name}", "-" * _WIDTH, content.rstrip(), "", ""]
    return "\n".join(lines)


def _headline(words: str) -> list[str]:
    return [words, "=" * _WIDTH, ""]


def _credits() -> Iterator[str]:
    for each in about.data_credits():
        yield f"{each.weights}: {each.name}"
        for words in (each.what, each.credit, each.licence, each.changes):
            if words:
                yield f"    {words}"
        yield ""


def _package(package: Distribution) -> Notice:
    """Return what a package's metadata and files say of it."""
    metadata = package.metadata
    licence = about.licence_of(metadata)
    remarks = []
    known = KNOWN.get(package.name.lower())
    if known is not None:
        licence, source = known
        remarks.append(f"licence as in {source}")
    files = package.files or []
    if package.name == "PyQt6-Qt6":
        remarks.append("for others' work in Qt see https://doc.qt.io/qt-6/licenses-used-in-qt.html")
    remarks += _inside([each.name for each in files if _LIBRARY.search(each.as_posix())])
    texts = [(str(each), _content(package, each)) for each in files if _is_legal(each)]
    part = Part(metadata["Name"], package.version, licence, _homepage(package))
    return Notice(part, tuple(remarks), tuple(each for each in texts if each[1].strip()))


def _inside(libraries: list[str]) -> Iterator[str]:
    """Yield a line for each licence of the libraries that a wheel brings along."""
    by_licence: dict[str, list[str]] = {}
    for name in sorted(map(_plain, libraries)):
        by_licence.setdefault(LICENCES.get(name, "see its texts"), []).append(name)
    for licence, names in sorted(by_licence.items()):
        yield f"inside, {licence}: {', '.join(names)}"


def _is_legal(path: PackagePath) -> bool:
    """Tell whether a file of a package is a text on its licence."""
    in_folder = any(part in ("licenses", "licensing") for part in path.parts[:-1])
    return (in_folder or bool(_LEGAL.search(path.name))) and path.suffix.lower() not in _CODE


def _content(package: Distribution, path: PackagePath) -> str:
    file = Path(str(package.locate_file(path)))
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


def _homepage(package: Distribution) -> str:
    labelled = [each.partition(",") for each in package.metadata.get_all("Project-URL") or []]
    urls = {label.strip().lower(): url.strip() for label, _, url in labelled}
    wanted = ("homepage", "home", "source", "source code", "code", "repository", "github")
    named = [urls[label] for label in wanted if label in urls]
    return str(next(iter(named), about.field(package.metadata, "Home-page")))


def _plain(library: str) -> str:
    """Return the name of a library without what wheels and versions add to it."""
    name = re.split(r"\.(?:so|dll|dylib)\b", library)[0]
    name = re.sub(r"[-.][0-9a-f]{8,}.*$|[-.][\d.]+$", "", name)
    name = re.sub(r"-[0-9a-f]{8}(?=[.-]|$)", "", name)
    return re.sub(r"[-.][\d.]+$", "", name.removeprefix("lib"))


def _builder() -> Iterator[Notice]:
    """Yield what is said of the loader, where the program is built."""
    package = _find(BUILDER)
    if package is None:
        return
    found = _package(package)
    yield Notice(found.part, ("its loader starts the program", *found.remarks), found.texts)


def _python() -> Notice:
    """Return what is said of the interpreter and its library."""
    places = (Path(sysconfig.get_path("stdlib")), Path(sys.base_prefix))
    file = next((each for place in places if (each := place / "LICENSE.txt").is_file()), None)
    texts = (("LICENSE.txt", file.read_text(encoding="utf-8")),) if file is not None else ()
    part = Part("Python", platform.python_version(), "PSF-2.0", "https://www.python.org")
    return Notice(part, texts=texts)


def _ffmpeg(found: list[Notice]) -> Iterator[Notice]:
    """Yield what the FFmpeg inside PyAV says of itself."""
    # It is no part of PyAV's annotated interface.
    core = importlib.import_module("av._core")
    about_codec = core.library_meta["libavcodec"]
    lgpl = next((each.texts for each in found if each.part.name == "PyQt6-Qt6"), ())
    yield Notice(
        Part("FFmpeg", core.ffmpeg_version_info, about_codec["license"], "https://ffmpeg.org"),
        ("inside av, configured with", *textwrap.wrap(about_codec["configuration"], _WIDTH - 4)),
        lgpl,
    )


if __name__ == "__main__":
    sys.exit(main())
