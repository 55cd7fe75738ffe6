"""The installer for Windows: compiled without a warning, with all its texts in both languages."""

import re
from pathlib import Path

import pytest

from engine.suffixes import PICTURE_SUFFIXES
from engine.version import __version__
from installer import windows
from tests.helpers.bundles import windows_bundle


def texts(language: str) -> dict[str, str]:
    """Return what the installer says in a language, by name."""
    source = (windows.SCRIPT.parent / f"{language}.nsh").read_text("utf-8")
    found = re.findall(r'^LangString (\w+) \$\{LANG_\w+\} "(.+)"$', source, re.MULTILINE)
    assert len(found) == source.count("\n")
    return dict(found)


def test_every_text_is_in_both_languages() -> None:
    english, chinese = texts("English"), texts("SimpChinese")
    assert list(english) == list(chinese)
    for name, text in chinese.items():
        assert re.search(r"[\u4e00-\u9fff]", text), name
        assert sorted(re.findall(r"\$\w+", text)) == sorted(re.findall(r"\$\w+", english[name]))
    script = windows.SCRIPT.read_text("utf-8")
    used = set(re.findall(r"\$\((\w+)\)", script))
    assert used == set(english)


def test_the_uninstaller_names_what_is_in_the_bundle(tmp_path: Path) -> None:
    lines = list(windows.describe(windows_bundle(tmp_path)))
    assert '  RMDir /r "$INSTDIR\\_internal"' in lines
    assert '  Delete "$INSTDIR\\a$$b.txt"' in lines
    assert sum("insertmacro" in line for line in lines) == len(PICTURE_SUFFIXES)


def test_what_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--bundle", str(tmp_path), "--out", str(tmp_path / "x.exe")]
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert windows.main(arguments) == 1
    assert "apt-get install nsis" in capsys.readouterr().err
    monkeypatch.setattr("shutil.which", lambda name: name)
    assert windows.main(arguments) == 1
    assert windows.PROGRAM in capsys.readouterr().err


@pytest.mark.tool("makensis")
@pytest.mark.parametrize("compressor", windows.COMPRESSORS)
@pytest.mark.parametrize("kind", ["amd64-unicode", "x86-unicode"])
def test_it_compiles_without_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compressor: str, kind: str
) -> None:
    # NSIS as it is for Windows has the second kind alone.
    monkeypatch.setattr(windows, "target", lambda makensis: kind)
    out = tmp_path / "dist" / windows.OUT.name
    made = windows.make(windows_bundle(tmp_path / "LabSight"), out, compressor)
    assert made == out
    assert out.read_bytes()[:2] == b"MZ"
    # What Windows shows of it in its properties.
    for words in (__version__, "Installs LabSight", "LabSight 安装程序"):
        assert words.encode("utf-16-le") in out.read_bytes()


@pytest.mark.tool("makensis")
def test_a_fault_of_the_script_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.nsi"
    broken.write_text("Nonsense", "utf-8")
    monkeypatch.setattr(windows, "SCRIPT", broken)
    with pytest.raises(windows.Problem, match="Nonsense"):
        windows.make(windows_bundle(tmp_path / "LabSight"), tmp_path / "x.exe")
