"""Network cameras: pictures come as they are, a cut is survived, and no password gets out."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from engine.errors import LiveError
from engine.sources.addresses import parse_address
from engine.sources.live import LiveSource, LiveState, open_live
from engine.sources.streams import Stream
from engine.types import UInt8
from tests.helpers.live_server import HOST, LiveServer, moving_square
from tests.helpers.mjpeg_server import MjpegServer
from tests.helpers.rtsp_server import LARGEST, RtspServer
from tests.helpers.watching import Watch, until

SECRET = "Hunter2-geheim"
SHORT_S = 0.4
Kind = type[MjpegServer] | type[RtspServer]
both = pytest.mark.parametrize("kind", [MjpegServer, RtspServer])


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Fail a test that leaves a thread or a socket behind."""
    before = set(threading.enumerate())
    sockets = open_sockets()
    yield
    assert set(threading.enumerate()) <= before
    until(lambda: open_sockets() <= sockets, "the closing of all sockets")


def open_sockets() -> int:
    """Return how many sockets this process has open; 0 where the system does not tell."""
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        return 0
    links = []
    for name in os.listdir(folder):
        try:
            links.append(os.readlink(folder / name))
        except OSError:
            continue
    return sum(link.startswith("socket:") for link in links)


def source_of(url: str, timeout_s: float = 5.0, pause_s: float = 0.05) -> LiveSource:
    """Return a source that waits only briefly before it tries again."""
    stream = Stream(url, timeout_s)
    source = LiveSource(stream.origin, stream, wait=lambda seconds: stopped.wait(pause_s))
    stopped = source._stopped
    return source


def problem(url: str, timeout_s: float = 5.0) -> LiveError:
    """Return why a stream gives no picture."""
    source = source_of(url, timeout_s)
    with pytest.raises(LiveError) as caught:
        list(source)
    assert source.status.state is LiveState.FAILED
    assert source.status.error is caught.value
    assert caught.value.hint
    return caught.value


def levels(count: int) -> list[UInt8]:
    """Return pictures of one grey each, 8 levels apart, with a red left half."""
    pictures = []
    for number in range(count):
        picture = np.full((96, 128, 3), 16 + 8 * number, np.uint8)
        picture[:, :64] = (200, 30, 30)
        pictures.append(picture)
    return pictures


def number_of(image: UInt8) -> int:
    """Return which of `levels` a picture is."""
    return round((float(image[10:-10, 80:110].mean()) - 16) / 8)


@both
def test_pictures_come_in_order_and_in_rgb(kind: Kind) -> None:
    with kind(levels(12), rate_hz=20) as server, Watch(source_of(server.url)) as watch:
        watch.until_frames(14)
        status = watch.source.status
    numbers = [number_of(frame.image) for frame in watch.frames]
    first = numbers[0]
    assert numbers == [(first + n) % 12 for n in range(len(numbers))]
    assert [frame.index for frame in watch.frames] == list(range(len(watch.frames)))
    frame = watch.frames[0]
    assert frame.image.shape == (96, 128, 3)
    assert frame.image.dtype == np.uint8
    assert np.abs(frame.image[40, 20].astype(int) - (200, 30, 30)).max() < 20
    assert frame.origin == server.url
    assert (status.state, status.width, status.height) == (LiveState.LIVE, 128, 96)
    assert status.rate_hz > 0


@both
def test_the_first_whole_picture_is_not_thrown_away(kind: Kind) -> None:
    with kind(levels(25), rate_hz=10) as server, Watch(source_of(server.url)) as watch:
        watch.until_frames(1)
    assert number_of(watch.frames[0].image) == 0


@both
def test_no_picture_waits_for_many_others(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = 0
    wait = kind.wait

    def wait_up_to_five(self: LiveServer, seconds: float) -> bool:
        nonlocal sent
        sent += 1
        if sent > 5:
            self.stall()
        return wait(self, seconds)

    monkeypatch.setattr(kind, "wait", wait_up_to_five)
    with kind(levels(10)) as server, Watch(source_of(server.url)) as watch:
        # FFmpeg knows that a picture of H.264 is whole when the next one begins.
        watch.until_frames(5 - (kind is RtspServer))
        assert watch.source.status.state is LiveState.LIVE
        server.cut()
    assert number_of(watch.frames[3].image) == 3


def test_large_pictures_come_over_rtsp_in_fragments() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)
    with RtspServer([noise], rate_hz=10) as server, Watch(source_of(server.url)) as watch:
        assert max(len(unit) for unit in server.coded[0]) > 3 * LARGEST
        watch.until_frames(2)
    difference = np.abs(watch.frames[0].image.astype(int).mean(2) - noise.astype(int).mean(2))
    assert difference.mean() < 40


