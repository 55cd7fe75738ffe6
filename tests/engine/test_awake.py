"""The machine is asked to stay awake, and works where nobody can be asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from wakepy import keep

from engine.awake import awake


def test_the_system_is_asked_for_as_long_as_the_work_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []

    @contextmanager
    def running(*, on_fail: str) -> Iterator[SimpleNamespace]:
        assert on_fail == "pass"
        told.append("asked")
        yield SimpleNamespace(active=True)
        told.append("let go")

    monkeypatch.setattr(keep, "running", running)
    with awake() as agreed:
        assert agreed is True
        assert told == ["asked"]
    assert told == ["asked", "let go"]


def test_nobody_to_ask_is_no_failure() -> None:
    with awake() as agreed:
        assert agreed in (True, False)
