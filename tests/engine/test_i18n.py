"""One mechanism for all languages: found, switched, and complete in what it is given."""

import argparse
import ast
import locale
import os
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import i18n
from engine.i18n import N_, activate, language, preferred, translate
from tests.helpers.catalogue import ENGLISH_WORDS, catalogue, speak_english

ROOT = Path(__file__).resolve().parent.parent.parent
TEXTS = {"Confidence": "置信度", "{count} pictures": "{count} 张图片"} | ENGLISH_WORDS


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    speak_english()


def test_the_language_can_change_at_any_time(tmp_path: Path) -> None:
    assert N_("Confidence") == "Confidence"
    with catalogue(tmp_path, TEXTS):
        activate("zh_CN")
        assert language() == "zh_CN"
        assert translate("Confidence") == "置信度"
        assert translate("{count} pictures").format(count=3) == "3 张图片"
        assert os.environ["LANGUAGE"] == "zh_CN"
        activate("en")
        assert language() == "en"
        assert translate("Confidence") == "Confidence"


def test_a_text_without_a_translation_and_an_empty_one_stay_themselves(tmp_path: Path) -> None:
    with catalogue(tmp_path, TEXTS):
        activate("zh_CN")
        assert translate("Never translated") == "Never translated"
        # For an empty text a catalogue would give its own header.
        assert translate("") == ""


def test_a_language_without_a_catalogue_speaks_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(i18n, "resource", lambda name: tmp_path / "absent")
    activate("zh_CN")
    assert translate("Confidence") == "Confidence"


def test_the_parser_of_the_command_line_follows(tmp_path: Path) -> None:
    with catalogue(tmp_path, TEXTS):
        activate("zh_CN")
        help_text = argparse.ArgumentParser(prog="main.py").format_help()
        assert "用法: main.py" in help_text
        assert "选项:" in help_text
        activate("en")
        assert "usage: main.py" in argparse.ArgumentParser(prog="main.py").format_help()


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh_CN"),
        ({"LANG": "zh_TW.UTF-8"}, "zh_CN"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8"}, "zh_CN"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8", "LABSIGHT_LANG": "en"}, "en"),
        ({"LABSIGHT_LANG": "zh_CN", "LC_ALL": "en_US.UTF-8"}, "zh_CN"),
        ({"LABSIGHT_LANG": "", "LANG": "zh_CN"}, "zh_CN"),
    ],
    ids=str,
)
def test_the_machine_is_asked_in_order(
    variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LABSIGHT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(locale, "getlocale", lambda: (None, None))
    assert preferred() == expected


@pytest.mark.parametrize(
    ("system", "expected"),
    [("Chinese (Simplified)_China", "zh_CN"), ("zh_CN", "zh_CN"), ("English_Germany", "en")],
)
def test_windows_is_asked_through_its_locale(
    system: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LABSIGHT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(locale, "getlocale", lambda: (system, "cp936"))
    assert preferred() == expected


def translated_calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls that mark or translate a text."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("_", "N_", "translate")
        ):
            yield node


def faults(source: str) -> list[str]:
    """Return the texts of a file that no catalogue can hold, or that are filled wrongly."""
    wrong = []
    tree = ast.parse(source)
    for call in translated_calls(tree):
        text = call.args[0]
        if isinstance(text, ast.JoinedStr | ast.BinOp | ast.Call):
            inner = text.func if isinstance(text, ast.Call) else None
            if not (isinstance(inner, ast.Name) and inner.id == "N_"):
                wrong.append(f"line {call.lineno}: put together before it is translated")
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        template = node.func.value
        if node.func.attr != "format" or template not in list(translated_calls(template)):
            continue
        assert isinstance(template, ast.Call)
        text = template.args[0]
        given = {keyword.arg for keyword in node.keywords}
        if isinstance(text, ast.Constant) and None not in given:
            used = {name for _, name, _, _ in string.Formatter().parse(str(text.value)) if name}
            if used != given or node.args:
                wrong.append(f"line {node.lineno}: uses {sorted(used)}, is given {given}")
    return wrong


@pytest.mark.parametrize("folder", ["engine", "desktop"])
def test_every_text_can_be_translated_and_is_filled(folder: str) -> None:
    wrong = {
        path.relative_to(ROOT).as_posix(): found
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (found := faults(path.read_text("utf-8")))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ('_(f"{count} pictures")', "put together"),
        ('_("a" + name)', "put together"),
        ('_("{a}".format(a=1))', "put together"),
        ('_("{count} pictures").format(number=3)', "uses ['count']"),
        ('_("{count} pictures").format(count=3, more=4)', "uses ['count']"),
        ('_("{} pictures").format(3)', "uses []"),
    ],
)
def test_a_planted_fault_is_found(source: str, fault: str) -> None:
    (found,) = faults(source)
    assert fault in found


@pytest.mark.parametrize(
    "source",
    ['_("{count:.1f} pictures").format(count=3)', 'translate(N_("a {b}.")).format(b=1)', "_(x)"],
)
def test_a_right_text_is_left_alone(source: str) -> None:
    assert faults(source) == []
