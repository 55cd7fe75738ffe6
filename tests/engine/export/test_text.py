"""Texts are changed only where a format cannot hold them."""

from xml.etree import ElementTree

import pytest

from engine.export.text import encodable, printable


@pytest.mark.parametrize("text", ["", "naïve 文件", "a\tb\nc\rd", "\U0001f9ea", "\ufffd\ue000"])
def test_ordinary_texts_stay(text: str) -> None:
    assert encodable(text) == text
    assert printable(text) == text


def test_every_character_becomes_printable() -> None:
    for code in [*range(0x20), 0x7F, 0xD800, 0xDFFF, 0xFFFE, 0xFFFF, 0x10FFFF]:
        text = printable(f"a{chr(code)}b")
        assert len(text) == 3
        assert ElementTree.fromstring(f"<a>{text}</a>").text is not None


def test_undecodable_file_names_become_encodable() -> None:
    assert encodable(b"caf\xe9.png".decode("utf-8", "surrogateescape")) == "caf\ufffd.png"
