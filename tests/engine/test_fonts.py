"""Fonts: found by name, chosen by what they can show."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageFont

from engine import fonts


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the only folder in which fonts are looked for."""
    caches = (fonts.system_fonts, fonts.cjk_font, fonts.text_mask, fonts._lacks)
    monkeypatch.setattr(fonts, "font_folders", lambda: (tmp_path,))
    for cache in caches:
        cache.cache_clear()
    yield tmp_path
    for cache in caches:
        cache.cache_clear()


def add_font(path: Path) -> Path:
    """Write Pillow's own font under another name."""
    own = ImageFont.load_default(10)
    assert isinstance(own, ImageFont.FreeTypeFont)
    assert isinstance(own.path, BytesIO)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(own.path.getvalue())
    return path


def test_fonts_are_found_in_subfolders_best_first(folder: Path) -> None:
    later = add_font(folder / "truetype" / "DejaVuSans.ttf")
    first = add_font(folder / "opentype" / "noto" / "notosanscjk-regular.TTC")
    add_font(folder / "Unknown.ttf")
    assert fonts.system_fonts() == ((first, 0), (later, 0))


def test_a_file_that_is_no_font_is_left_out(folder: Path) -> None:
    (folder / "msyh.ttc").write_bytes(b"no font")
    assert fonts.system_fonts() == ()
    assert fonts.cjk_font() is None


def test_a_machine_without_fonts_still_writes(folder: Path) -> None:
    assert fonts.text_mask("serum", 16).any()
    assert fonts.text_mask("血清", 16).any()


def test_the_first_font_that_has_all_letters_is_chosen(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chinese = add_font(folder / "msyh.ttc")
    latin = add_font(folder / "segoeui.ttf")
    letters = {None: "serum ", (latin, 0): "serum é", (chinese, 0): "serum 血清"}
    monkeypatch.setattr(fonts, "_lacks", lambda face, letter: letter not in letters[face])
    assert isinstance(fonts.label_font(12, "serum").path, BytesIO)
    assert fonts.label_font(12, "serum é").path == latin
    assert fonts.label_font(12, "血清 serum").path == chinese
    assert fonts.label_font(12, "血清 é").path == chinese
    assert fonts.cjk_font() is None
    fonts.cjk_font.cache_clear()
    letters[chinese, 0] += "中文"
    assert fonts.cjk_font() == chinese


def test_pillows_own_font_lacks_what_is_not_ascii(folder: Path) -> None:
    assert not fonts._lacks(None, "a")
    assert not fonts._lacks(None, "\u3000")
    assert fonts._lacks(None, "血")


@pytest.mark.tool("cjk-font")
def test_chinese_is_shown_where_a_font_for_it_is_installed() -> None:
    assert fonts.cjk_font() is not None
    first, second = fonts.text_mask("血", 24), fonts.text_mask("清", 24)
    assert first.any()
    assert first.shape != second.shape or (first != second).any()


def test_masks_of_one_size_have_one_height() -> None:
    masks = [fonts.text_mask(text, 16) for text in ("serum", "gy", "血清", "", "0.93")]
    assert len({mask.shape[0] for mask in masks}) == 1
    assert masks[3].shape[1] == 0
    assert all(mask.max() > 200 for mask in masks if mask.size)


def test_a_larger_size_gives_a_larger_mask() -> None:
    small, large = fonts.text_mask("cells", 12), fonts.text_mask("cells", 48)
    assert large.shape[0] == pytest.approx(4 * small.shape[0], rel=0.1)
    assert large.shape[1] == pytest.approx(4 * small.shape[1], rel=0.2)


def test_words_stand_a_gap_apart() -> None:
    words = [fonts.text_mask(word, 16).shape[1] for word in ("storage", "tank")]
    assert fonts.text_mask("storage tank", 16).shape[1] == sum(words) + fonts.word_gap(16)


def test_masks_are_shared_and_cannot_be_written_to() -> None:
    mask = fonts.text_mask("gel", 16)
    assert fonts.text_mask("gel", 16) is mask
    with pytest.raises(ValueError, match="read-only"):
        mask[:] = 0
    assert mask.dtype == np.uint8


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("serum", "serum"),
        ("two\nlines\tmore", "two lines more"),
        ("a\x00b\u202ec\ud800", "abc"),
        ("❤\ufe0f", "❤"),
        ("e\u0301", "é"),
        ("  ", ""),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert fonts.printable(text) == shown
