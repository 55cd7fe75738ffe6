"""What is done with a frozen program to see that it works; each trial returns what is worth saying.

To add a trial: one function and its row in `TRIALS`.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from statistics import median

from benchmarks.window import until_window
from engine.conversion.formats import FORMATS
from engine.paths import DEFAULT_WEIGHTS, ROOT
from engine.version import NAME, __version__
from installer.frozen import Failure, Frozen, refuse_others, until

SLOWEST_START = 1.5
"""The frozen program's start as a multiple of that from source."""
REPEATS = 7
FRAMES = 20
_SEED = 900_000
_CLOSEST = 1e-3
"""So far a converted network may be from torch, relative to values above 1."""


@dataclass(frozen=True, slots=True)
class Material:
    """What the trials work on.

    Attributes:
        picture: Rendered tubes.
        video: The same, moving.
        data: The demonstration set.
    """

    picture: Path
    video: Path
    data: Path


def make_material(folder: Path) -> Material:
    """Render what the trials work on."""
    from engine.datasets import demonstration
    from engine.media import write_picture
    from engine.scenes.tubes import render_tubes
    from engine.video_writer import VideoWriter

    folder.mkdir(parents=True)
    image = render_tubes(_SEED, (640, 480)).image
    picture, video = folder / "tubes – 试管.jpg", folder / "tubes.mp4"
    write_picture(image, picture)
    with VideoWriter(video, Fraction(10), (640, 480)) as writer:
        for number in range(FRAMES):
            writer.write(image, number / 10)
    return Material(picture, video, demonstration(folder))


def version(frozen: Frozen, material: Material) -> str:
    """Let it say its version."""
    said = frozen.say("--version").strip()
    if said != f"{NAME} {__version__}":
        raise Failure(f"it calls itself {said}")
    return said


def doctor(frozen: Frozen, material: Material) -> str:
    """Let it say what this machine has."""
    (report,) = frozen.tell("doctor", "--json")
    if report["problems"]:
        raise Failure("; ".join(report["problems"]))
    rungs = {
        each["rung"] for operator in report["operators"].values() for each in operator.values()
    }
    return f"backends: {', '.join(report['backends'])}; operators: {', '.join(sorted(rungs))}"


def self_test(frozen: Frozen, material: Material) -> str:
    """Let it try its parts."""
    (report,) = frozen.tell("self-test")
    return ", ".join(report["parts"])


def detect(frozen: Frozen, material: Material) -> str:
    """Detect with every backend, and read the Excel files."""
    import openpyxl

    (report,) = frozen.tell("doctor", "--json")
    found = []
    for backend in report["backends"]:
        workbook = frozen.home / f"{backend}.xlsx"
        words = ["detect", material.picture, "--json", "--backend", backend, "--excel", workbook]
        *objects, last = frozen.tell(*words, "--out", frozen.home / NAME / backend)
        count = last["summary"]["detections"]
        rows = openpyxl.load_workbook(workbook).worksheets[1].max_row
        workbook.unlink()
        if not count or rows != count + 1 or not objects:
            raise Failure(f"{backend}: {count} objects, {rows} rows")
        found.append(f"{backend}: {count} objects")
    return ", ".join(found)


def video(frozen: Frozen, material: Material) -> str:
    """Follow objects through a video and play what it writes."""
    import av

    out = frozen.home / NAME / "video"
    *_, last = frozen.tell("detect", material.video, "--track", "--json", "--out", out)
    (written,) = (out / "annotated").glob("*.mp4")
    with av.open(written) as container:
        frames = sum(1 for _ in container.decode(video=0))
    if not last["summary"]["detections"] or frames != FRAMES:
        raise Failure(f"{frames} of {FRAMES} frames, {last}")
    return f"{frames} frames"


def camera(frozen: Frozen, material: Material) -> str:
    """Watch the simulated camera."""
    out = frozen.home / NAME / "camera"
    *frames, _ = frozen.tell("detect", "sim:", "--seconds", 2, "--json", "--out", out)
    if not frames:
        raise Failure("no frame came")
    return f"{len(frames)} frames"


def libraries(frozen: Frozen, material: Material) -> str:
    """Look at what a process loads while it detects: its own, or what every system has."""
    log, out = frozen.home / "libraries.log", frozen.home / NAME / "libraries"
    with frozen.started(log, "detect", "sim:", "--seconds", 60, "--out", out) as process:
        until("torch", lambda: "libtorch_python" in _mapped(process.pid))
        mapped = _mapped(process.pid)
        _refuse_strangers(frozen, mapped)
    log.unlink()
    return f"{len(_libraries(mapped))}, of the bundle or of the system"


def models(frozen: Frozen, material: Material) -> str:
    """List the catalogue and build a network with an operator of ours in it."""
    entries = frozen.tell("models", "--json")
    (shown,) = frozen.tell("models", "show", "yolo11n-seg:block=vss@neck", "--json")
    return f"{len(entries)} entries, {len(shown)} facts of a recipe"


