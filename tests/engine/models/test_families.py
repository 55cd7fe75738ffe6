"""The catalogue as a whole: how many works it holds, and that no two of them are the same."""

from __future__ import annotations

import hashlib

import pytest

from engine import device
from engine.models import registry
from tests.engine.models.test_catalogue import FIRST, answers, build

device.prepare()

PARTS = ("stem", "down", "block", "context", "psa", "attention", "up", "conv", "act")
LEAST = 60


def test_there_are_many_works_to_choose_from() -> None:
    families = {entry.family for entry in registry.entries() if entry.slot in PARTS}
    assert len(families) >= LEAST


@pytest.mark.slow
def test_no_two_entries_do_the_same() -> None:
    first: dict[bytes, str] = {}
    for text in FIRST:
        slot = text.partition(":")[2].partition("=")[0]
        if slot in PARTS:
            seen = hashlib.sha256()
            for tensor in answers(build(text)):
                seen.update(tensor.numpy().tobytes())
            assert seen.digest() not in first, (text, first[seen.digest()])
            first[seen.digest()] = text
    assert len(first) > LEAST
