"""Errors speak in whole sentences, in the language of the moment they are shown."""

import ast
import errno
import os
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import errors
from engine.errors import EngineError, ExportError, StoreError, writing_failed
from engine.i18n import activate
from tests.helpers.catalogue import catalogue, speak_english

ROOT = Path(__file__).resolve().parent.parent.parent
KINDS = {name for name, kind in vars(errors).items() if isinstance(kind, type)} - {"Cancelled"}


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    speak_english()


def test_values_fill_the_sentence_and_the_hint() -> None:
    error = EngineError("{path} is {state}.", "Repair {path}.", path="a {b}.jpg", state="broken")
    assert error.message == "a {b}.jpg is broken."
    assert error.hint == "Repair a {b}.jpg."
    assert str(error) == "a {b}.jpg is broken. Repair a {b}.jpg."
    assert str(EngineError("Nothing was found.")) == "Nothing was found."
    assert EngineError("Nothing was found.").hint == ""


def test_an_error_is_translated_when_it_is_shown(tmp_path: Path) -> None:
    texts = {"{path} is empty.": "{path} 是空的。", "Copy it again.": "请重新复制。"}
    error = StoreError("{path} is empty.", "Copy it again.", path="a.jpg")
    with catalogue(tmp_path, texts):
        assert str(error) == "a.jpg is empty. Copy it again."
        activate("zh_CN")
        assert str(error) == "a.jpg 是空的。 请重新复制。"
        activate("en")
        assert error.message == "a.jpg is empty."


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_an_engine_error(kind: str) -> None:
    found = getattr(errors, kind)
    assert issubclass(found, EngineError)
    assert isinstance(found("A sentence."), Exception)


def test_a_cancelled_job_is_no_error_to_show() -> None:
    assert not issubclass(errors.Cancelled, EngineError)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "quota is used up"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "No permission"),
        (errno.EPERM, "No permission"),
        (errno.EISDIR, "a folder, not a file"),
        (errno.ENOTDIR, "a file, not a folder"),
        (errno.EEXIST, "a file, not a folder"),
        (errno.ENAMETOOLONG, "too long"),
        (errno.EIO, "Input/output error"),
        (errno.EFBIG, "File too large"),
        (None, "broken"),
    ],
)
def test_what_a_disk_says_becomes_a_sentence(number: int | None, words: str) -> None:
    cause = OSError("broken") if number is None else OSError(number, os.strerror(number), "x")
    error = writing_failed(cause, Path("结果/{a}.xlsx"), ExportError)
    assert isinstance(error, ExportError)
    assert words in error.message
    assert "结果/{a}.xlsx" in error.message
    assert error.message.endswith(".")
    assert error.hint.endswith(".")


def templates(node: ast.expr, constants: dict[str, str]) -> str | None:
    """Return the text of a marked template or of a constant that holds one."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "N_":
        node = node.args[0]
    elif isinstance(node, ast.Name):
        return constants.get(node.id)
    elif not (isinstance(node, ast.Constant) and node.value == ""):
        return None
    text = node.value if isinstance(node, ast.Constant) else None
    return text if isinstance(text, str) else None


def names(template: str) -> set[str]:
    """Return the values that a template wants."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def faults(source: str) -> list[str]:
    """Return the errors of a file whose templates and values do not fit."""
    tree = ast.parse(source)
    constants: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            text = templates(node.value, {})
            if text is not None:
                constants[node.targets[0].id] = text
    wrong = []
    for call in ast.walk(tree):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name | ast.Attribute)):
            continue
        kind = call.func.id if isinstance(call.func, ast.Name) else call.func.attr
        given = {keyword.arg for keyword in call.keywords}
        if kind not in KINDS or None in given:
            continue
        where = f"line {call.lineno}: "
        literal = [isinstance(argument, ast.Constant | ast.JoinedStr) for argument in call.args]
        if any(literal):
            wrong.append(where + "a text without its mark")
        texts = [templates(argument, constants) for argument in call.args]
        known = [text for text in texts if text is not None]
        wanted = set().union(*(names(text) for text in known)) if known else set()
        if "" in wanted or any(name.isdigit() for name in wanted):
            wrong.append(where + "a value without a name")
        elif wanted - given:
            wrong.append(where + f"lacks {sorted(wanted - given)}")
        elif given - wanted and len(known) == len(texts):
            wrong.append(where + f"does not use {sorted(str(name) for name in given - wanted)}")
        else:
            filled = [text.format(**{str(name): 1 for name in given}) for text in known]
            if not all(text.endswith(".") or text == "" for text in filled):
                wrong.append(where + "no sentence")
    return wrong


@pytest.mark.parametrize("folder", ["engine", "desktop"])
def test_every_error_is_given_what_its_sentences_need(folder: str) -> None:
    wrong = {
        path.relative_to(ROOT).as_posix(): found
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (found := faults(path.read_text("utf-8")))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ('raise StoreError(N_("{path} is empty."), N_("Copy it."))', "lacks ['path']"),
        ('raise StoreError(N_("It is empty."), path=1)', "does not use ['path']"),
        ('raise StoreError(N_("{} is empty."), path=1)', "without a name"),
        ('raise StoreError("It is empty.")', "without its mark"),
        ('raise StoreError(N_("It is empty."), "Copy it.")', "without its mark"),
        ('raise StoreError(f"{path} is empty.")', "without its mark"),
        ('raise StoreError(N_("It is empty"))', "no sentence"),
        ('H = N_("Copy {it}.")\nraise errors.StoreError(N_("It is empty."), H)', "lacks ['it']"),
    ],
)
def test_a_planted_fault_is_found(source: str, fault: str) -> None:
    (found,) = faults(source)
    assert fault in found


@pytest.mark.parametrize(
    "source",
    [
        'StoreError(N_("{path} is empty."), N_("Copy {path!s:>3}."), path=1)',
        'StoreError(N_("{path} is empty."), hint, path=1, other=2)',
        "StoreError(message, hint, **values)",
        'ValueError("lower case")',
    ],
)
def test_a_right_error_is_left_alone(source: str) -> None:
    assert faults(source) == []
