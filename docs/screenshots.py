"""Take the screenshots of the documentation: `python docs/screenshots.py [FOLDER]`.

Every state of the window in both languages and both themes, on a small screen and at twice the
scale, with real detections in rendered pictures. Nothing is written outside the folder.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop.app import Application

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "images"
PICTURES = 9
FIRST_SEED = 900_100
VIDEO_FRAMES = 120
CAMERA_FRAMES = 90
EPOCHS = 12
WAIT_MS = 90_000
DIALOGS = ("preferences", "about", "model_card", "official_weights", "shortcuts")


@dataclass(frozen=True, slots=True)
class Look:
    """One way to show the window."""

    language: str
    theme: str
    width: int = 1440
    height: int = 900
    scale: int = 1
    dialogs: bool = False

    @property
    def suffix(self) -> str:
        """What its files are called by."""
        size = "" if (self.width, self.scale) == (1440, 1) else f"-{self.width}x{self.scale}"
        return f"{self.language}-{self.theme}{size}"


LOOKS = (
    Look("en", "light", dialogs=True),
    Look("en", "dark"),
    Look("zh_CN", "light", dialogs=True),
    Look("zh_CN", "dark"),
    Look("en", "light", 1280, 800),
    Look("zh_CN", "light", 1280, 800, 2),
)


def main() -> int:
    """Take all of them, each look in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--look", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--only", help="the beginning of a look, such as zh_CN-dark")
    options = parser.parse_args()
    if options.look is not None:
        take(LOOKS[options.look], options.folder)
        return 0
    options.folder.mkdir(parents=True, exist_ok=True)
    for number, look in enumerate(LOOKS):
        if options.only and not look.suffix.startswith(options.only):
            continue
        with tempfile.TemporaryDirectory() as home:
            environment = os.environ | {
                "QT_QPA_PLATFORM": "offscreen",
                "QT_SCALE_FACTOR": str(look.scale),
                "HOME": home,
                "LABSIGHT_HOME": f"{home}/LabSight",
                "LABSIGHT_DATA": f"{home}/data",
                "PYTHONPATH": str(ROOT),
            }
            command = [sys.executable, __file__, str(options.folder), "--look", str(number)]
            subprocess.run(command, env=environment, check=True)
        print(f"{look.suffix}: done", flush=True)
    return 0


def take(look: Look, folder: Path) -> None:
    """Go through the states of the window and keep a picture of each."""
    from PyQt6.QtWidgets import QApplication

    from desktop.app import Application
    from desktop.settings import Settings

    app = QApplication(["screenshots"])
    settings = Settings()
    settings.change(
        language=look.language,
        theme=look.theme,
        title="Blood tubes" if look.language == "en" else "采血管",
    )
    application = Application(app, settings)
    application.show()
    window = application.window
    assert window is not None
    window.resize(look.width, look.height)

    def keep(name: str) -> None:
        settle()
        shot = (application.window or window).grab()
        shot.save(str(folder / f"window-{name}-{look.suffix}.png"))

    for name in states(application, dialogs=look.dialogs):
        keep(name)
    application.close()


def states(application: Application, *, dialogs: bool) -> Iterator[str]:
    """Bring the window into one state after the other and yield the name of each."""
    from PyQt6.QtWidgets import QApplication, QDialog

    from desktop.state import ObjectKey, Place
    from engine.session import Phase

    state, controller = application.state, application.controller
    wait(lambda: state.model is not None and not state.model_busy)
    yield "empty"
    pictures = render(Path(os.environ["HOME"]) / "tubes")
    controller.open([pictures])
    wait(lambda: bool(state.sources))
    controller.detect()
    wait(lambda: len(state.outcomes) >= 3)
    yield "running"
    wait(lambda: not state.phase.busy)
    assert state.phase is Phase.DONE
    state.change(place=Place(str(state.sources[0])))
    wait(lambda: state.view is not None and not state.view.growing)
    settle(1500)
    state.change(selection=ObjectKey(1, 1))
    settle(800)
    yield "done"
    text = pictures.parent / "notes.txt"
    text.write_text("no picture", encoding="utf-8")
    controller.open([text])
    wait(lambda: application.messages.last is not None)
    yield "error"
    application.messages.clear()
    window = application.window
    assert window is not None
    window.show_tab("history")
    settle(1500)
    yield "history"
    window.show_tab("image")
    yield from video_states(application)
    yield from camera_states(application)
    yield from training_states(application)
    window.show_tab("image")
    for name in DIALOGS if dialogs else ():
        getattr(controller.dialogs, name)()
        settle(600)
        dialog = next(
            each
            for each in QApplication.topLevelWidgets()
            if isinstance(each, QDialog) and each.isVisible()
        )
        application.window, kept = dialog, application.window  # type: ignore[assignment]
        yield name
        application.window = kept
        dialog.reject()


