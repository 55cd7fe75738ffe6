"""Leaving the UI thread: what comes back, what does not, and that nothing is left."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

import pytest
from PyQt6.QtCore import QObject, QThread
from pytestqt.qtbot import QtBot

from desktop.background import Job, Lane, start
from engine.errors import Cancelled, EngineError
from engine.types import Progress


def finish(
    qtbot: QtBot,
    owner: QObject,
    work: Callable[[Job], object],
    **listeners: Callable[[Any], object],
) -> None:
    """Run an operation and wait for its end."""
    ended: list[bool] = []
    start(owner, work, **listeners, ended=lambda: ended.append(True))
    qtbot.waitUntil(lambda: ended == [True])


def test_the_answer_comes_in_the_ui_thread(qtbot: QtBot) -> None:
    threads: list[QThread | None] = []
    owner, answers = QObject(), []

    def work(job: Job) -> int:
        threads.append(QThread.currentThread())
        return 42

    def done(answer: int) -> None:
        answers.append((answer, QThread.currentThread()))

    finish(qtbot, owner, work, done=done)
    assert answers == [(42, QThread.currentThread())]
    assert threads != [QThread.currentThread()]


def test_an_expected_failure_is_told_and_a_cancel_is_not(qtbot: QtBot) -> None:
    owner = QObject()
    errors: list[EngineError] = []
    answers: list[object] = []

    def fail(job: Job) -> None:
        raise EngineError("broken")

    def give_up(job: Job) -> None:
        raise Cancelled

    for work in (fail, give_up):
        finish(qtbot, owner, work, done=answers.append, failed=errors.append)
    assert [str(error) for error in errors] == ["broken"]
    assert answers == []


def test_an_unexpected_failure_reaches_the_exception_hook(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, seen = QObject(), []

    def hook(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        seen.append((kind, QThread.currentThread()))

    monkeypatch.setattr(sys, "excepthook", hook)
    finish(qtbot, owner, lambda job: 1 / 0)
    assert seen == [(ZeroDivisionError, QThread.currentThread())]


def test_a_cancelled_job_says_nothing_even_when_it_ends_well(qtbot: QtBot) -> None:
    owner, go = QObject(), threading.Event()
    answers: list[object] = []

    def work(job: Job) -> bool:
        assert go.wait(10)
        return job.should_stop()

    ended: list[bool] = []
    job = start(owner, work, done=answers.append, ended=lambda: ended.append(True))
    job.cancel()
    go.set()
    qtbot.waitUntil(lambda: ended == [True])
    assert answers == []


def test_progress_is_told_ten_times_a_second_and_at_the_end(qtbot: QtBot) -> None:
    owner = QObject()
    told: list[Progress] = []

    def work(job: Job) -> None:
        for number in range(1, 1001):
            job.report(Progress(number, 1000))

    finish(qtbot, owner, work, progressed=told.append)
    assert told[-1] == Progress(1000, 1000)
    assert len(told) < 50


def test_a_lane_does_the_newest_request_only(qtbot: QtBot) -> None:
    began, go, done = threading.Event(), threading.Event(), []

    def work(request: int) -> int:
        done.append(request)
        began.set()
        assert go.wait(10)
        return request

    lane = Lane("test", work)
    answers: list[int] = []
    lane.answered.connect(answers.append)
    lane.ask(0)
    assert began.wait(10)
    for number in range(1, 50):
        lane.ask(number)
    assert lane.superseded()
    go.set()
    qtbot.waitUntil(lambda: answers == [0, 49])
    qtbot.waitUntil(lane.idle)
    assert done == [0, 49]
    lane.close()


def test_a_lane_lives_on_after_failures_and_ends_in_its_own_thread(qtbot: QtBot) -> None:
    ended: list[str] = []

    def work(request: str) -> str:
        if request == "bad":
            raise EngineError("bad")
        return request

    lane = Lane("test", work, at_end=lambda: ended.append(threading.current_thread().name))
    with qtbot.waitSignal(lane.failed):
        lane.ask("bad")
    with qtbot.waitSignal(lane.answered) as said:
        lane.ask("good")
    assert said.args == ["good"]
    lane.close()
    assert ended == ["labsight-test"]
