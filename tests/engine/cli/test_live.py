"""Cameras and streams on the command line: shown, lost, found again, ended, and kept secret."""

from __future__ import annotations

import csv
import functools
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from engine.cli.live_watch import LiveWatch
from engine.config import RunConfig
from engine.errors import LiveError
from engine.inference.fake import FakeDetector
from engine.sources import cameras, live, streams
from engine.sources.cameras import CameraInfo
from engine.sources.live import LiveSource, LiveState
from engine.store import SESSION_FILE, SessionReader
from engine.types import Detections, Frame, Result
from tests.engine.cli.test_refusals import assert_refused
from tests.helpers.command_line import WITHOUT_NETWORK, Command, Said, finish, start
from tests.helpers.live_server import HOST
from tests.helpers.mjpeg_server import MjpegServer
from tests.helpers.movies import probed, shown
from tests.helpers.rtsp_server import RtspServer
from tests.helpers.watching import until

USER, SECRET = "warden", "Hunter2-geheim"
CAMERAS = tuple(
    CameraInfo(name, number, 200, "", name) for number, name in enumerate(("Door", "Window"))
)

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
both = pytest.mark.parametrize("kind", [MjpegServer, RtspServer])
Kind = type[MjpegServer] | type[RtspServer]


def assert_kept(said: Said, out: Path) -> list[Path]:
    """The session and the videos hold what the lines say; return the videos, in their order."""
    lines = said.results
    indices = [line["frame"] for line in lines]
    times = [line["time_s"] for line in lines]
    assert (indices[0], times[0]) == (0, 0)
    assert indices == sorted(set(indices))
    assert times == sorted(set(times))
    assert said.summary["frames"] == len(lines)
    assert said.summary["pictures"] == said.summary["failed"] == 0
    assert said.session == out / SESSION_FILE
    with SessionReader.open(out) as reader:
        assert reader.run.state == "done"
        assert reader.run.sources == (lines[0]["source"],)
        frames = list(reader.frames())
        assert [frame.index for frame in frames] == indices
        assert [frame.source for frame in frames] == [line["source"] for line in lines]
        assert [frame.warning for frame in frames] == [line["error"] for line in lines]
        assert [frame.time_s for frame in frames] == pytest.approx(times, abs=1e-6)
        assert [frame.objects for frame in frames] == [len(line["detections"]) for line in lines]
    videos = list(dict.fromkeys(out / str(frame.media) for frame in frames))
    assert sorted(path.name for path in out.iterdir()) == ["annotated", SESSION_FILE]
    assert set((out / "annotated").iterdir()) == set(videos)
    assert [time_s for path in videos for time_s in shown(path)] == pytest.approx(times, abs=1e-3)
    return videos


def assert_secret(out: Path, *texts: str) -> None:
    """Neither name nor password is in what was written or said, nor in the name of a file."""
    written = [path for path in out.rglob("*") if path.is_file()]
    assert len(written) >= 2
    data = [path.read_bytes() for path in written] + [text.encode() for text in texts]
    for secret in (USER, SECRET):
        assert not any(secret.encode() in each for each in data)
        assert not any(secret in str(path) for path in written)


@contextmanager
def meanwhile(work: Callable[[], None]) -> Iterator[None]:
    """Do something in a thread while a command runs in this one."""
    problems: list[BaseException] = []

    def attempt() -> None:
        try:
            work()
        except BaseException as error:
            problems.append(error)
            os.kill(os.getpid(), signal.SIGINT)
            raise

    thread = threading.Thread(target=attempt)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    assert not problems


@contextmanager
def dead_host() -> Iterator[int]:
    """Give the port of a machine that takes connections and never answers."""
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]


