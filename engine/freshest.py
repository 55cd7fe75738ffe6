"""Which frame of a camera is worked on: the one that is newest when the answer is seen."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace

from engine.channel import Channel, Closed
from engine.sources import Failure
from engine.sources.live import LiveSource
from engine.types import Frame

Item = Frame | Failure

_LATE_S = 0.005


def freshest(
    items: Iterable[Item | None], frames: Channel[Item], live: LiveSource
) -> Iterator[Item | None]:
    """Yield what comes, and instead of a frame that is old already the one that is due.

    Args:
        items: What comes out of `frames`, None now and then where nothing comes.
        frames: Where the next one would be; what is left out is counted there.
        live: The camera or stream, which knows its rate.
    """
    for item in items:
        due_s = 0.0
        if isinstance(item, Frame) and item.arrived is not None:
            due_s = worth_waiting_s(time.monotonic() - item.arrived, live.status.rate_hz)
        newer: Item | None = None
        if due_s > 0:
            with suppress(Closed):
                newer = frames.get(due_s)
        if item is None or newer is None:
            yield item
        else:
            frames.leave_out()
            yield instead(item, newer)


def worth_waiting_s(age_s: float, rate_hz: float) -> float:
    """Return how long the next frame of a camera is worth waiting for, 0 for not at all.

    It is where it comes sooner than the frame at hand is old: what is seen is then newer by more
    than the time that is lost.

    Args:
        age_s: Of the frame at hand.
        rate_hz: Of the camera, 0 while unknown.
    """
    if rate_hz <= 0:
        return 0.0
    due_s = 1 / rate_hz - age_s
    # A little longer, as frames do not come to the millisecond.
    return due_s + _LATE_S if 0 < due_s < age_s else 0.0


def instead(left_out: Item, item: Item) -> Item:
    """Return a frame that takes the place of one left out; that a picture was lost stays said."""
    if isinstance(left_out, Frame) and isinstance(item, Frame) and item.warning is None:
        return replace(item, warning=left_out.warning)
    return item
