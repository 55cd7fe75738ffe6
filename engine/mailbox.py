"""One place between a thread that makes things and one that looks at the newest."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """One place: what is put in replaces what nobody took, and that is counted.

    Attributes:
        dropped: Items that were replaced before anybody took them.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._lock = threading.Lock()
        self._item: T | None = None
        self.dropped = 0

    def put(self, item: T) -> None:
        """Leave an item; for any thread."""
        with self._lock:
            self.dropped += self._item is not None
            self._item = item

    def take(self) -> T | None:
        """Return the newest item and leave nothing; for any thread."""
        with self._lock:
            item, self._item = self._item, None
        return item