class Counting(FakeDetector):
    """Remembers the frames that it was given; each takes a while."""

    def __init__(self) -> None:
        super().__init__(3)
        self.seconds = 0.0
        self.frames: list[int] = []

    def detect(self, frame: Frame, config: RunConfig) -> Result:
        time.sleep(self.seconds)
        self.frames.append(frame.index)
        return super().detect(frame, config)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    detector = Counting()
    monkeypatch.setattr("engine.cli.detect.open_detector", lambda config: detector)
    return detector


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.mark.usefixtures("fake")
def test_a_camera_is_detected_for_so_long(
    command: Command, clip: Path, tmp_path: Path, out: Path
) -> None:
    excel, table = tmp_path / "r.xlsx", tmp_path / "r.csv"
    said = command(
        "detect", f"sim:{clip}@30", "--seconds", 1, "--json", "--out", out,
        "--excel", excel, "--csv", table,
    )  # fmt: skip
    assert (said.code, said.err) == (0, "")
    assert {line["source"] for line in said.results} == {f"sim:{clip}@30"}
    assert {line["error"] for line in said.results} == {None}
    assert {(line["width"], line["height"]) for line in said.results} == {(320, 240)}
    (video,) = assert_kept(said, out)
    last_s = said.results[-1]["time_s"]
    assert 0.5 < last_s < 3
    assert float(probed(video)["format"]["duration"]) == pytest.approx(last_s, abs=0.3)
    assert openpyxl.load_workbook(excel)["Objects"].max_row == said.summary["detections"] + 1
    with table.open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == said.summary["detections"]


def test_a_camera_with_the_network(command: Command, clip: Path, out: Path) -> None:
    said = command(
        "detect", f"sim:{clip}@20", "--seconds", 0.5, "--json", "--out", out, "--imgsz", 320
    )
    assert (said.code, said.err) == (0, "")
    assert said.summary["detections"] > 0
    assert_kept(said, out)


def test_even_the_shortest_time_gives_a_frame(
    command: Command, clip: Path, out: Path, counting: Counting
) -> None:
    said = command("detect", f"sim:{clip}@30", "--seconds", 1e-6, "--json", "--out", out)
    assert said.code == 0
    assert len(counting.frames) == len(said.results) == 1


