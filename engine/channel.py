"""A bounded queue between two threads that either of them can close."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Condition
from typing import Generic, TypeVar

T = TypeVar("T")


class Closed(Exception):  # the ordinary end of a channel
    """Nothing more will come."""


class Channel(Generic[T]):
    """At most `size` items wait; the sender waits when there are more.

    Closing wakes both sides: the sender is told that nobody listens, the receiver gets what is
    left and then `Closed`.

    Args:
        size: So many items may wait.
        heir: Given, the sender never waits: what has waited longest gives way, and of it and of
            the item that comes this makes what waits instead.

    Attributes:
        dropped: Items that gave way.
    """

    def __init__(self, size: int, *, heir: Callable[[T, T], T] | None = None) -> None:
        """Make an open channel."""
        self.dropped = 0
        self._size = size
        self._heir = heir
        self._items: deque[T] = deque()
        self._changed = Condition()
        self._closed = False

    def put(self, item: T) -> bool:
        """Hand over an item, waiting for room; return False when the channel is closed."""
        with self._changed:
            if self._heir is not None and len(self._items) == self._size:
                item = self._heir(self._items.popleft(), item)
                self.dropped += 1
            self._changed.wait_for(lambda: self._closed or len(self._items) < self._size)
            if self._closed:
                return False
            self._items.append(item)
            self._changed.notify_all()
            return True

    def get(self, timeout_s: float | None = None) -> T | None:
        """Return the next item, or None when none came in time.

        Raises:
            Closed: The channel is closed and empty.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or bool(self._items), timeout_s)
            if self._items:
                item = self._items.popleft()
                self._changed.notify_all()
                return item
            if self._closed:
                raise Closed
            return None

    def leave_out(self) -> None:
        """Count an item that was taken and gave way all the same."""
        with self._changed:
            self.dropped += 1

    def close(self, *, discard: bool = False) -> None:
        """Let nothing more in; with `discard`, throw away what waits."""
        with self._changed:
            self._closed = True
            if discard:
                self._items.clear()
            self._changed.notify_all()
