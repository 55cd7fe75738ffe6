"""Columns stand below one another, whatever is in them."""

from engine.cli.columns import aligned, width


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    rows = [["name", "n", "end"], ["a", "1,000", ""], ["longer", "5", "x"]]
    assert list(aligned(rows, right=(1,))) == [
        "name        n  end",
        "a       1,000",
        "longer      5  x",
    ]


def test_chinese_takes_two_cells() -> None:
    assert width("名称 a") == 6
    lines = list(aligned([["名称", "x"], ["abc", "y"]]))
    assert lines == ["名称  x", "abc   y"]