def test_words_say_how_much_was_left_out(
    command: Command, clip: Path, out: Path, counting: Counting
) -> None:
    counting.seconds = 0.1
    said = command("detect", f"sim:{clip}@100", "--seconds", 0.4, "--out", out, "--no-media")
    assert (said.code, said.err) == (0, "")
    first, dropped, session = said.out.splitlines()
    assert first.startswith(f"{3 * len(counting.frames)} objects in {len(counting.frames)} ")
    count, _, rest = dropped.partition(" ")
    assert int(count) > 0
    assert rest == "pictures were left out to keep pace."
    assert session == f"Session: {out / SESSION_FILE}"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("camera:Garden", ["no camera Garden", "Door, Window"]),
        ("camera:7", ["no camera 7", "Door, Window"]),
        ("camera:o", ["Several cameras", "Door, Window"]),
        ("camera:", ["camera:NAME"]),
        ("sim:absent.mp4@30", ["absent.mp4"]),
        ("sim:absent.mp4@0", ["0"]),
        ("rtsp://[nonsense", ["cannot be read"]),
    ],
)
@pytest.mark.usefixtures("fake")
def test_a_camera_that_is_not_there_leaves_nothing(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str, words: list[str]
) -> None:
    monkeypatch.setattr(cameras, "list_cameras", lambda: CAMERAS)
    monkeypatch.setenv("LABSIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    for flags in ([], ["--json"], ["--out", "below/out"], ["--no-media"]):
        assert_refused(command("detect", spec, *flags), *words)
        assert list(tmp_path.iterdir()) == []
    # A folder that was there before stays.
    (tmp_path / "mine").mkdir()
    assert_refused(command("detect", spec, "--out", "mine"), *words)
    assert list((tmp_path / "mine").iterdir()) == []


@pytest.mark.usefixtures("fake")
def test_cameras_are_worked_on_alone(
    command: Command, plain: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain(1, "in")
    monkeypatch.chdir(tmp_path)
    stream = f"rtsp://{USER}:{SECRET}@{HOST}:9/live"
    for sources, words in (
        (["in", "sim:"], ["alone"]),
        (["sim:", "in"], ["alone"]),
        (["sim:", stream], ["alone"]),
        ([stream, stream], ["alone"]),
        (["in", f"udp://{SECRET}@{HOST}:9"], ["udp://", "rtsp://"]),
        (["in", "--seconds", "2"], ["cannot be used with files", "--seconds"]),
        (["sim:", "--seconds", "0"], ["--seconds", "above 0"]),
        (["sim:", "--seconds", "soon"], ["--seconds", "soon"]),
    ):
        said = command("detect", *sources, "--out", "out")
        assert_refused(said, *words)
        assert SECRET not in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.usefixtures("fake")
def test_a_file_may_be_named_like_a_camera(
    command: Command, plain: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain(1, "in").joinpath("0.png").rename(tmp_path / "camera:0")
    monkeypatch.chdir(tmp_path)
    said = command("detect", "camera:0", "--json", "--out", "out")
    assert (said.code, said.err) == (0, "")
    assert said.summary["pictures"] == 1


@needs_signals
@both
def test_a_stream_that_is_lost_is_found_again(
    command: Command, monkeypatch: pytest.MonkeyPatch, out: Path, counting: Counting, kind: Kind
) -> None:
    monkeypatch.setattr(live, "BACKOFF_S", (0.2,))

    def happen() -> None:
        until(lambda: len(counting.frames) >= 10, "the first frames")
        server.cut()
        # Long enough for several attempts in vain.
        time.sleep(0.7)
        before = len(counting.frames)
        server.resume()
        until(lambda: len(counting.frames) >= before + 10, "frames after the loss")
        os.kill(os.getpid(), signal.SIGINT)

    with kind(user=USER, password=SECRET) as server, meanwhile(happen):
        url = server.url_for(USER, SECRET)
        said = command("detect", url, "--json", "--out", out)
    assert said.code == 130
    why, lost, back, end = said.err.splitlines()
    assert HOST in why
    assert "lost" in lost
    assert "back" in back
    assert end.startswith("Interrupted.")
    (warned,) = (line for line in said.results if line["error"])
    assert warned["error"].startswith("There was no picture for ")
    assert 10 <= said.results.index(warned) < len(said.results) - 5
    assert {line["source"] for line in said.results} == {server.url}
    assert_kept(said, out)
    assert_secret(out, said.out, said.err)


@needs_signals
@pytest.mark.slow
@both
def test_two_seconds_without_a_picture_and_no_password_anywhere(out: Path, kind: Kind) -> None:
    with kind(user=USER, password=SECRET) as server:
        url = server.url_for(USER, SECRET)
        process = start("detect", url, "--json", "--out", out, code=WITHOUT_NETWORK)
        assert process.stdout is not None
        assert process.stderr is not None
        heard = "".join(process.stdout.readline() for _ in range(10))
        server.cut()
        complaints = process.stderr.readline() + process.stderr.readline()
        time.sleep(2)
        server.resume()
        complaints += process.stderr.readline()
        heard += "".join(process.stdout.readline() for _ in range(10))
        process.send_signal(signal.SIGINT)
        said = finish(process, heard)
    assert said.code == 130
    why, lost, back = complaints.splitlines()
    assert (HOST in why, "lost" in lost, "back" in back) == (True, True, True)
    assert said.err.startswith("Interrupted.")
    (warned,) = (line for line in said.results if line["error"])
    seconds = float(warned["error"].removeprefix("There was no picture for ").split(" s ")[0])
    assert seconds > 2
    assert_kept(said, out)
    assert_secret(out, said.out, said.err, complaints)


@both
def test_a_wrong_password_is_one_sentence_without_it(out: Path, kind: Kind) -> None:
    with kind(user=USER, password="another") as server:
        url = server.url_for(USER, SECRET)
        # In a process of its own, so that FFmpeg's messages would be seen too.
        said = finish(start("detect", url, "--json", "--out", out, code=WITHOUT_NETWORK))
    assert_refused(said, f"does not accept the password of the user {USER}", HOST)
    assert SECRET not in said.err
    assert not out.exists()


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
@pytest.mark.usefixtures("fake")
def test_a_dead_host_ends_a_run_in_time(
    command: Command, monkeypatch: pytest.MonkeyPatch, out: Path, scheme: str
) -> None:
    impatient = functools.partial(streams.Stream, timeout_s=0.4)
    monkeypatch.setattr(streams, "Stream", impatient)
    with dead_host() as port:
        began = time.monotonic()
        said = command("detect", f"{scheme}://{HOST}:{port}/live", "--out", out)
        took_s = time.monotonic() - began
    assert_refused(said, f"{HOST}:{port} gave no answer in 0.4 s")
    assert took_s < 5
    said = command("detect", f"{scheme}://{HOST}:{port}/live", "--out", out)
    assert_refused(said, "refuses the connection")
    assert not out.exists()


@needs_signals
@pytest.mark.usefixtures("fake")
def test_a_stop_before_the_first_picture_leaves_nothing(
    command: Command, monkeypatch: pytest.MonkeyPatch, out: Path
) -> None:
    monkeypatch.setattr(streams, "Stream", functools.partial(streams.Stream, timeout_s=2.0))
    with dead_host() as port:

        def happen() -> None:
            until(lambda: (out / SESSION_FILE).exists(), "the session")
            time.sleep(0.1)
            os.kill(os.getpid(), signal.SIGINT)

        with meanwhile(happen):
            said = command("detect", f"http://{HOST}:{port}/live", "--json", "--out", out)
    assert (said.code, said.out, said.err) == (130, "", "")
    assert not out.exists()


@needs_signals
def test_a_camera_that_is_stopped_is_done_and_the_caller_knows(
    clip: Path, tmp_path: Path, out: Path
) -> None:
    excel = tmp_path / "r.xlsx"
    process = start(
        "detect", f"sim:{clip}@30", "--json", "--out", out, "--excel", excel, code=WITHOUT_NETWORK
    )
    assert process.stdout is not None
    heard = "".join(process.stdout.readline() for _ in range(5))
    process.send_signal(signal.SIGINT)
    said = finish(process, heard)
    assert said.code == 130
    assert said.err == "Interrupted. The results so far are in the session.\n"
    assert len(said.results) >= 5
    assert_kept(said, out)
    assert said.summary["excel"] == str(excel)
    assert excel.is_file()


@needs_signals
def test_a_camera_that_is_lost_for_good_keeps_what_came(
    command: Command, monkeypatch: pytest.MonkeyPatch, out: Path, counting: Counting
) -> None:
    monkeypatch.setattr(live, "BACKOFF_S", (0.1,))

    def happen() -> None:
        until(lambda: len(counting.frames) >= 5, "the first frames")
        server.cut()
        # Whoever asks now is not known any more.
        server._authorization = "Basic of somebody else"
        server.resume()

    with MjpegServer(user=USER, password=SECRET) as server, meanwhile(happen):
        said = command("detect", server.url_for(USER, SECRET), "--json", "--out", out)
    assert said.code == 2
    assert "does not accept the password" in said.err.splitlines()[-1]
    assert SECRET not in said.err
    assert len(said.objects) >= 5
    with SessionReader.open(out) as reader:
        assert reader.run.state == "failed"
        assert reader.frame_count() == len(said.objects)
        (media,) = {str(frame.media) for frame in reader.frames()}
    assert len(shown(out / media)) == len(said.objects)


class Scripted(LiveSource):
    """A source that is how a test says it is."""

    def __init__(self) -> None:
        super().__init__("camera:Test", lambda stopped: pytest.fail("nobody connects"))

    def be(self, state: LiveState, error: LiveError | None = None) -> None:
        self._change(state=state, error=error)


def test_a_loss_is_said_once_however_often_it_is_tried(
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = Scripted()
    watch = LiveWatch(source, None, lambda: False)
    error = LiveError("The cable is out.", "Put it in.")
    said = []
    for state in (
        LiveState.CONNECTING, LiveState.LIVE, LiveState.WAITING, LiveState.CONNECTING,
        LiveState.WAITING, LiveState.CONNECTING, LiveState.LIVE, LiveState.LIVE,
        LiveState.WAITING,
    ):  # fmt: skip
        source.be(state, error if state is LiveState.WAITING else None)
        assert not watch.should_stop()
        said.append(capsys.readouterr().err)
    lost = "The cable is out. Put it in.\nThe picture is lost; trying to get it back.\n"
    assert said == ["", "", lost, "", "", "", "The picture is back.\n", "", lost]


def test_the_time_runs_from_the_first_frame() -> None:
    now = 100.0
    source = Scripted()
    source.be(LiveState.LIVE)
    watch = LiveWatch(source, 2.0, lambda: False, lambda: now)
    now = 200.0
    assert not watch.should_stop()
    for arrived in (199.0, 200.5):
        image = np.zeros((48, 64, 3), np.uint8)
        frame = Frame(image, 0, 0.0, "camera:Test", arrived=arrived)
        watch.on_result(Result(frame, Detections.empty()), 0)
    now = 200.9
    assert not watch.should_stop()
    now = 201.0
    assert watch.should_stop()


def test_a_person_ends_it_at_any_time() -> None:
    assert LiveWatch(Scripted(), None, lambda: True).should_stop()
    assert LiveWatch(None, None, lambda: True).should_stop()
    assert not LiveWatch(None, None, lambda: False).should_stop()
