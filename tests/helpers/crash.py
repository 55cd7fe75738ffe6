"""Start command lines, kill each at a random moment, and tell what it had written by then.

    python -m tests.helpers.crash SOURCE FOLDER KILLS SEED

The engine is imported once; every run is a fork of this process. A run logs each result after it
was stored, past every buffer of Python. For every run one JSON line is printed here.
"""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from unittest.mock import patch

import av  # noqa: F401 - imported once, before the runs are forked

from engine.cli import detect, output, run
from engine.inference.fake import FakeDetector

EARLIEST_S, LATEST_S = 0.3, 3.0
OBJECTS = 20


def work(source: str, folder: Path) -> None:
    """Detect in `source` with a log of what was written."""
    log = os.open(folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(value: Mapping[str, object]) -> None:
        if "summary" not in value:
            entry = [time.monotonic(), value["source"], value["time_s"]]
            os.write(log, json.dumps(entry).encode() + b"\n")

    detector = FakeDetector(OBJECTS)
    with (
        patch.object(detect, "open_detector", lambda config: detector),
        patch.object(output, "say_json", note),
    ):
        run(["detect", source, "--json", "--out", str(folder / "out")])


def kill(source: str, folder: Path, delay_s: float) -> dict[str, object]:
    """Let a run begin, kill it after a while and say how that went."""
    folder.mkdir()
    child = os.fork()
    if child == 0:
        work(source, folder)
        os._exit(0)
    # The moment is what is tested: nothing the run does may decide it.
    time.sleep(delay_s)
    os.kill(child, signal.SIGKILL)
    killed = time.monotonic()
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return {"folder": str(folder), "killed_s": killed, "code": code, "delay_s": delay_s}


def main() -> None:
    """Kill so many runs."""
    source, folder, kills, seed = sys.argv[1:]
    rng = random.Random(int(seed))
    for number in range(int(kills)):
        delay_s = rng.uniform(EARLIEST_S, LATEST_S)
        said = json.dumps(kill(source, Path(folder) / str(number), delay_s))
        sys.stdout.write(said + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
