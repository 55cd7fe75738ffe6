"""Ultralytics leaves a person's pictures as they are."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from engine import device


def test_ultralytics_repairs_no_picture_where_it_lies(tmp_path: Path) -> None:
    device.prepare()
    from ultralytics.data.utils import check_image

    from engine.training import trainer

    trainer._keep_to_the_folder()
    path = tmp_path / "1.jpg"
    Image.effect_noise((64, 64), 80).convert("RGB").save(path)
    cut = path.read_bytes()[:-2]
    path.write_bytes(cut)
    assert check_image(str(path))[1] == (64, 64)
    assert path.read_bytes() == cut
    assert list(tmp_path.iterdir()) == [path]
