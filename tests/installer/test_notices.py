"""The notices name every part with its licence, and end where one has none."""

import importlib.metadata
import re
from email.message import Message
from importlib.metadata import PackagePath
from pathlib import Path

import pytest

from engine import about
from engine.paths import ROOT
from installer import libraries, notices


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[about.Part]]:
    """Return the notices of what is installed here, and their table."""
    text, table = notices.write(tmp_path_factory.mktemp("notices"))
    return text.read_text("utf-8"), about.parse_table(table.read_text("utf-8"))


def test_every_part_has_a_licence(written: tuple[str, list[about.Part]]) -> None:
    text, parts = written
    by_name = {part.name.lower(): part for part in parts}
    assert {"python", "ffmpeg", "torch", "ultralytics", "pyqt6", "pyqt6-qt6"} <= set(by_name)
    # What the requirements name, and what these need in turn.
    assert {"requests", "urllib3", "sympy"} <= set(by_name)
    assert all(part.version and part.licence for part in parts)
    assert [part for part in parts if "\n" in part.licence or len(part.licence) > 120] == []
    assert "GPL" in by_name["ffmpeg"].licence
    assert all(f"\n{part.name} {part.version}\n    {part.licence}\n" in text for part in parts)


def test_what_the_bundle_leaves_out_is_not_named(written: tuple[str, list[about.Part]]) -> None:
    names = {part.name.lower() for part in written[1]}
    # Nor what these alone need.
    assert not {"matplotlib", "contourpy", "openvino-telemetry", "polars", "babel"} & names
    assert "pytest" not in names


def test_each_text_stands_once(written: tuple[str, list[about.Part]]) -> None:
    head, _, texts = written[0].partition("\nTexts\n")
    contents = re.split(r"^\[\d+\] .*\n-{78}$", texts, flags=re.MULTILINE)[1:]
    assert len({"".join(each.split()) for each in contents}) == len(contents) > 50
    numbers = {int(mark) for mark in re.findall(r"\[(\d+)\]", head)}
    assert numbers == set(range(1, max(numbers) + 1))
    assert all(f"\n[{number}] " in texts for number in numbers)


def test_libraries_inside_wheels_are_named(written: tuple[str, list[about.Part]]) -> None:
    assert "inside, GPL-2.0-or-later: x264, x265\n" in written[0]
    assert "inside, see its texts" not in written[0]


def test_data_and_source_are_in_it(written: tuple[str, list[about.Part]]) -> None:
    assert "CC BY 4.0" in written[0]
    assert about.SOURCE_ARCHIVE in written[0]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("libx264-d6533a8d.so.165", "x264"),
        ("libscipy_openblas64_-32a4b2a6.so", "scipy_openblas64_"),
        ("libgfortran-040039e1-0352e75f.so.5.0.0", "gfortran"),
        ("libpcre2-16-bca4e6b3.so.0.7.1", "pcre2"),
        ("libcudart.faf08d9a.so.13", "cudart"),
        ("libxcb-render-util-f04ad2c5.so.0.0.0", "xcb-render-util"),
        ("libavcodec.62.28.102.dylib", "avcodec"),
        ("avcodec-62-9a8b7c6d5e4f3a2b.dll", "avcodec"),
    ],
)
def test_the_plain_name_of_a_library(file: str, name: str) -> None:
    assert notices._plain(file) == name
    assert name in libraries.LICENCES


class Package:
    """A package of so much metadata and so many files."""

    def __init__(self, folder: Path, licence: str = "", needs: tuple[str, ...] = ()) -> None:
        self.name, self.version = "mystery", "1.0"
        self.metadata = Message()
        self.metadata["Name"] = self.name
        if licence:
            self.metadata["License-Expression"] = licence
        self.requires = [*needs]
        self._folder = folder
        names = ["mystery/code.py", "mystery/licenses/module.py", "mystery/LICENSE", "NOTICE.txt"]
        self.files = [PackagePath(name) for name in names]

    def locate_file(self, path: PackagePath) -> Path:
        return self._folder / path


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    file = tmp_path / "requirements.txt"
    file.write_text("# a remark\nmystery==1.0\nmystery; python_version < '3'\n\n", "utf-8")
    return file


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> dict[str, Package]:
    """Return the packages that seem to be installed."""
    installed: dict[str, Package] = {}

    def find(name: str) -> Package:
        if name not in installed:
            raise importlib.metadata.PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(importlib.metadata, "distribution", find)
    return installed


def test_a_package_without_a_licence_ends_it(
    requirements: Path, install: dict[str, Package], monkeypatch: pytest.MonkeyPatch
) -> None:
    install["mystery"] = Package(requirements.parent)
    with pytest.raises(notices.Missing, match=r"No licence is known of mystery\."):
        notices.collect(requirements)
    monkeypatch.setitem(notices.KNOWN, "mystery", ("MIT", "its author's letter"))
    (notice, *_others) = [
        each for each in notices.collect(requirements) if each.part.name == "mystery"
    ]
    assert notice.part.licence == "MIT"
    assert "licence as in its author's letter" in notice.remarks


def test_its_texts_are_found_and_its_code_is_not(
    requirements: Path, install: dict[str, Package]
) -> None:
    folder = requirements.parent
    (folder / "mystery").mkdir()
    (folder / "mystery" / "LICENSE").write_text("Do as you like.", "utf-8")
    (folder / "NOTICE.txt").write_text("  \n", "utf-8")
    install["mystery"] = Package(folder, "MIT")
    (package,) = notices.closure(requirements)
    assert notices._package(package).texts == (("mystery/LICENSE", "Do as you like."),)


def test_a_package_that_is_not_here_ends_it(
    requirements: Path, install: dict[str, Package], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(notices.Missing, match="mystery is not installed here"):
        notices.closure(requirements)
    install["mystery"] = Package(requirements.parent, "MIT", ("absent>=2", "no; extra == 'x'"))
    with pytest.raises(notices.Missing, match="absent is not installed here"):
        notices.closure(requirements)
    # The program's own requirements are not met either.
    assert notices.main(["--out", str(requirements.parent)]) == 1
    assert "is not installed here" in capsys.readouterr().err


def test_known_licences_are_of_parts_that_are_required() -> None:
    here = {each.name.lower() for each in notices.closure(ROOT / "requirements.txt")}
    assert set(notices.KNOWN) - {notices.BUILDER} <= here
