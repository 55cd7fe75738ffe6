"""Labels: inside the picture, beside one another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.fonts import text_mask
from engine.labels import Anchor, Label, Rank, draw_labels, draw_ranking, place

COORDINATE = st.floats(-500, 500)
ANCHORS = st.lists(st.builds(Anchor, COORDINATE, COORDINATE, COORDINATE, COORDINATE), max_size=12)


@given(ANCHORS, st.integers(40, 300), st.integers(20, 300))
def test_every_tab_is_inside_the_picture(anchors: list[Anchor], width: int, height: int) -> None:
    sizes = [(40 - number, 20 - number) for number in range(len(anchors))]
    for (x, y), (across, down) in zip(place(anchors, sizes, width, height), sizes, strict=True):
        assert 0 <= x <= width - across
        assert 0 <= y <= height - down


def test_a_tab_stands_above_its_object() -> None:
    assert place([Anchor(50, 60, 120, 100)], [(40, 20)], 200, 200) == [(50, 40)]


def test_a_tab_stands_over_the_highest_point_of_a_shape() -> None:
    assert place([Anchor(50, 60, 120, 100, 90)], [(40, 20)], 200, 200) == [(70, 40)]
    assert place([Anchor(50, 60, 120, 100, 118)], [(40, 20)], 200, 200) == [(80, 40)]


def test_tabs_of_one_place_do_not_cover_one_another() -> None:
    anchors = [Anchor(80, 80, 130, 130)] * 5
    placed = place(anchors, [(40, 16)] * 5, 300, 300)
    for first, (x, y) in enumerate(placed):
        for other_x, other_y in placed[:first]:
            assert abs(x - other_x) >= 40 or abs(y - other_y) >= 16


def test_only_the_tab_changes_and_it_has_its_colour() -> None:
    image = np.full((100, 200, 3), 40, np.uint8)
    draw_labels(image, [Label(("gel", "0.93"), (230, 159, 0), Anchor(20, 50, 90, 90))], 16)
    rows, columns = np.nonzero((image != 40).any(axis=2))
    tab = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert (rows.max(), columns.min()) == (49, 20)
    assert tab.shape[0] == text_mask("", 16).shape[0]
    assert tab[tab.shape[0] // 2, 1].tolist() == [230, 159, 0]
    assert (tab == 0).all(axis=2).any()


def test_the_first_label_lies_on_top() -> None:
    image = np.zeros((text_mask("", 11).shape[0], 30, 3), np.uint8)
    anchor = Anchor(0, 0, 30, 14)
    red, blue = (200, 0, 0), (0, 0, 200)
    labels = [Label(("cells", "0.9"), red, anchor), Label(("cells", "0.9"), blue, anchor)]
    draw_labels(image, labels, 11)
    assert (image == red).all(axis=2).any()
    assert not (image == blue).all(axis=2).any()


@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 300), (300, 5), (30, 3), (14, 14)])
def test_pictures_smaller_than_a_label(height: int, width: int) -> None:
    image = np.zeros((height, width, 3), np.uint8)
    draw_labels(image, [Label(("something",), (9, 9, 9), Anchor(0, 0, 1, 1))], 12)
    draw_ranking(image, [Rank("something", 0.5, (9, 9, 9))] * 5, 12)
    assert image.shape == (height, width, 3)


def test_a_ranking_fills_the_corner_only() -> None:
    image = np.full((200, 300, 3), 255, np.uint8)
    ranks = [Rank("cat", 0.9, (230, 159, 0)), Rank("dog", 0.1, (0, 114, 178))]
    draw_ranking(image, ranks, 14)
    changed = (image != 255).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert changed[0, 0]
    assert rows.max() < 100
    assert columns.max() < 150
    assert changed[: rows.max() + 1, : columns.max() + 1].mean() > 0.9
    first, second = ((image == rank.colour).all(axis=2).sum() for rank in ranks)
    assert first > 5 * second > 0


def test_nothing_to_draw() -> None:
    image = np.full((20, 20, 3), 7, np.uint8)
    draw_labels(image, [], 12)
    draw_ranking(image, [], 12)
    assert (image == 7).all()