def train(frozen: Frozen, material: Material) -> str:
    """Train for an epoch in a child process."""
    words = ["train", "--json", "--data", material.data, "--model", "yolo11n-seg", "--epochs", 1]
    words += ["--weights", _weights(frozen), "--imgsz", 128, "--batch", 8, "--name", "check"]
    events = frozen.tell(*words)
    kinds = [event["event"] for event in events]
    (end,) = (event for event in events if event["event"] == "finished")
    folder = Path(end["best"]).parent.parent
    refuse_others((folder / "log.txt").read_text("utf-8").splitlines(), "the log of the training")
    missing = {"started", "epoch", "preview", "validation"} - set(kinds)
    if missing or not Path(end["curves"]).is_file():
        raise Failure(f"no {', '.join(missing) or 'curves'} among {kinds}")
    return f"mAP50 {end['metrics']['map50']:.2f}"


def convert(frozen: Frozen, material: Material) -> str:
    """Write every format, which the program compares with torch in the library it is for."""
    found = []
    for name in (each.name for each in FORMATS.values() if not each.needs_cuda):
        out = frozen.home / NAME / "exports" / name
        words = ["export", "--json", "--weights", _weights(frozen), "--format", name, "--out", out]
        *_, end = frozen.tell(*words)
        difference = end.get("difference")
        if end["event"] != "finished" or difference is None or difference > _CLOSEST:
            raise Failure(f"{name}: {end}")
        found.append(f"{name} {difference:.0e}")
    return ", ".join(found)


def window(frozen: Frozen, material: Material) -> str:
    """Let the window be driven from a dropped picture to Excel and a training, and be closed."""
    (report,) = frozen.tell("self-test", "--window")
    return ", ".join(report["parts"])


def crash(frozen: Frozen, material: Material) -> str:
    """Take it down from outside, and see that the next start tells of it."""
    faults, log = frozen.data / "crashes" / "faults.txt", frozen.home / "window.log"
    with frozen.started(log) as process:
        until("the window", (frozen.data / "logs" / "labsight.log").exists)
        _refuse_strangers(frozen, _mapped(process.pid))
        process.send_signal(signal.SIGSEGV)
        until("the end", lambda: process.poll() is not None)
    if not faults.is_file() or not faults.stat().st_size:
        raise Failure("no report was left")
    with frozen.started(log):
        until("the news of it", faults.with_suffix(".seen").exists)
    refuse_others(log.read_text("utf-8").splitlines(), "the window")
    log.unlink()
    return "told by the next start"


def start(frozen: Frozen, material: Material) -> str:
    """Compare the time to the window with that from source, turn by turn."""
    source = [*frozen.command()[:-1], sys.executable, str(ROOT / "main.py")]
    commands = {"source": source, "frozen": frozen.command()}
    times: dict[str, list[float]] = {name: [] for name in commands}
    # The first start of each fills the caches of files and of compiled modules.
    for turn in range(REPEATS + 1):
        for name, command in commands.items():
            seconds = until_window(command, NAME, _seeing(frozen))
            if turn:
                times[name].append(seconds)
    frozen.sweep()
    theirs, ours = median(times["source"]), median(times["frozen"])
    found = f"{ours:.2f} s, {ours / theirs:.2f} times the {theirs:.2f} s from source"
    if ours > SLOWEST_START * theirs:
        raise Failure(f"{found}; {SLOWEST_START} at most")
    return found


Trial = Callable[[Frozen, Material], str]
TRIALS: dict[str, Trial] = {
    "version": version,
    "doctor": doctor,
    "self-test": self_test,
    "detection": detect,
    "video": video,
    "camera": camera,
    "libraries": libraries,
    "models": models,
    "training": train,
    "conversion": convert,
    "window": window,
    "crash": crash,
    "start": start,
}
"""By what they are called in the report."""


def _mapped(process: int) -> str:
    """Return the files that a process has in its memory, as the system lists them."""
    return Path(f"/proc/{process}/maps").read_text("utf-8")


def _libraries(mapped: str) -> set[str]:
    return {line[line.index("/") :] for line in mapped.splitlines() if ".so" in line}


def _refuse_strangers(frozen: Frozen, mapped: str) -> None:
    """Refuse libraries from elsewhere than the bundle and the system."""
    places = (str(frozen.program.parent), "/usr/lib", "/lib")
    strangers = sorted(path for path in _libraries(mapped) if not path.startswith(places))
    if strangers:
        raise Failure(f"it loads {', '.join(strangers[:5])}")


def _weights(frozen: Frozen) -> Path:
    """Return the default weights inside the bundle."""
    return frozen.program.parent / "_internal" / "resources" / DEFAULT_WEIGHTS


def _seeing(frozen: Frozen) -> dict[str, str]:
    # xdotool, which looks for the window, must be found.
    return frozen.environment | {"PATH": os.environ["PATH"]}
