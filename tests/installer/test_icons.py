"""The icon in the forms that systems want, each size drawn for itself."""

from pathlib import Path

import pytest
from PIL import Image

from installer import icons


@pytest.mark.parametrize("size", [16, 256])
@pytest.mark.parametrize("source", [icons.PROGRAM, icons.SESSION], ids=lambda path: path.stem)
def test_a_size_is_drawn(size: int, source: Path) -> None:
    image = icons.drawn(size, source)
    assert image.size == (size, size)
    # Nothing in the corners, something in the middle.
    assert image.getpixel((0, 0)) == (0, 0, 0, 0)
    assert image.getpixel((size // 2, size // 2))[3] == 255  # type: ignore[index]
    assert len(image.getcolors(size * size) or ()) > 20


def test_the_forms_of_windows_and_macos(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert icons.main(["--out", str(tmp_path / "build")]) == 0
    ico, icns = map(Path, capsys.readouterr().out.splitlines())
    with Image.open(ico) as image:
        assert image.info["sizes"] == {(size, size) for size in icons.ICO_SIZES}
    with Image.open(icns) as image:
        assert image.format == "ICNS"
        assert max(image.info["sizes"])[0] == 512
    with Image.open(icons.write_side(tmp_path / "side.bmp")) as image:
        assert image.size == icons.SIDE_SIZE
