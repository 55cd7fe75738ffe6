"""Parts, credits and the offer of the source, as the dialog and the notices show them."""

import json
from email.message import Message
from importlib.metadata import PackageMetadata
from pathlib import Path
from typing import cast

import pytest

from engine import about, paths
from engine.about import Part, data_credits, format_table, licence_of, parse_table, source_offer
from engine.paths import ROOT, bundled_weights, document
from engine.version import __version__


def metadata(**fields: str | list[str]) -> PackageMetadata:
    message = Message()
    for name, value in fields.items():
        for each in [value] if isinstance(value, str) else value:
            message[name.replace("_", "-")] = each
    return cast(PackageMetadata, message)


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        ({"License_Expression": "MIT", "License": "BSD"}, "MIT"),
        ({"License": "AGPL-3.0", "Classifier": ["License :: OSI Approved :: GNU"]}, "AGPL-3.0"),
        (
            {"License": "MIT License\n\nCopyright", "Classifier": ["License :: OSI Approved :: X"]},
            "X",
        ),
        ({"License": "MIT License\n\nCopyright"}, "MIT License"),
        ({"License": "UNKNOWN", "Classifier": ["License :: OSI Approved :: BSD"]}, "BSD"),
        ({"Classifier": ["License :: OSI Approved", "License :: A :: B", "Topic :: C"]}, "B"),
        ({"Classifier": ["Topic :: C"]}, ""),
        ({}, ""),
    ],
)
def test_a_licence_in_one_line(fields: dict[str, str | list[str]], licence: str) -> None:
    assert licence_of(metadata(**fields)) == licence


def test_the_table_is_read_as_it_was_written() -> None:
    parts = [Part("numpy", "2.4", "BSD AND MIT", "https://numpy.org"), Part("x", "1", "A | B")]
    text = f"# Parts\n\n{format_table(parts)}"
    assert parse_table(text) == [parts[0], Part("x", "1", "A / B")]
    assert parse_table("") == []


def test_the_credits_name_all_that_the_weights_learned_from() -> None:
    found = data_credits()
    assert {each.weights for each in found} == {path.stem for path in bundled_weights()}
    assert all(each.credit and each.licence for each in found)
    (blood,) = (each for each in found if each.name == "BloodScan")
    assert "xxd-ars" in blood.credit
    assert blood.licence == "CC BY 4.0"


def test_weights_without_a_readable_card_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, card in (("a", "{"), ("b", None), ("c", json.dumps({"data": [{"name": "n"}]}))):
        (tmp_path / f"{name}.pt").touch()
        if card is not None:
            (tmp_path / f"{name}.json").write_text(card, "utf-8")
    monkeypatch.setattr(about, "bundled_weights", lambda: sorted(tmp_path.glob("*.pt")))
    (credit,) = data_credits()
    assert (credit.weights, credit.name, credit.licence) == ("c", "n", "")


def test_the_source_is_that_of_this_version() -> None:
    assert f"labsight-{__version__}-source.tar.gz" in source_offer()


def test_texts_come_from_the_bundle_or_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert document("LICENSE") == ROOT / "LICENSE"
    assert document("absent") == ROOT / "absent"
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "NOTICES.txt").touch()
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    assert document("NOTICES.txt") == tmp_path / "build" / "NOTICES.txt"
    monkeypatch.setattr("sys._MEIPASS", str(tmp_path / "bundle"), raising=False)
    assert document("NOTICES.txt") == tmp_path / "bundle" / "NOTICES.txt"
