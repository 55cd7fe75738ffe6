"""Pictures, videos and a command line to try on them."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.cli import detect, run
from engine.inference.fake import FakeDetector
from engine.media import write_picture
from engine.scenes.tubes import render_tubes
from engine.video_writer import VideoWriter
from tests.helpers.catalogue import speak_english
from tests.helpers.checkpoints import random_checkpoint
from tests.helpers.command_line import Command, Said

FIRST_SEED = 900_000
"""Not among the seeds that the default weights were trained on."""


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    speak_english()


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Return a function that runs a command line in this process."""

    def say(*arguments: object) -> Said:
        capsys.readouterr()
        try:
            code = run([str(argument) for argument in arguments])
        except SystemExit as end:
            # Only --help and --version end the process themselves.
            code = int(end.code or 0)
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Said(code, said.out, said.err)

    return say


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeDetector:
    """Let a detector without a network do the work."""
    detector = FakeDetector(5)
    monkeypatch.setattr(detect, "open_detector", lambda config: detector)
    return detector


@pytest.fixture(scope="session")
def tubes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with three rendered pictures of different sizes."""
    folder = tmp_path_factory.mktemp("tubes")
    for number, size in enumerate([(640, 480), (333, 517), (800, 600)]):
        write_picture(render_tubes(FIRST_SEED + number, size).image, folder / f"t{number}.jpg")
    return folder


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a video of eight frames at ten a second."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    image = render_tubes(FIRST_SEED, (320, 240)).image
    with VideoWriter(path, Fraction(10), (320, 240)) as writer:
        for number in range(8):
            writer.write(np.roll(image, number, axis=1), number / 10)
    return path


@pytest.fixture(scope="session")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return weights that find very many objects of seven classes, all of them by chance."""
    return random_checkpoint(tmp_path_factory.mktemp("weights"), "yolo11", "detect")


@pytest.fixture(scope="session")
def texture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a picture with structure at several scales, which excites random networks."""
    rng = np.random.default_rng(1)
    layers = [
        Image.fromarray(rng.integers(0, 256, (300 // cell + 1, 400 // cell + 1, 3), np.uint8))
        for cell in (4, 16, 64)
    ]
    image = np.mean([np.asarray(layer.resize((400, 300))) for layer in layers], axis=0)
    path = tmp_path_factory.mktemp("texture") / "texture.png"
    Image.fromarray(image.astype(np.uint8)).save(path)
    return path


@pytest.fixture
def plain(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that makes a folder of small pictures for runs without a network."""

    def make(count: int = 3, name: str = "pictures") -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        for number in range(count):
            Image.new("RGB", (64, 48), (90, 90, 90)).save(folder / f"{number}.png")
        return folder

    return make
