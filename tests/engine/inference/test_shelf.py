"""One detector for all who need one: who waits, who is told, and who never waits for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.config import RunConfig
from engine.errors import Cancelled, WeightsError
from engine.inference.detector import Detector
from engine.inference.fake import FakeDetector
from engine.inference.shelf import DetectorShelf

LONG_S = 20.0


class Opener:
    """Opens detectors and counts those that are open."""

    def __init__(self) -> None:
        self.opened = 0
        self.open = 0
        self.most = 0

    def __call__(self, config: RunConfig) -> Detector:
        opener = self

        class Counted(FakeDetector):
            def close(self) -> None:
                opener.open -= 1

        self.opened += 1
        self.open += 1
        self.most = max(self.most, self.open)
        return Counted()


class Taker(threading.Thread):
    """Takes a detector in a thread of its own."""

    def __init__(self, shelf: DetectorShelf, name: str = "", **how: object) -> None:
        super().__init__(daemon=True)
        self.shelf = shelf
        self.name = name
        self.how = {"patience_s": LONG_S} | how
        self.detector: Detector | None = None
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self.detector = self.shelf.take(RunConfig(), **self.how)  # type: ignore[arg-type]
        except BaseException as error:  # noqa: BLE001 - looked at by the test
            self.error = error

    def got(self) -> Detector | None:
        """Return what it has by now; a method, as type checkers take attributes for constant."""
        return self.detector


def waits_urgently(shelf: DetectorShelf) -> bool:
    """Tell whether somebody waits; a function, as type checkers take properties for constant."""
    return shelf.wanted


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    until = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.002)


@pytest.fixture
def opener() -> Opener:
    return Opener()


@pytest.fixture
def shelf(opener: Opener) -> Iterator[DetectorShelf]:
    shelf = DetectorShelf(opener)
    yield shelf
    shelf.clear()


def test_who_comes_second_waits_for_the_same_detector(
    shelf: DetectorShelf, opener: Opener
) -> None:
    first = shelf.take(RunConfig())
    assert shelf.lent
    assert not waits_urgently(shelf)
    second = Taker(shelf)
    wait_for(lambda: waits_urgently(shelf))
    assert second.got() is None
    shelf.put(first, RunConfig())
    second.join(LONG_S)
    assert second.got() is first
    assert not waits_urgently(shelf)
    assert opener.opened == 1


def test_who_waits_for_other_weights_never_has_two_in_memory(
    shelf: DetectorShelf, opener: Opener, tmp_path: Path
) -> None:
    other = replace(RunConfig(), weights=tmp_path / "other.pt")
    first = shelf.take(other)
    second = Taker(shelf)
    wait_for(lambda: waits_urgently(shelf))
    shelf.put(first, other)
    second.join(LONG_S)
    assert (opener.opened, opener.open, opener.most) == (2, 1, 1)


def test_the_holder_is_told_once_when_it_is_wanted(shelf: DetectorShelf) -> None:
    told: list[str] = []
    first = shelf.take(RunConfig(), on_wanted=lambda: told.append("first"))
    assert told == []
    second = Taker(shelf)
    wait_for(lambda: told)
    shelf.put(first, RunConfig())
    second.join(LONG_S)
    assert told == ["first"]


def test_who_is_not_urgent_asks_nobody_and_comes_last(shelf: DetectorShelf) -> None:
    told: list[int] = []
    first = shelf.take(RunConfig(), on_wanted=lambda: told.append(1))
    patient = Taker(shelf, urgent=False)
    wait_for(lambda: shelf._waiting)
    assert not waits_urgently(shelf)
    assert told == []
    urgent = Taker(shelf)
    wait_for(lambda: waits_urgently(shelf))
    shelf.put(first, RunConfig())
    urgent.join(LONG_S)
    assert urgent.got() is first
    assert patient.got() is None
    shelf.put(first, RunConfig())
    patient.join(LONG_S)
    assert patient.got() is first


def test_who_waits_longest_is_next(shelf: DetectorShelf) -> None:
    first = shelf.take(RunConfig())
    takers = []
    for _ in range(3):
        takers.append(Taker(shelf))
        wait_for(lambda: len(shelf._waiting) == len(takers))
    for taker in takers:
        shelf.put(first, RunConfig())
        taker.join(LONG_S)
        assert taker.got() is first


def test_who_has_one_waits_for_nobody(shelf: DetectorShelf, opener: Opener) -> None:
    one = shelf.take(RunConfig(), patience_s=1e6)
    # Somebody waits for the first: waiting behind them would never end.
    other = Taker(shelf)
    wait_for(lambda: waits_urgently(shelf))
    two = shelf.take(RunConfig(), patience_s=1e6)
    assert one is not two
    shelf.put(one, RunConfig())
    assert other.got() is None
    shelf.put(two, RunConfig())
    other.join(LONG_S)
    assert other.got() is two
    assert opener.open == 1


def test_an_owner_can_be_named(shelf: DetectorShelf) -> None:
    one = shelf.take(RunConfig(), owner="player")
    again = Taker(shelf, owner="player")
    again.join(LONG_S)
    two = again.got()
    assert two is not None
    other = Taker(shelf, owner="run")
    wait_for(lambda: waits_urgently(shelf))
    for detector in (one, two):
        shelf.put(detector, RunConfig())
    other.join(LONG_S)
    assert other.got() is not None


def test_patience_has_an_end(shelf: DetectorShelf, opener: Opener) -> None:
    one = shelf.take(RunConfig())
    other = Taker(shelf, patience_s=0.01)
    other.join(LONG_S)
    two = other.got()
    assert two is not None
    assert two is not one
    assert opener.open == 2
    # One of two is kept.
    shelf.put(one, RunConfig())
    shelf.put(two, RunConfig())
    assert opener.open == 1


def test_a_wait_that_is_cancelled_leaves_no_trace(shelf: DetectorShelf) -> None:
    one = shelf.take(RunConfig())
    cancelled = threading.Event()
    other = Taker(shelf, should_stop=cancelled.is_set)
    wait_for(lambda: waits_urgently(shelf))
    cancelled.set()
    other.join(LONG_S)
    assert isinstance(other.error, Cancelled)
    assert not waits_urgently(shelf)
    shelf.put(one, RunConfig())
    assert shelf.take(RunConfig()) is one


def test_weights_that_cannot_be_loaded_keep_nobody_waiting() -> None:
    loading = threading.Event()
    tries: list[RunConfig] = []

    def opener(config: RunConfig) -> Detector:
        tries.append(config)
        if len(tries) > 1:
            return FakeDetector()
        assert loading.wait(LONG_S)
        raise WeightsError("{path} is empty.", path="x.pt")

    shelf = DetectorShelf(opener)
    first = Taker(shelf)
    wait_for(lambda: shelf.lent)
    # While weights are loaded the detector is in somebody's hands already.
    second = Taker(shelf)
    wait_for(lambda: waits_urgently(shelf))
    loading.set()
    first.join(LONG_S)
    second.join(LONG_S)
    assert isinstance(first.error, WeightsError)
    assert second.got() is not None


def test_many_takers_share_one(shelf: DetectorShelf, opener: Opener) -> None:
    using: list[int] = []
    most: list[int] = []

    def work() -> None:
        for _ in range(20):
            detector = shelf.take(RunConfig(), patience_s=LONG_S)
            using.append(1)
            most.append(len(using))
            time.sleep(0)
            using.pop()
            shelf.put(detector, RunConfig())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG_S)
    assert len(most) == 80
    assert max(most) == 1
    assert opener.opened == 1


def test_files_that_change_while_lent_are_read_again(
    shelf: DetectorShelf, opener: Opener, tmp_path: Path
) -> None:
    config = replace(RunConfig(), weights=tmp_path / "a.pt")
    config.weights.write_bytes(b"one")
    detector = shelf.take(config)
    config.weights.write_bytes(b"another")
    shelf.put(detector, config)
    assert shelf.take(config) is not detector
    assert opener.open == 1
