"""File names: readable, unique, valid on every system."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.filenames import media_name


def name(origin: str) -> str:
    return media_name(origin, 0, False, set())


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("/data/scan.v2.tif", "scan.v2.jpg"),
        ("C:\\Users\\me\\tube 1.PNG", "tube 1.jpg"),
        ("/data/血清 样本🧪.png", "血清 样本🧪.jpg"),
        ("/data/👩‍🔬.png", "👩‍🔬.jpg"),
        ("what?.jpg", "what_.jpg"),
        ('a<b>:"|*.jpg', "a_b_____.jpg"),
        ("line\nbreak\x07.jpg", "line_break_.jpg"),
        ("evil\u202egpj.exe.jpg", "evilgpj.exe.jpg"),
        ("broken\udcff.jpg", "broken_.jpg"),
        (".hidden", "hidden.jpg"),
        ("dots... .jpg", "dots.jpg"),
        ("", "picture.jpg"),
        ("...", "picture.jpg"),
        ("CON.jpg", "_CON.jpg"),
        ("com1.tar.gz", "_com1.tar.jpg"),
        ("console.png", "console.jpg"),
        ("e\u0301.png", "é.jpg"),
        ("rtsp://user:secret@camera.lab/stream1?token=1", "stream1.jpg"),
        ("rtsp://user:secret@camera.lab", "camera.lab.jpg"),
        ("http://192.168.1.4:8080/", "192.168.1.4_8080.jpg"),
    ],
)
def test_names_stay_readable_and_become_safe(origin: str, expected: str) -> None:
    assert name(origin) == expected


def test_pages_are_numbered_from_one() -> None:
    taken: set[str] = set()
    names = [media_name("a.tif", index, True, taken) for index in (0, 1, 1200)]
    assert names == ["a-p001.jpg", "a-p002.jpg", "a-p1201.jpg"]


def test_equal_names_are_numbered_also_where_systems_do_not_tell_them_apart() -> None:
    taken: set[str] = set()
    origins = ("x/Scan.png", "y/scan.jpg", "z/SCAN.tif", "é.png", "e\u0301.png")
    assert [media_name(origin, 0, False, taken) for origin in origins] == [
        "Scan.jpg",
        "scan-2.jpg",
        "SCAN-3.jpg",
        "é.jpg",
        "é-2.jpg",
    ]
    assert media_name("scan-2.png", 0, False, taken) == "scan-2-2.jpg"
    assert media_name("scan.png", 0, False, taken, ".mp4") == "scan.mp4"


def test_many_equal_names() -> None:
    taken: set[str] = set()
    names = [media_name(f"{number}/image.png", 0, False, taken) for number in range(3000)]
    assert names[-1] == "image-3000.jpg"
    assert len(set(names)) == 3000


@pytest.mark.parametrize("letter", ["a", "血", "🧪", "👩‍🔬"])
def test_long_names_are_cut_to_bytes_and_stay_unique(letter: str) -> None:
    taken: set[str] = set()
    first, second = (media_name(letter * 500 + ".png", 3, True, taken) for _ in range(2))
    assert len(first.encode()) <= 180
    assert len(second.encode()) <= 180
    assert first.endswith("-p004.jpg")
    assert second.endswith("-p004-2.jpg")
    assert first.startswith(letter * 5)


@given(st.text(), st.booleans())
def test_any_text_gives_a_valid_name(origin: str, pages: bool) -> None:
    made = media_name(origin, 0, pages, set())
    stem = made.removesuffix(".jpg")
    assert 5 <= len(made.encode()) <= 180
    assert not set(made) & set('<>:"/\\|?*')
    assert all(unicodedata.category(letter) not in ("Cc", "Cs") for letter in made)
    assert stem == stem.strip(" .")
