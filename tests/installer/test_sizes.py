"""Which part of the bundle a file counts for, and the table of them."""

from collections import Counter
from pathlib import Path

import pytest

from installer import sizes


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("LabSight", sizes.CODE),
        ("_internal/base_library.zip", sizes.CODE),
        ("_internal/python3.11/lib-dynload/_ssl.so", sizes.CODE),
        ("_internal/LICENSE", sizes.CODE),
        ("_internal/torch/lib/libtorch_cpu.so", "torch"),
        ("_internal/av.libs/libx264-1.so.165", "av"),
        ("_internal/libX11.so.6", sizes.SYSTEM),
        ("_internal/VCRUNTIME140.dll", sizes.SYSTEM),
        ("_internal/numpy-2.4.6.dist-info/METADATA", sizes.METADATA),
    ],
)
def test_the_part_of_a_file(path: str, part: str) -> None:
    assert sizes.part_of(path) == part


def test_everything_is_counted_once_and_links_are_not_followed(tmp_path: Path) -> None:
    library = tmp_path / "_internal" / "torch" / "lib" / "libtorch.so"
    library.parent.mkdir(parents=True)
    library.write_bytes(b"x" * 3000)
    (tmp_path / "LabSight").write_bytes(b"x" * 500)
    (tmp_path / "_internal" / "libtorch.so").symlink_to(library)
    found = sizes.measure(tmp_path)
    assert found["torch"] == 3000
    assert found[sizes.CODE] == 500
    assert 0 < found[sizes.SYSTEM] < 1000


def test_the_table_has_the_largest_first_and_the_total() -> None:
    parts = Counter({"a": 1_000_000, "b": 5_000_000, "c": 2_500_000, "d": 500_000})
    assert sizes.table(parts, most=2).splitlines() == [
        "| part | MB |",
        "|---|---:|",
        "| b | 5.0 |",
        "| c | 2.5 |",
        "| the other 2 | 1.5 |",
        "| **total** | **9.0** |",
    ]
    assert "other" not in sizes.table(parts)
