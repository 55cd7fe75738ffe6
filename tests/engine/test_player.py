"""A player shows each frame at its time, with what was found in it, and goes where it is asked to.

Time passes for the player only while it rests, so that what is tested is its choice and not the
speed of this machine.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine import player as players
from engine.config import RunConfig
from engine.errors import SettingError, VideoError, WeightsError
from engine.inference.detector import Detector
from engine.inference.fake import FakeDetector
from engine.inference.shelf import DetectorShelf
from engine.mailbox import Mailbox
from engine.playback import projector
from engine.playback.pace import Clock
from engine.playback.stored import StoredResults
from engine.player import Player, PlayerState, PlayerStatus
from engine.sources import read_video
from engine.sources.cursor import VideoCursor
from engine.sources.timeline import VideoIndex, read_index
from engine.store import SessionWriter
from engine.types import Frame, Result
from tests.helpers.films import damage, film, number_of
from tests.helpers.sessions import RUN

LONG_S = 20.0
COUNT = 60
SIMPLE_GROUPS = {"x264-params": "keyint=20:scenecut=0:bframes=0"}
VARIABLE = tuple(int(40 * n + 300 * (n // 7) + 11 * (n % 3)) for n in range(40))


class Stage(Clock):
    """A clock that stands still but while a player rests, and not beyond `limit`."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.limit = float("inf")

    def now(self) -> float:
        return self.time

    def wait(
        self, changed: threading.Condition, is_over: Callable[[], bool], seconds: float | None
    ) -> None:
        while seconds is None or self.time + seconds > self.limit:
            if changed.wait_for(is_over, 0.01):
                return
        self.time += seconds


@dataclass(frozen=True, slots=True)
class Shown:
    """A result and when it came on screen."""

    at: float
    result: Result

    @property
    def index(self) -> int:
        return self.result.frame.index


class Screen(Mailbox[Result]):
    """A mailbox that keeps all that was put in."""

    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[Shown] = []

    def put(self, item: Result) -> None:
        # The bars in the picture are the frame that it says to be.
        assert number_of(item.frame.image) == item.frame.index
        self.shown.append(Shown(self.stage.time, item))
        super().put(item)


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    until = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.002)


class Theatre:
    """A player on a stage with all that it showed."""

    def __init__(self, path: Path, stage: Stage, shelf: DetectorShelf | None) -> None:
        self.stage = stage
        self.player = Player(path, shelf=shelf, clock=stage)

    @property
    def status(self) -> PlayerStatus:
        return self.player.status

    @property
    def shown(self) -> list[Shown]:
        assert isinstance(self.player.latest, Screen)
        return self.player.latest.shown

    @property
    def indexes(self) -> list[int]:
        return [shown.index for shown in self.shown]

    def wait(self, state: PlayerState, **values: object) -> None:
        """Wait until the player is in a state, and has these values in its status."""

        def reached() -> bool:
            status = self.status
            return status.state is state and all(
                getattr(status, name) == value for name, value in values.items()
            )

        wait_for(reached)

    def wait_open(self) -> None:
        """Wait until the first frame is on screen and the times of the others are known."""
        wait_for(lambda: self.status.state is not PlayerState.LOADING)
        wait_for(lambda: self.status.frames is not None)
        self.shown.clear()