def video_states(application: Application) -> Iterator[str]:
    """Work through a video with a line over it, then show what was found over its time."""
    from fractions import Fraction

    from PyQt6.QtWidgets import QDockWidget

    from benchmarks.video import RATE_HZ, passing
    from engine.counting import CountLine
    from engine.i18n import translate as _
    from engine.video_writer import VideoWriter

    window, controller = application.window, application.controller
    assert window is not None
    path = Path(os.environ["HOME"]) / "rack_0412.mp4"
    size = 1280, 720
    with VideoWriter(path, Fraction(RATE_HZ), size) as writer:
        for index, image in enumerate(passing(VIDEO_FRAMES, size)):
            writer.write(image, index / RATE_HZ)
    workspace = controller.workspaces["video"]
    state = workspace.state
    controller.open([path])
    wait(lambda: controller.videos.status is not None and bool(controller.videos.status.frames))
    line = CountLine(f"{_('Line')} 1", (560.0, 60.0), (560.0, 660.0))
    state.change(counters=(line,), config=replace(state.config, track="bytetrack"))
    controller.detect()
    wait(lambda: state.phase.busy)
    wait(lambda: not state.phase.busy)
    wait(lambda: state.view is not None and not state.view.growing)
    controller.videos.seek(VIDEO_FRAMES // 2)
    settle(2000)
    yield "video"
    (times,) = (each for each in window.findChildren(QDockWidget, "times") if each.isVisible())
    times.raise_()
    settle(1000)
    yield "times"


def camera_states(application: Application) -> Iterator[str]:
    """Show the simulated camera while it is recorded."""
    window, controller = application.window, application.controller
    assert window is not None
    window.show_tab("camera")
    wait(lambda: bool(controller.cameras.devices))
    controller.cameras.choose("sim:")
    controller.cameras.record()
    state = controller.workspaces["camera"].state
    wait(lambda: state.live is not None and state.live.captured > CAMERA_FRAMES)
    yield "camera"
    controller.stop()
    wait(lambda: not state.phase.busy)


def training_states(application: Application) -> Iterator[str]:
    """Train on the demonstration set: before, in the middle, at the end, beside other runs."""
    from PyQt6.QtWidgets import QApplication, QDialog

    from engine.paths import DEFAULT_WEIGHTS, resource
    from engine.training.record import Stage

    window, training = application.window, application.controller.training
    assert window is not None
    state = training.state
    window.show_tab("train")
    settle(500)
    yield "train-empty"
    training.setup.demonstration()
    wait(lambda: state.data is not None)
    training.setup.set_weights(resource(DEFAULT_WEIGHTS))
    # Slowly, as the weights know tubes already.
    gently = {"optimizer": "AdamW", "learning_rate": 0.0003, "nominal_batch": 8}
    training.setup.change(name="tubes", epochs=EPOCHS, input_size=256, batch=8, **gently)
    training.checks.check()
    wait(lambda: state.preflight is not None)
    settle(500)
    yield "train-setup"
    training.dialogs.show_data()
    settle(4000)
    dialog = next(
        each
        for each in QApplication.topLevelWidgets()
        if isinstance(each, QDialog) and each.isVisible()
    )
    application.window, kept = dialog, application.window  # type: ignore[assignment]
    yield "data-set"
    application.window = kept
    dialog.reject()
    training.runs.begin()
    wait(lambda: state.record is not None and len(state.record.epochs) >= EPOCHS * 2 // 3)
    settle(1500)
    yield "train"
    wait(lambda: state.stage is Stage.FINISHED and not state.engaged)
    settle(1500)
    page = window._pages._train
    assert page is not None
    live = page.live
    live.tabs.setCurrentIndex(live.tabs.count() - 1)
    settle(1500)
    yield "train-done"
    page.show_page(1)
    settle(3500)
    yield "runs"


def render(folder: Path) -> Path:
    """Render the pictures that are shown."""
    from engine.media import write_picture
    from engine.scenes.tubes import render_tubes

    folder.mkdir(parents=True)
    for number in range(PICTURES):
        image = render_tubes(FIRST_SEED + number, (1600, 1200)).image
        write_picture(image, folder / f"tube_0412_{number + 1:02}.jpg")
    return folder


def wait(until: Callable[[], bool]) -> None:
    """Let the window work until something holds."""
    from PyQt6.QtTest import QTest

    for _ in range(WAIT_MS // 10):
        if until():
            return
        QTest.qWait(10)  # type: ignore[call-arg, arg-type]
    raise SystemExit("the window did not get there in time")


def settle(milliseconds: int = 250) -> None:
    """Let the window finish painting."""
    from PyQt6.QtTest import QTest

    QTest.qWait(milliseconds)  # type: ignore[call-arg, arg-type]


if __name__ == "__main__":
    sys.exit(main())