@both
def test_after_a_cut_frames_go_on(kind: Kind) -> None:
    with kind() as server, Watch(source_of(server.url)) as watch:
        watch.until_frames(3)
        server.cut()
        watch.until_state(LiveState.WAITING)
        lost = watch.source.status
        count = len(watch.frames)
        until(lambda: watch.source.status.attempt >= 3, "the third attempt")
        assert "refuses the connection" in str(watch.source.status.error)
        server.resume()
        watch.until_frames(count + 3)
        assert watch.source.status.state is LiveState.LIVE
    assert lost.error is not None
    assert lost.error.message == f"The connection to {HOST}:{server.port} ended."
    assert lost.retry_at is not None
    assert [frame.index for frame in watch.frames] == list(range(len(watch.frames)))
    warned = [frame.index for frame in watch.frames if frame.warning]
    assert warned == [count]
    assert str(watch.frames[count].warning).startswith("There was no picture for ")
    times = [frame.time_s or 0.0 for frame in watch.frames]
    assert times == sorted(times)
    assert watch.error is None


@both
def test_a_stream_that_stalls_is_lost_and_taken_up_again(kind: Kind) -> None:
    with kind() as server, Watch(source_of(server.url, SHORT_S)) as watch:
        watch.until_frames(3)
        server.stall()
        watch.until_state(LiveState.WAITING)
        assert watch.source.status.error is not None
        assert watch.source.status.error.message == f"No picture comes from {server.url}."
        count = len(watch.frames)
        server.resume()
        watch.until_frames(count + 2)
    assert watch.error is None
    # What FFmpeg had kept back is not given as if it were new.
    before, last = watch.frames[count - 2 : count]
    assert (last.arrived or 0.0) - (before.arrived or 0.0) < SHORT_S


@both
def test_a_password_opens_the_stream_and_is_not_recorded(kind: Kind) -> None:
    with kind(user="anna", password="p@ss/word") as server:
        url = server.url_for("anna", "p%40ss%2Fword")
        with Watch(source_of(url)) as watch:
            watch.until_frames(2)
    assert watch.source.origin == server.url
    assert watch.frames[0].origin == server.url


@both
def test_a_wrong_password_is_named_by_its_user_only(
    kind: Kind, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with kind(user="anna", password="right") as server:
        source = open_live(server.url_for("anna", SECRET))
        with pytest.raises(LiveError) as caught:
            list(source)
    error = caught.value
    assert error.message == (
        f"The camera at {HOST}:{server.port} does not accept the password of the user anna."
    )
    assert error.lasting
    whole = "".join(traceback.format_exception(error))
    assert error.__context__ is None
    for text in (whole, repr(error), str(error), repr(source.status), source.origin, caplog.text):
        assert SECRET not in text
    assert capfd.readouterr().err == ""


@both
def test_a_password_is_asked_for(kind: Kind) -> None:
    with kind(user="anna", password="right") as server:
        error = problem(server.url)
    assert error.message == f"The camera at {HOST}:{server.port} asks for a name and a password."
    assert f"{kind.scheme}://NAME:PASSWORD@{HOST}:{server.port}/" in error.hint


@both
def test_a_password_that_changed_meanwhile_ends_the_iteration(kind: Kind) -> None:
    with kind(user="anna", password="old") as server:
        with Watch(source_of(server.url_for("anna", "old"))) as watch:
            watch.until_frames(2)
            server.cut()
            watch.until_state(LiveState.WAITING)
            with kind(user="anna", password="new") as other:
                other.cut()
                other.port = server.port
                other.resume()
                until(lambda: watch.over, "the end")
        assert watch.error is not None
        assert "does not accept the password" in watch.error.message
        assert watch.source.status.state is LiveState.FAILED


@both
def test_a_path_that_is_not_there(kind: Kind) -> None:
    with kind() as server:
        error = problem(f"{server.url}-not")
    assert error.message == (
        f"The camera at {HOST}:{server.port} knows no stream of this name: {server.url}-not."
    )


@both
def test_nobody_listens(kind: Kind) -> None:
    with kind() as server:
        url = server.url
    error = problem(url)
    assert error.message == (
        f"{HOST}:{server.port} refuses the connection: no camera listens there."
    )


@pytest.mark.parametrize("scheme", ["http", "https", "rtsp", "rtsps"])
def test_a_host_that_is_dead(scheme: str) -> None:
    with socket.create_server((HOST, 0)) as listener:
        host = f"{HOST}:{listener.getsockname()[1]}"
        began = time.monotonic()
        error = problem(f"{scheme}://{host}/live", SHORT_S)
        assert time.monotonic() - began >= SHORT_S
    assert error.message == f"{host} gave no answer in {SHORT_S:g} s."


@both
def test_a_camera_that_answers_but_sends_nothing(kind: Kind) -> None:
    with kind(stalled=True) as server:
        error = problem(server.url, SHORT_S)
    assert error.message in (
        f"No picture comes from {server.url}.",
        f"{HOST}:{server.port} gave no answer in {SHORT_S:g} s.",
    )


def test_a_name_that_nobody_has() -> None:
    for scheme in ("http", "rtsp"):
        error = problem(f"{scheme}://camera.invalid/live")
        assert error.message == "No machine of the name camera.invalid is known."


def test_encryption_that_fails() -> None:
    with FileServer(b"") as server:
        error = problem(server.url.replace("http:", "https:"))
    assert error.message == f"No encrypted connection to {HOST}:{server.port} can be made."


def test_a_web_page_and_a_single_picture_are_no_stream() -> None:
    with MjpegServer() as server:
        page = problem(server.url.replace("/live", "/page"))
        picture = problem(server.url.replace("/live", "/picture"))
    assert page.message.startswith("There is no video at http://")
    assert picture.message.startswith("There is a single picture at http://")


def test_data_that_make_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.sources.streams.KEY_PICTURE_S", SHORT_S)
    with RtspServer(moving_square(30), rate_hz=30) as server:
        # Only pictures that build on a first one which never comes.
        server.coded[:] = [units[-1:] for units in server.coded[1:]]
        monkeypatch.setattr(RtspServer, "describe", lambda self: DESCRIPTION)
        error = problem(server.url, SHORT_S)
    assert error.message == f"What {server.url} sends cannot be decoded."


DESCRIPTION = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=Test\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n"
    "a=control:track1\r\n"
)
"""A description without the parameters of the codec, which then come with the pictures."""