Open = Callable[..., Theatre]


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def opened(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Return a function that opens a player, which is closed and leaves no thread."""
    theatres: list[Theatre] = []
    Screen.stage = stage
    monkeypatch.setattr(players, "Mailbox", Screen)

    def make(path: Path, shelf: DetectorShelf | None = None, *, known: bool = True) -> Theatre:
        theatres.append(Theatre(path, stage, shelf))
        if known:
            theatres[-1].wait_open()
        return theatres[-1]

    yield make
    for theatre in theatres:
        theatre.player.close()
    assert [thread.name for thread in threading.enumerate() if "player" in thread.name] == []


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a video of 60 frames at 25 Hz with B-frames and a key frame every 20."""
    return film(tmp_path_factory.mktemp("films") / "steady.mp4", COUNT)


def test_the_first_frame_comes_by_itself_and_the_length_after(steady: Path, opened: Open) -> None:
    theatre = opened(steady, known=False)
    wait_for(lambda: theatre.status.frames is not None)
    assert theatre.indexes == [0]
    status = theatre.status
    assert (status.state, status.index, status.time_s) == (PlayerState.PAUSED, 0, 0.0)
    assert (status.frames, status.width, status.height) == (COUNT, 96, 48)
    assert status.duration_s == pytest.approx(COUNT / 25)
    assert status.rate_hz == pytest.approx(25)
    assert not status.detecting
    assert len(theatre.shown[0].result.detections) == 0


def test_a_status_is_taken_once(steady: Path, opened: Open) -> None:
    player = opened(steady).player
    first = player.take_status()
    assert first is not None
    assert player.take_status() is None
    player.set_speed(2.0)
    wait_for(lambda: player.status.version > first.version)
    again = player.take_status()
    assert again is not None
    assert again.speed == 2.0


@pytest.mark.parametrize("speed", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("kind", ["steady", "ntsc", "variable"])
def test_each_frame_comes_at_its_time(
    kind: str, speed: float, tmp_path: Path, opened: Open
) -> None:
    path = tmp_path / "a.mkv"
    if kind == "variable":
        film(path, times=VARIABLE)
    else:
        film(path, 40, rate=Fraction(60000, 1001) if kind == "ntsc" else 25)
    times = [frame.time_s or 0.0 for frame in read_video(path)]
    theatre = opened(path)
    theatre.player.set_speed(speed)
    began = theatre.stage.time
    theatre.player.play()
    theatre.wait(PlayerState.ENDED)
    assert theatre.indexes == list(range(1, 40))
    for shown in theatre.shown:
        assert shown.at - began == pytest.approx(times[shown.index] / speed, abs=0.002)
    # The last frame has its time too.
    duration_s = theatre.status.duration_s
    assert duration_s is not None
    assert theatre.stage.time - began == pytest.approx(duration_s / speed, abs=0.002)
    assert theatre.status.dropped == 0
    assert theatre.status.index == 39


def test_the_rate_on_screen_is_measured(steady: Path, opened: Open, stage: Stage) -> None:
    theatre = opened(steady)
    stage.limit = stage.time + 1.5
    theatre.player.play()
    theatre.wait(PlayerState.PLAYING, index=37)
    assert theatre.status.shown_hz == pytest.approx(25, rel=0.05)
    theatre.player.pause()
    theatre.wait(PlayerState.PAUSED, shown_hz=0.0)


def test_playing_after_the_end_begins_again(steady: Path, opened: Open) -> None:
    theatre = opened(steady)
    theatre.player.play()
    theatre.wait(PlayerState.ENDED)
    theatre.shown.clear()
    theatre.player.play()
    wait_for(lambda: len(theatre.shown) == COUNT)
    theatre.wait(PlayerState.ENDED)
    assert theatre.indexes == list(range(COUNT))


def test_a_loop_goes_on_without_a_gap(steady: Path, opened: Open) -> None:
    theatre = opened(steady)
    theatre.player.set_loop(True)
    theatre.player.play()
    wait_for(lambda: len(theatre.shown) > 2 * COUNT)
    theatre.player.set_loop(False)
    theatre.wait(PlayerState.ENDED, loop=False)
    again = [shown.at for shown in theatre.shown if shown.index == 0]
    assert len(again) >= 2
    assert again[1] - again[0] == pytest.approx(COUNT / 25, abs=0.01)
    assert theatre.indexes[: 2 * COUNT] == [*range(1, COUNT), *range(COUNT), 0]


def test_a_pause_holds_the_frame_and_playing_goes_on_from_it(
    steady: Path, opened: Open, stage: Stage
) -> None:
    theatre = opened(steady)
    stage.limit = stage.time + 0.5
    theatre.player.play()
    theatre.wait(PlayerState.PLAYING, index=12)
    theatre.player.pause()
    theatre.wait(PlayerState.PAUSED)
    stage.time += 100
    stage.limit = float("inf")
    began = stage.time
    theatre.player.play()
    theatre.wait(PlayerState.ENDED)
    assert theatre.indexes == list(range(1, COUNT))
    assert theatre.shown[12].at - began == pytest.approx(0.04, abs=0.002)


def test_another_speed_counts_from_the_moment_on(steady: Path, opened: Open, stage: Stage) -> None:
    theatre = opened(steady)
    stage.limit = began = stage.time
    stage.limit += 0.4
    theatre.player.play()
    theatre.wait(PlayerState.PLAYING, index=10)
    theatre.player.set_speed(4.0)
    theatre.wait(PlayerState.PLAYING, speed=4.0)
    stage.limit = float("inf")
    theatre.wait(PlayerState.ENDED)
    turned = theatre.shown[9].at
    assert turned - began == pytest.approx(0.4, abs=0.002)
    assert theatre.shown[29].at - turned == pytest.approx(0.2, abs=0.002)


@pytest.mark.parametrize(("asked", "given"), [(0.0, 0.1), (1000.0, 16.0)])
def test_speeds_have_limits(steady: Path, opened: Open, asked: float, given: float) -> None:
    theatre = opened(steady)
    theatre.player.set_speed(asked)
    theatre.wait(PlayerState.PAUSED, speed=given)


def test_seeks_show_exactly_the_frame(steady: Path, opened: Open) -> None:
    whole = list(read_video(steady))
    theatre = opened(steady)
    for index in (41, 3, 59, 20, 19, 0, 40):
        theatre.player.seek(index)
        theatre.wait(PlayerState.PAUSED, index=index, time_s=whole[index].time_s)
        shown = theatre.shown[-1].result.frame
        assert np.array_equal(shown.image, whole[index].image)
    theatre.player.seek(10_000)
    theatre.wait(PlayerState.PAUSED, index=COUNT - 1)
    theatre.player.seek_time(1.019)
    theatre.wait(PlayerState.PAUSED, index=25)
    theatre.player.seek_time(-5)
    theatre.wait(PlayerState.PAUSED, index=0)


def test_steps_pause_and_add_up(steady: Path, opened: Open, stage: Stage) -> None:
    theatre = opened(steady)
    stage.limit = stage.time + 0.8
    theatre.player.play()
    theatre.wait(PlayerState.PLAYING, index=20)
    theatre.player.step(1)
    theatre.wait(PlayerState.PAUSED, index=21)
    for expected in (20, 19, 18):
        theatre.player.step(-1)
        theatre.wait(PlayerState.PAUSED, index=expected)
    theatre.player.seek(30)
    theatre.player.step(-4)
    theatre.player.step(1)
    theatre.wait(PlayerState.PAUSED, index=27)
    theatre.player.step(-1000)
    theatre.wait(PlayerState.PAUSED, index=0)


def test_a_seek_while_playing_goes_on_from_there(steady: Path, opened: Open, stage: Stage) -> None:
    theatre = opened(steady)
    stage.limit = stage.time + 0.2
    theatre.player.play()
    theatre.wait(PlayerState.PLAYING, index=5)
    theatre.player.seek(50)
    theatre.wait(PlayerState.PLAYING, index=50)
    stage.limit = float("inf")
    theatre.wait(PlayerState.ENDED)
    assert theatre.indexes == [*range(1, 6), *range(50, COUNT)]
    assert theatre.shown[6].at - theatre.shown[5].at == pytest.approx(0.04, abs=0.002)


class Gate(FakeDetector):
    """Detects one frame each time it is let, and says which it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[int] = []
        self.allowed = threading.Semaphore(0)

    def detect(self, frame: Frame, config: RunConfig) -> Result:
        self.given.append(frame.index)
        assert self.allowed.acquire(timeout=LONG_S)
        return super().detect(frame, config)


def test_of_many_seeks_the_newest_counts(steady: Path, opened: Open) -> None:
    detector = Gate()
    theatre = opened(steady, DetectorShelf(lambda config: detector))
    theatre.player.detect_with(RunConfig())
    wait_for(lambda: detector.given == [0])
    for index in range(1, 50):
        theatre.player.seek(index)
    detector.allowed.release(10)
    theatre.wait(PlayerState.PAUSED, index=49)
    assert detector.given == [0, 49]


def boxes_of(result: Result) -> list[list[float]]:
    found: list[list[float]] = result.detections.boxes.tolist()
    return found


class Slow(FakeDetector):
    """Takes its time."""

    def __init__(self, stage: Stage, seconds: float) -> None:
        super().__init__()
        self.stage = stage
        self.seconds = seconds
        self.frames: list[int] = []

    def detect(self, frame: Frame, config: RunConfig) -> Result:
        self.frames.append(frame.index)
        self.stage.time += self.seconds
        return super().detect(frame, config)


def detecting(theatre: Theatre, config: RunConfig | None = None) -> None:
    """Switch detection on and wait for its first result."""
    theatre.player.detect_with(config or RunConfig())
    theatre.wait(PlayerState.PAUSED, detecting=True)
    wait_for(lambda: theatre.shown and len(theatre.shown[-1].result.detections))


def test_a_slow_network_leaves_frames_out_and_keeps_pace(
    steady: Path, opened: Open, stage: Stage
) -> None:
    detector = Slow(stage, 0.15)
    theatre = opened(steady, DetectorShelf(lambda config: detector))
    detecting(theatre)
    theatre.shown.clear()
    detector.frames.clear()
    began = stage.time
    theatre.player.play()
    theatre.wait(PlayerState.ENDED)
    assert 10 < len(theatre.shown) < 20
    assert theatre.indexes == detector.frames
    for shown in theatre.shown:
        time_s = shown.result.frame.time_s
        assert time_s is not None
        # As late as the network takes, and no later; only the last frame is due for longer.
        late = shown.at - began - time_s
        assert 0.15 - 0.001 <= late <= 0.15 + (0.15 if shown.index == COUNT - 1 else 0.04)
        alone = FakeDetector().detect(shown.result.frame, RunConfig())
        assert boxes_of(shown.result) == boxes_of(alone)
    left_out = set(range(1, theatre.indexes[-1])) - set(theatre.indexes)
    assert theatre.status.dropped == len(left_out) > 20
    assert theatre.status.model is detector.info
    assert theatre.status.detect_ms == 1.0


@pytest.mark.parametrize("codec", ["mp4", "h264"])
def test_slow_decoding_slips_and_never_starves_the_screen(
    codec: str, tmp_path: Path, opened: Open, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = film(tmp_path / f"a.{codec}", 40, options={"g": "1000"})
    theatre = opened(path, known=codec == "mp4")
    theatre.wait(PlayerState.PAUSED)
    take = VideoCursor._take

    def slow(cursor: VideoCursor, *values: object) -> None:
        stage.time += 0.09
        take(cursor, *values)  # type: ignore[arg-type]

    monkeypatch.setattr(VideoCursor, "_take", slow)
    began = stage.time
    theatre.player.play()
    theatre.wait(PlayerState.ENDED)
    moments = [began, *(shown.at for shown in theatre.shown)]
    assert max(b - a for a, b in itertools.pairwise(moments)) <= 0.3
    assert theatre.indexes == sorted(set(theatre.indexes))
    assert theatre.indexes[-1] == 39
    # Forty frames of 90 ms.
    assert stage.time - began > 3.0


def test_what_slow_decoding_lost_is_not_caught_up(
    tmp_path: Path, opened: Open, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    theatre = opened(film(tmp_path / "a.mp4", options={"g": "1000"}))
    take = VideoCursor._take

    def slow(cursor: VideoCursor, *values: object) -> None:
        stage.time += 0.09 if cursor._at < 20 else 0.0
        take(cursor, *values)  # type: ignore[arg-type]

    monkeypatch.setattr(VideoCursor, "_take", slow)
    theatre.player.play()
    theatre.wait(PlayerState.ENDED)
    assert theatre.indexes[-30:] == list(range(30, COUNT))


def test_fast_playing_jumps_over_groups(
    tmp_path: Path, opened: Open, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = film(tmp_path / "a.mp4", 400, options=SIMPLE_GROUPS)
    detector = Slow(stage, 0.2)
    theatre = opened(path, DetectorShelf(lambda config: detector))
    detecting(theatre)
    decoded: list[int] = []
    take = VideoCursor._take

    def note(cursor: VideoCursor, *values: object) -> None:
        take(cursor, *values)  # type: ignore[arg-type]
        decoded.append(cursor._at)

    monkeypatch.setattr(VideoCursor, "_take", note)
    theatre.player.set_speed(16.0)
    theatre.player.play()
    theatre.wait(PlayerState.ENDED)
    assert len(decoded) < 120
    assert decoded == sorted(decoded)


def test_detection_shows_the_frame_that_stands(steady: Path, opened: Open) -> None:
    theatre = opened(steady, DetectorShelf(lambda config: FakeDetector(objects=5)))
    theatre.player.seek(12)
    theatre.wait(PlayerState.PAUSED, index=12)
    detecting(theatre)
    assert theatre.shown[-1].index == 12
    assert len(theatre.shown[-1].result.detections) == 5
    theatre.player.detect_with(replace(RunConfig(), confidence=0.999))
    wait_for(lambda: len(theatre.shown[-1].result.detections) == 0)
    assert theatre.status.model is not None
    theatre.player.detect_with(None)
    theatre.wait(PlayerState.PAUSED, detecting=False, model=None)
    assert theatre.shown[-1].index == 12


def test_the_same_config_again_changes_nothing(steady: Path, opened: Open) -> None:
    detector = Gate()
    detector.allowed.release(100)
    theatre = opened(steady, DetectorShelf(lambda config: detector))
    detecting(theatre)
    for _ in range(5):
        theatre.player.detect_with(RunConfig())
    theatre.player.seek(7)
    theatre.wait(PlayerState.PAUSED, index=7)
    assert detector.given == [0, 7]


def test_a_pause_leaves_what_was_found_on_screen(
    steady: Path, opened: Open, stage: Stage
) -> None:
    theatre = opened(steady, DetectorShelf(lambda config: FakeDetector()))
    detecting(theatre)
    stage.limit = stage.time + 0.4
    theatre.player.play()
    theatre.wait(PlayerState.PLAYING, index=10)
    theatre.player.pause()
    theatre.wait(PlayerState.PAUSED, detecting=True)
    last = theatre.shown[-1]
    assert last.index == 10
    assert boxes_of(last.result) == boxes_of(FakeDetector().detect(last.result.frame, RunConfig()))


def test_a_run_gets_the_detector_and_the_player_gets_it_back(steady: Path, opened: Open) -> None:
    made: list[Detector] = []

    def opener(config: RunConfig) -> Detector:
        made.append(FakeDetector())
        return made[-1]

    shelf = DetectorShelf(opener)
    theatre = opened(steady, shelf)
    detecting(theatre)
    # The player rests here: it must be told.
    detector = shelf.take(RunConfig(), patience_s=LONG_S)
    theatre.wait(PlayerState.PAUSED, detecting=False, yielded=True, model=None)
    theatre.player.step(1)
    theatre.wait(PlayerState.PAUSED, index=1)
    assert len(theatre.shown[-1].result.detections) == 0
    shelf.put(detector, RunConfig())
    theatre.wait(PlayerState.PAUSED, detecting=True, yielded=False)
    wait_for(lambda: len(theatre.shown[-1].result.detections))
    assert theatre.shown[-1].index == 1
    assert len(made) == 1


def test_a_run_gets_the_detector_while_it_plays(steady: Path, opened: Open) -> None:
    shelf = DetectorShelf(lambda config: FakeDetector())
    theatre = opened(steady, shelf)
    detecting(theatre)
    theatre.player.set_loop(True)
    theatre.player.play()
    detector = shelf.take(RunConfig(), patience_s=LONG_S)
    theatre.wait(PlayerState.PLAYING, detecting=False, yielded=True)
    count = len(theatre.shown)
    wait_for(lambda: len(theatre.shown) > count + 10)
    assert not any(len(shown.result.detections) for shown in theatre.shown[-5:])
    shelf.put(detector, RunConfig())
    theatre.wait(PlayerState.PLAYING, detecting=True, yielded=False)
    theatre.player.pause()


def test_detection_waits_for_a_run_that_is_under_way(steady: Path, opened: Open) -> None:
    shelf = DetectorShelf(lambda config: FakeDetector())
    detector = shelf.take(RunConfig(), owner="run")
    theatre = opened(steady, shelf)
    theatre.player.detect_with(RunConfig())
    theatre.wait(PlayerState.PAUSED, detecting=False, yielded=True)
    assert not shelf.wanted
    theatre.player.detect_with(None)
    theatre.wait(PlayerState.PAUSED, detecting=False, yielded=False)
    theatre.player.detect_with(RunConfig())
    theatre.wait(PlayerState.PAUSED, yielded=True)
    shelf.put(detector, RunConfig())
    theatre.wait(PlayerState.PAUSED, detecting=True)


def test_other_weights_take_the_place_of_those_before(
    steady: Path, opened: Open, tmp_path: Path
) -> None:
    names: list[str] = []

    def opener(config: RunConfig) -> Detector:
        names.append(config.weights.name)
        return FakeDetector(names=(config.weights.name,))

    theatre = opened(steady, DetectorShelf(opener))
    theatre.player.detect_with(replace(RunConfig(), weights=tmp_path / "a.pt"))
    wait_for(lambda: theatre.status.model and theatre.status.model.names == ("a.pt",))
    theatre.player.detect_with(replace(RunConfig(), weights=tmp_path / "b.pt"))
    wait_for(lambda: theatre.status.model and theatre.status.model.names == ("b.pt",))
    assert names == ["a.pt", "b.pt"]


def test_weights_that_cannot_be_used_are_told_and_it_plays_on(steady: Path, opened: Open) -> None:
    def refuse(config: RunConfig) -> Detector:
        raise WeightsError("{path} is empty.", path="x.pt")

    theatre = opened(steady, DetectorShelf(refuse))
    theatre.player.detect_with(RunConfig())
    wait_for(lambda: isinstance(theatre.status.error, WeightsError))
    theatre.player.play()
    theatre.wait(PlayerState.ENDED)
    assert len(theatre.shown) >= COUNT - 1
    theatre.player.detect_with(None)
    theatre.wait(PlayerState.ENDED, error=None)


def test_a_detector_that_fails_is_given_back(steady: Path, opened: Open) -> None:
    class Failing(FakeDetector):
        def detect(self, frame: Frame, config: RunConfig) -> Result:
            raise SettingError("The model has no class {name}.", name="cat")

    shelf = DetectorShelf(lambda config: Failing())
    theatre = opened(steady, shelf)
    theatre.player.detect_with(RunConfig())
    wait_for(lambda: isinstance(theatre.status.error, SettingError))
    assert not theatre.status.detecting
    wait_for(lambda: not shelf.lent)
    theatre.player.seek(3)
    theatre.wait(PlayerState.PAUSED, index=3)


def test_objects_are_followed_anew_after_a_jump(
    steady: Path, opened: Open, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed: list[list[int]] = []

    class Follower:
        def __init__(self, config: RunConfig) -> None:
            assert config.track == "bytetrack"
            followed.append([])

        def follow(self, result: Result) -> Result:
            followed[-1].append(result.frame.index)
            return result

    monkeypatch.setattr("engine.following.Follower", Follower)
    theatre = opened(steady, DetectorShelf(lambda config: FakeDetector()))
    theatre.player.seek(55)
    theatre.wait(PlayerState.PAUSED, index=55)
    detecting(theatre, replace(RunConfig(), track="bytetrack"))
    theatre.player.step(1)
    theatre.wait(PlayerState.PAUSED, index=56)
    theatre.player.step(-1)
    theatre.wait(PlayerState.PAUSED, index=55)
    stage.limit = stage.time + COUNT / 25 + 0.18
    theatre.player.set_loop(True)
    theatre.player.play()
    wait_for(lambda: len(followed) > 2 and followed[2][-1:] == [COUNT - 1])
    theatre.player.pause()
    assert followed == [[55, 56], [55, *range(56, COUNT)], list(range(COUNT))]


@pytest.mark.slow
def test_tracks_have_numbers(steady: Path, opened: Open) -> None:
    theatre = opened(steady, DetectorShelf(lambda config: FakeDetector()))
    detecting(theatre, replace(RunConfig(), track="bytetrack", confidence=0.0))
    theatre.player.step(1)
    theatre.wait(PlayerState.PAUSED, index=1)
    last = theatre.shown[-1].result
    assert last.detections.ids is not None
    assert last.counted is not None


def session_of(path: Path, folder: Path, numbers: range) -> Path:
    """Write a session of a run that found other objects than a player would."""
    detector = FakeDetector(objects=7, seed=99)
    session = SessionWriter.create(folder, replace(RUN, model=detector.info))
    for frame in read_video(path):
        if frame.index in numbers:
            session.add(detector.detect(frame, RunConfig()))
    session.close("done")
    return session.path


def test_a_session_stands_in_for_the_network(
    steady: Path, opened: Open, stage: Stage, tmp_path: Path
) -> None:
    path = session_of(steady, tmp_path / "run", range(30))
    detector = Gate()
    detector.allowed.release(1000)
    shelf = DetectorShelf(lambda config: detector)
    theatre = opened(steady, shelf)
    theatre.player.show_session(path)
    theatre.wait(PlayerState.PAUSED, stored=True)
    theatre.player.detect_with(RunConfig())
    stage.limit = stage.time + 29.5 / 25
    theatre.player.play()
    theatre.wait(PlayerState.PLAYING, index=29, stored=True)
    theatre.player.pause()
    assert theatre.indexes[-29:] == list(range(1, 30))
    other = FakeDetector(objects=7, seed=99)
    for shown in theatre.shown:
        alone = other.detect(shown.result.frame, RunConfig())
        assert boxes_of(shown.result) == boxes_of(alone)
        assert shown.result.candidates is not None
        assert len(shown.result.candidates) == 7
    # Not even the weights were loaded for that.
    assert not theatre.status.detecting
    assert not shelf.lent
    # What is not in it is detected in.
    theatre.player.seek(40)
    theatre.wait(PlayerState.PAUSED, index=40, stored=False, detecting=True)
    wait_for(lambda: detector.given == [40])
    theatre.player.show_session(None)
    theatre.player.seek(3)
    theatre.wait(PlayerState.PAUSED, index=3, stored=False)
    assert detector.given[-1] == 3


def test_behind_damage_the_session_is_asked_by_time(opened: Open, tmp_path: Path) -> None:
    film_path = damage(film(tmp_path / "a.mp4", options=SIMPLE_GROUPS), 5)
    path = session_of(film_path, tmp_path / "run", range(COUNT))
    by_time = {frame.time_s: frame for frame in read_video(film_path)}
    # The bars tell the number that the frame had before it was damaged.
    with VideoCursor(film_path) as cursor:
        cursor.index()
        frame = cursor.frame(50)
    assert frame is not None
    results = StoredResults(path, frame.origin)
    found = results.find(frame)
    results.close()
    assert found is not None
    assert by_time[frame.time_s].index == 49
    other = FakeDetector(objects=7, seed=99)
    assert boxes_of(found) == boxes_of(other.detect(by_time[frame.time_s], RunConfig()))


def test_a_session_that_is_none_is_told(steady: Path, opened: Open, tmp_path: Path) -> None:
    theatre = opened(steady)
    theatre.player.show_session(tmp_path / "absent")
    wait_for(lambda: theatre.status.error is not None)
    theatre.player.seek(5)
    theatre.wait(PlayerState.PAUSED, index=5, stored=False)


def test_a_damaged_end_ends_with_what_is_wrong(opened: Open, tmp_path: Path) -> None:
    path = damage(film(tmp_path / "a.mp4", options=SIMPLE_GROUPS), *range(50, COUNT))
    theatre = opened(path)
    theatre.player.play()
    theatre.wait(PlayerState.ENDED)
    assert isinstance(theatre.status.error, VideoError)
    assert theatre.indexes == list(range(1, 50))
    assert (theatre.status.index, theatre.status.frames) == (49, 50)
    theatre.player.seek(2)
    theatre.wait(PlayerState.PAUSED, index=2, error=None)


@pytest.mark.parametrize("content", [None, b"", b"not a video"])
def test_what_cannot_be_opened_fails_with_a_sentence(
    content: bytes | None, opened: Open, tmp_path: Path
) -> None:
    path = tmp_path / "a.mp4"
    if content is not None:
        path.write_bytes(content)
    theatre = opened(path, known=False)
    theatre.wait(PlayerState.FAILED, index=None)
    assert isinstance(theatre.status.error, VideoError)
    # It is of no more use, and does not mind.
    theatre.player.play()
    theatre.player.seek(3)
    assert theatre.shown == []


@pytest.mark.parametrize("name", ["raw.h264", "program.mpg"])
def test_a_video_whose_frames_are_counted_by_decoding(
    name: str, opened: Open, tmp_path: Path
) -> None:
    path = film(tmp_path / name, codec="libx264" if "264" in name else "mpeg2video")
    theatre = opened(path, known=False)
    theatre.wait(PlayerState.PAUSED, index=0)
    theatre.player.step(3)
    theatre.wait(PlayerState.PAUSED, index=3, frames=None, duration_s=None)
    theatre.player.step(-1)
    theatre.wait(PlayerState.PAUSED, index=2)
    theatre.player.seek(0)
    theatre.wait(PlayerState.PAUSED, index=0)
    theatre.shown.clear()
    theatre.player.play()
    theatre.wait(PlayerState.ENDED, frames=COUNT)
    assert theatre.indexes[-1] == COUNT - 1
    assert len(theatre.indexes) + theatre.status.dropped == COUNT - 1
    theatre.player.seek(10)
    theatre.wait(PlayerState.PAUSED, index=10)
    theatre.player.seek_time(1.0)
    theatre.wait(PlayerState.PAUSED)
    wait_for(lambda: (theatre.status.time_s or 0) > 0.9)


def test_before_the_times_are_known_it_plays_and_far_seeks_wait(
    steady: Path, opened: Open, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = threading.Event()

    def late(path: Path, should_stop: Callable[[], bool]) -> VideoIndex | None:
        while not known.wait(0.01):
            if should_stop():
                return None
        return read_index(path, should_stop)

    monkeypatch.setattr(projector, "read_index", late)
    theatre = opened(steady, known=False)
    stage.limit = stage.time + 0.4
    theatre.player.play()
    theatre.wait(PlayerState.PLAYING, index=10, frames=None)
    theatre.player.step(-3)
    theatre.wait(PlayerState.PAUSED, index=7)
    theatre.player.seek(50)
    time.sleep(0.05)
    assert theatre.status.index == 7
    known.set()
    theatre.wait(PlayerState.PAUSED, index=50, frames=COUNT)


def test_an_index_that_never_comes_does_not_keep_the_player_open(
    steady: Path, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(path: Path, should_stop: Callable[[], bool]) -> VideoIndex | None:
        wait_for(should_stop)
        return None

    monkeypatch.setattr(projector, "read_index", never)
    theatre = opened(steady, known=False)
    theatre.wait(PlayerState.PAUSED)
    theatre.player.seek(50)
    theatre.player.close()


def test_one_frame_plays_and_ends(opened: Open, tmp_path: Path) -> None:
    theatre = opened(film(tmp_path / "a.mp4", 1))
    theatre.player.play()
    theatre.wait(PlayerState.ENDED, index=0)
    theatre.player.step(1)
    theatre.wait(PlayerState.PAUSED, index=0)


def test_closing_while_it_waits_for_the_detector(steady: Path, opened: Open) -> None:
    shelf = DetectorShelf(lambda config: FakeDetector())
    detector = shelf.take(RunConfig(), owner="run")
    theatre = opened(steady, shelf)
    theatre.player.detect_with(RunConfig())
    theatre.wait(PlayerState.PAUSED, yielded=True)
    theatre.player.close()
    assert not shelf._waiting
    shelf.put(detector, RunConfig())


def test_closing_gives_the_detector_back(steady: Path, opened: Open) -> None:
    shelf = DetectorShelf(lambda config: FakeDetector())
    theatre = opened(steady, shelf)
    detecting(theatre)
    theatre.player.set_loop(True)
    theatre.player.play()
    theatre.wait(PlayerState.PLAYING)
    assert shelf.lent
    theatre.player.close()
    assert not shelf.lent


def test_closing_while_weights_are_loaded(steady: Path, opened: Open) -> None:
    loading, go_on = threading.Event(), threading.Event()

    def opener(config: RunConfig) -> Detector:
        loading.set()
        assert go_on.wait(LONG_S)
        return FakeDetector()

    shelf = DetectorShelf(opener)
    theatre = opened(steady, shelf)
    theatre.player.detect_with(RunConfig())
    assert loading.wait(LONG_S)
    # Playing does not wait for weights.
    theatre.player.play()
    theatre.wait(PlayerState.ENDED)
    theatre.player.close(wait=False)
    go_on.set()
    theatre.player.close()
    assert not shelf.lent


def test_the_real_clock_keeps_pace(steady: Path) -> None:
    """A smoke test of time as it passes; how exactly is the matter of the tests above."""
    player = Player(steady)
    try:
        player.set_speed(8.0)
        player.play()
        wait_for(lambda: player.status.state is PlayerState.ENDED)
        assert player.status.index == COUNT - 1
    finally:
        player.close()
