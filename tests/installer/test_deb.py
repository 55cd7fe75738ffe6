"""The Debian package: what is in it, what it depends on, and what the desktop makes of it."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.store.schema import APPLICATION_ID, SESSION_FILE
from engine.suffixes import PICTURE_SUFFIXES
from engine.version import __version__
from installer import deb, depends, icons

LINUX = deb.TEMPLATES


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder like the one that PyInstaller makes, with modes that a wheel may bring."""
    folder = tmp_path_factory.mktemp("dist") / "LabSight"
    (folder / "_internal").mkdir(parents=True)
    program = folder / "LabSight"
    program.write_text("#!/bin/sh\necho LabSight\n", "utf-8")
    program.chmod(0o700)
    (folder / "_internal" / "资源.txt").write_text("kept", "utf-8")
    (folder / "_internal" / "资源.txt").chmod(0o600)
    (folder / "_internal" / "library.so").write_bytes(Path("/bin/true").read_bytes())
    (folder / "_internal" / "link.so").symlink_to("library.so")
    return folder


@pytest.fixture(scope="module")
def package(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    for tool in ("dpkg-deb", "objdump"):
        if shutil.which(tool) is None:
            pytest.skip(f"needs the system tool {tool}")
    return deb.make(bundle, tmp_path_factory.mktemp("deb"))


@pytest.fixture(scope="module")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("root")
    subprocess.run(["dpkg-deb", "-x", str(package), str(folder)], check=True)
    return folder


def field(package: Path, name: str) -> str:
    command = ["dpkg-deb", "-f", str(package), name]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_it_says_what_it_is(package: Path) -> None:
    assert package.name == f"labsight_{__version__}_{deb.architecture()}.deb"
    assert field(package, "Package") == "labsight"
    assert field(package, "Version") == __version__
    assert field(package, "Depends").startswith("libc6 (>= 2.")
    assert "libgl1" in field(package, "Depends").split(", ")
    assert int(field(package, "Installed-Size")) > 50


def test_the_program_and_its_command(bundle: Path, unpacked: Path) -> None:
    inside = unpacked / "opt" / "labsight"
    names = {path.relative_to(inside) for path in inside.rglob("*")}
    assert names == {path.relative_to(bundle) for path in bundle.rglob("*")}
    assert os.readlink(unpacked / "usr" / "bin" / "labsight") == "/opt/labsight/LabSight"
    assert os.readlink(inside / "_internal" / "link.so") == "library.so"


def test_everybody_may_read_and_nobody_else_write(package: Path) -> None:
    command = ["dpkg-deb", "-c", str(package)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert lines.count("\n") > 30
    for line in lines.splitlines():
        mode, owner, *_rest = line.split()
        assert owner == "root/root"
        assert mode in ("drwxr-xr-x", "-rwxr-xr-x", "-rw-r--r--", "lrwxrwxrwx"), line
    assert [line for line in lines.splitlines() if line.endswith("/LabSight")][0][3] == "x"


def test_it_runs_nothing_of_its_own_when_installed(package: Path, tmp_path: Path) -> None:
    subprocess.run(["dpkg-deb", "-e", str(package), str(tmp_path / "control")], check=True)
    assert {path.name for path in (tmp_path / "control").iterdir()} == {"control", "md5sums"}


def test_icons_in_all_sizes(unpacked: Path) -> None:
    themed = unpacked / "usr" / "share" / "icons" / "hicolor"
    for context, name in (("apps", "labsight"), ("mimetypes", "application-x-labsight")):
        assert (themed / "scalable" / context / f"{name}.svg").is_file()
        found = {path.parent.parent.name for path in themed.glob(f"*/{context}/{name}.png")}
        assert found == {f"{size}x{size}" for size in icons.PNG_SIZES}


def test_licence_and_changes(unpacked: Path) -> None:
    texts = unpacked / "usr" / "share" / "doc" / "labsight"
    assert "AFFERO" in (texts / "copyright").read_text("utf-8")
    assert __version__ in gzip.decompress((texts / "changelog.gz").read_bytes()).decode()


def test_without_a_program_there_is_no_package(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deb.main(["--bundle", str(tmp_path), "--out", str(tmp_path)]) == 1
    assert "python -m installer.build" in capsys.readouterr().err


def test_a_tool_that_is_missing_is_named(bundle: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shutil.which", lambda name: None)
        with pytest.raises(deb.Problem, match="dpkg-deb and objdump is missing"):
            deb.make(bundle, tmp_path)


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """Return a bundle with a library that needs one from elsewhere that no package is known of."""
    (tmp_path / "bundle").mkdir()
    for name, needs in (("libodd.so", []), ("bundle/part.so", ["-L.", "-lodd"])):
        command = ["g++", "-shared", "-x", "c++", "/dev/null", "-Wl,--no-as-needed", "-o", name]
        subprocess.run([*command, *needs], cwd=tmp_path, check=True)
    return tmp_path / "bundle"


@pytest.mark.tool("objdump")
@pytest.mark.tool("g++")
def test_a_library_of_no_known_package_ends_it(foreign: Path) -> None:
    with pytest.raises(depends.Unknown, match=r"libodd\.so \(of part\.so\)"):
        depends.packages(foreign)
    # What is in the bundle is asked of nobody.
    (foreign / "libodd.so").write_bytes((foreign.parent / "libodd.so").read_bytes())
    assert depends.packages(foreign)[0].startswith("libc6 (>= ")


@pytest.mark.tool("objdump")
@pytest.mark.tool("g++")
def test_what_qt_can_do_without_is_no_dependency(foreign: Path) -> None:
    plugins = foreign / "plugins" / "platformthemes"
    plugins.mkdir(parents=True)
    (foreign / "part.so").rename(plugins / "libqgtk3.so")
    assert "libodd.so" not in depends.look(foreign).libraries


@pytest.mark.tool("desktop-file-validate")
def test_the_entry_of_the_menu_is_right() -> None:
    command = ["desktop-file-validate", str(LINUX / "labsight.desktop")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def entry() -> dict[str, str]:
    lines = (LINUX / "labsight.desktop").read_text("utf-8").splitlines()[1:]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def test_the_entry_is_in_both_languages_and_starts_the_program() -> None:
    found = entry()
    for name in ("Comment", "GenericName", "Keywords"):
        assert found[f"{name}[zh_CN]"] != found[name]
    assert found["Exec"] == "/opt/labsight/LabSight %F"
    # The window's own class, by which a panel finds its entry.
    assert found["StartupWMClass"] == "labsight"


ASK = """
import json, sys
from PyQt6.QtCore import QMimeDatabase
types = QMimeDatabase()
print(json.dumps([types.mimeTypeForFile(path).name() for path in sys.argv[1:]]))
"""


def kinds(data: Path, *files: Path) -> list[str]:
    """Return the MIME types of files by the database below a data folder."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, *map(str, files)],
        env=os.environ | {"XDG_DATA_HOME": str(data)},
        capture_output=True,
        text=True,
        check=True,
    )
    return [str(each) for each in json.loads(done.stdout)]


@pytest.mark.tool("update-mime-database")
def test_sessions_have_a_type_by_name_and_by_content(tmp_path: Path) -> None:
    packages = tmp_path / "mime" / "packages"
    packages.mkdir(parents=True)
    (packages / "labsight.xml").write_text((LINUX / "labsight.xml").read_text("utf-8"), "utf-8")
    subprocess.run(["update-mime-database", str(tmp_path / "mime")], check=True)
    named = tmp_path / SESSION_FILE
    named.touch()
    unnamed = tmp_path / "without a suffix"
    header = bytearray(b"SQLite format 3\0".ljust(100, b"\0"))
    header[68:72] = APPLICATION_ID.to_bytes(4, "big")
    unnamed.write_bytes(header)
    assert kinds(tmp_path, named, unnamed) == ["application/x-labsight"] * 2


def test_the_types_of_the_entry_are_of_files_that_open(tmp_path: Path) -> None:
    from PyQt6.QtCore import QMimeDatabase

    session, *pictures = entry()["MimeType"].rstrip(";").split(";")
    assert session == "application/x-labsight"
    types = QMimeDatabase()
    for name in pictures:
        assert name.startswith("image/")
        suffixes = {f".{each}" for each in types.mimeTypeForName(name).suffixes()}
        # Qt's own database knows fewer than a desktop's.
        assert not suffixes or suffixes & PICTURE_SUFFIXES, name