def test_rtsp_without_parameters_in_its_description(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RtspServer, "describe", lambda self: DESCRIPTION)
    with RtspServer(levels(10)) as server, Watch(source_of(server.url)) as watch:
        watch.until_frames(3)
    assert watch.frames[0].image.shape == (96, 128, 3)


def test_other_video_over_http(tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    with av.open(str(path), "w", format="mpegts") as container:
        stream = container.add_stream("mpeg2video", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for picture in moving_square(50):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    with FileServer(path.read_bytes()) as server, Watch(source_of(server.url)) as watch:
        watch.until_frames(45)
        watch.until_state(LiveState.WAITING)
        assert "ended" in str(watch.source.status.error)


class FileServer(LiveServer):
    """Sends some bytes and says goodbye."""

    scheme = "http"

    def __init__(self, data: bytes) -> None:
        super().__init__([])
        self._data = data

    def serve(self, client: socket.socket) -> None:
        client.recv(4096)
        client.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: video/mp2t\r\n\r\n" + self._data)


@both
def test_stop_ends_a_stream_that_runs(kind: Kind) -> None:
    with kind() as server:
        with Watch(source_of(server.url)) as watch:
            watch.until_frames(2)
            watch.source.stop()
            until(lambda: watch.over, "the end")
        assert watch.source.status.state is LiveState.ENDED
        until(lambda: server.watching == 0, "the end of the connection")


@both
def test_stop_ends_a_stalled_stream_at_its_time_out(kind: Kind) -> None:
    with kind() as server, Watch(source_of(server.url, 1.0)) as watch:
        watch.until_frames(2)
        server.stall()
        watch.source.stop()
        until(lambda: watch.over, "the end")
    assert watch.error is None
    assert watch.source.status.state is LiveState.ENDED


def test_stop_ends_the_connecting_at_its_time_out() -> None:
    with socket.create_server((HOST, 0)) as listener:
        url = f"rtsp://{HOST}:{listener.getsockname()[1]}/live"
        with Watch(source_of(url, SHORT_S)) as watch:
            watch.source.stop()
    assert watch.error is None


@pytest.mark.parametrize(
    ("text", "origin", "user"),
    [
        ("rtsp://anna:x@10.0.0.2/live", "rtsp://10.0.0.2/live", "anna"),
        ("rtsp://anna:p@ss@10.0.0.2:554/live", "rtsp://10.0.0.2:554/live", "anna"),
        ("rtsp://a%20b:x@[fe80::1]:554/", "rtsp://[fe80::1]:554/", "a b"),
        ("http://cam/v.cgi?user=anna&pwd=x&res=1", "http://cam/v.cgi?user=anna&pwd=***&res=1", ""),
        ("rtsp://cam/user=a&password=x&channel=1", "rtsp://cam/user=a&password=***&channel=1", ""),
        ("https://cam/live?TOKEN=abc#part", "https://cam/live?TOKEN=***", ""),
    ],
)
def test_origins_hold_no_secret(text: str, origin: str, user: str) -> None:
    address = parse_address(text)
    assert (address.origin, address.user) == (origin, user)
    assert "url" not in repr(address)


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://", "http:///video", "rtsp://:554/live", f"rtsp://anna:{SECRET}/x@cam/live",
        f"rtsp://anna:{SECRET}#x@cam/live", f"rtsp://anna:{SECRET}@cam:port/", "rtsp://cam:99999/",
        "rtsp://cam:0/", "http://cam/a b", "http://[::1/video",
    ],
)  # fmt: skip
def test_addresses_that_make_no_sense_are_not_repeated(text: str) -> None:
    with pytest.raises(LiveError) as caught:
        open_live(text)
    whole = "".join(traceback.format_exception(caught.value))
    assert SECRET not in whole + repr(caught.value)
    assert "rtsp://NAME:PASSWORD@HOST:PORT/PATH" in caught.value.hint
